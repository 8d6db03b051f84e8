import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Reads the tail of the lifecycle events, and the progress of running scans, once for everybody
/// who listens: one reader, woken by the store's signals, however many streams are open.
///
/// Listeners have bounded buffers; one that does not keep up is dropped and comes back where it was
/// by `Last-Event-ID`.
final class EventHub: Sendable {
  /// What listeners get: everything that one look has found, so that a burst takes one place in a
  /// listener's buffer. All listeners share what is in it.
  enum Message: Sendable {
    case events(Batch)
    case progress(Batch)
    case heartbeat

    /// How it looks in a stream whose client knows the events up to `sent`; `nil` if it knows all of these.
    func buffer(after sent: inout Int64) -> ByteBuffer? {
      switch self {
      case .heartbeat: return EventFrame.heartbeat
      case .progress(let batch): return batch.joined
      case .events(let batch):
        guard let first = batch.framed.first, let last = batch.framed.last, last.id > sent
        else { return nil }
        defer { sent = last.id }
        return first.id > sent
          ? batch.joined
          : EventFrame.joined(batch.framed.filter { [sent] in $0.id > sent }.map(\.frame))
      }
    }
  }

  struct Batch: Sendable {
    /// In the order of their ids.
    let framed: [Framed]
    /// All of them as one write.
    let joined: ByteBuffer

    init(_ framed: [Framed]) {
      self.framed = framed
      joined = EventFrame.joined(framed.map(\.frame))
    }
  }

  /// Something of one scan, and how it looks in a stream.
  struct Framed: Sendable {
    var scan: ScanID
    var tenant: String
    /// The event's id; 0 for progress.
    var id: Int64 = 0
    var frame: ByteBuffer
  }

  struct Limits: Sendable {
    var listeners = 256
    /// How many messages may wait for a listener.
    var buffer = 64
    /// How many events one look takes.
    var batch = 500
    /// How long between two looks at the progress, and the longest between two looks at the events.
    var interval: Duration = .seconds(1)
    var heartbeat: Duration = .seconds(15)
    /// How many listeners are handed a message at once, and the pause before the next so many: thousands of streams that wake in the
    /// same moment would keep every request waiting for a tenth of a second.
    var slice = 100
    var slicePause: Duration = .milliseconds(4)
  }

  let store: any ScanStore
  let limits: Limits
  let meters = RateMeters()
  private let logger: Logger
  private let state = Mutex(State())
  private let wakes: AsyncStream<Void>
  private let wakeSource: AsyncStream<Void>.Continuation

  private struct State {
    var audience = EventAudience()
    /// The newest event that was handed out; `nil` while nobody listens.
    var position: Int64?
    /// Whether somebody whose stream is open may still read it.
    var mayStay: @Sendable (Identity) async -> Bool = { _ in true }
    var isClosed = false
  }

  init(store: any ScanStore, limits: Limits = Limits(), logger: Logger) {
    self.store = store
    self.limits = limits
    self.logger = logger
    (wakes, wakeSource) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }
}

// MARK: Listening

extension EventHub {
  /// A place at the tail: everything after `position` that concerns `scan` comes through
  /// `messages`.
  struct Subscription: Sendable {
    let id: Int
    let position: Int64
    let messages: AsyncStream<Message>
  }

  /// A place whose messages are taken one by one.
  ///
  /// - Parameters:
  ///   - scan: the one scan to hear of; `nil` for all.
  ///   - scope: whose scans to hear of.
  ///   - onOverflow: called when the listener is dropped because it does not keep up.
  /// - Throws: ``Problem`` when there are too many listeners, ``StoreError``.
  func subscribe(
    scan: ScanID?, of scope: TenantScope, onOverflow: @escaping @Sendable () -> Void = {}
  ) async throws -> Subscription {
    let (messages, continuation) = AsyncStream.makeStream(
      of: Message.self, bufferingPolicy: .bufferingOldest(limits.buffer))
    let place = try await join(
      .init(
        scan: scan, scope: scope, identity: nil,
        outlet: .messages(continuation, onOverflow: onOverflow)))
    return Subscription(id: place.id, position: place.position, messages: messages)
  }

  /// A place whose messages go straight into a connection, once that is released.
  ///
  /// - Returns: the listener's number, and the newest event that does not come by itself.
  /// - Throws: ``Problem`` when there are too many listeners, ``StoreError``.
  func subscribe(
    _ connection: EventConnection, scan: ScanID?, for identity: Identity
  ) async throws -> (id: Int, position: Int64) {
    try await join(
      .init(
        scan: scan, scope: identity.scope, identity: identity, outlet: .connection(connection)))
  }

  private func join(_ listener: EventAudience.Listener) async throws -> (id: Int, position: Int64) {
    while true {
      let known = state.withLock { $0.position }
      let position = if let known { known } else { try await store.lastEventID() }
      if let place = try join(listener, at: position, mustBeFirst: known == nil) {
        wakeSource.yield()
        return place
      }
    }
  }

  /// - Parameter mustBeFirst: whether `position` was read from the database because nobody
  ///   listened. If somebody has come in the meantime, or everybody has left, the position may be
  ///   out of step, and the caller looks again.
  private func join(
    _ listener: EventAudience.Listener, at position: Int64, mustBeFirst: Bool
  ) throws(Problem) -> (id: Int, position: Int64)? {
    let outcome: Result<(id: Int, position: Int64)?, Problem> = state.withLock { state in
      guard !state.isClosed, state.audience.count < limits.listeners else {
        return .failure(
          Problem(
            .tooManyStreams, "The server holds as many event streams as it allows.",
            headers: [.retryAfter: "10"]))
      }
      guard state.audience.hasRoom(for: listener, of: limits.listeners) else {
        return .failure(
          Problem(
            .tooManyStreams, "You, or your tenant, hold as many event streams as one may.",
            headers: [.retryAfter: "10"]))
      }
      guard (state.position == nil) == mustBeFirst else { return .success(nil) }
      let start = state.position ?? position
      state.position = start
      return .success((state.audience.add(listener), start))
    }
    return try outcome.get()
  }

  func leave(_ subscription: Subscription) { leave(subscription.id) }

  func leave(_ id: Int) {
    let listener = state.withLock { state in
      let listener = state.audience.remove(id)
      if state.audience.count == 0 { state.position = nil }
      return listener
    }
    listener?.outlet.finish()
  }

  /// From now on each heartbeat of a stream asks whether its reader may still read.
  func guardStreams(by mayStay: @escaping @Sendable (Identity) async -> Bool) {
    state.withLock { $0.mayStay = mayStay }
  }

  var listenerCount: Int { state.withLock { $0.audience.count } }
}

// MARK: Reading

extension EventHub: Service {
  /// Reads until the task is cancelled or a graceful shutdown; then every stream ends.
  func run() async throws {
    await withTaskGroup(of: Void.self) { group in
      group.addTask(name: "events: store's signals") {
        for await _ in self.store.signals(.events).cancelOnGracefulShutdown() {
          self.wakeSource.yield()
        }
      }
      group.addTask(name: "events: clock") { await self.tick() }
      await readTail()
      group.cancelAll()
    }
    close()
  }

  /// Looks now and then even without a signal, and keeps streams alive through proxies.
  private func tick() async {
    // A part of them each time, so that ten thousand streams are not written to at one moment.
    let parts = max(1, Int(limits.heartbeat / limits.interval))
    var part = 0
    while !Task.isCancelled {
      // Cancellation ends the sleep early, and the loop with it.
      try? await Task.sleep(for: limits.interval)
      wakeSource.yield()
      await beat(part, of: parts)
      part = (part + 1) % parts
    }
  }

  /// A token may have been revoked since its streams were opened.
  private func beat(_ part: Int, of parts: Int) async {
    let (listeners, mayStay) = state.withLock { ($0.audience.part(part, of: parts), $0.mayStay) }
    var parcels: [EventAudience.Parcel] = []
    for (identity, group) in Dictionary(grouping: listeners, by: \.identity) {
      if let identity, await !mayStay(identity) {
        for listener in group { leave(listener.id) }
      } else {
        parcels += group.map { .init(listener: $0.id, message: .heartbeat) }
      }
    }
    await deliver(parcels)
  }

  private func readTail() async {
    var progress = ProgressTail()
    var failures = 0
    for await _ in wakes.cancelOnGracefulShutdown() {
      guard let position = state.withLock({ $0.position }) else {
        progress = ProgressTail()
        continue
      }
      do {
        try await readEvents(after: position)
        let moved = try await progress.read(from: store, every: limits.interval)
        for scan in moved { meters.record(scan) }
        if !moved.isEmpty {
          let framed = try moved.map {
            Framed(scan: $0.id, tenant: $0.tenantID, frame: try EventFrame.progress($0, meters))
          }
          await deliver(state.withLock { $0.audience.parcels(framed) { .progress(Batch($0)) } })
        }
        failures = 0
      } catch {
        failures += 1
        // Once per outage: the streams stay open and go on when the database is back.
        if failures == 1 {
          logger.warning("the tail of events cannot be read", metadata: ["error": "\(error)"])
        }
      }
    }
  }

  private func readEvents(after start: Int64) async throws {
    var position = start
    while true {
      let events = try await store.events(after: position, limit: limits.batch)
      guard let last = events.last else { return }
      let framed = try events.map {
        Framed(scan: $0.scanID, tenant: $0.tenantID, id: $0.id, frame: try EventFrame.event($0))
      }
      // Whoever comes from here on begins after these. Whoever has come when everybody else had left brought a position of their own.
      let parcels = state.withLock { state -> [EventAudience.Parcel]? in
        guard state.position == position else { return nil }
        state.position = last.id
        return state.audience.parcels(framed) { .events(Batch($0)) }
      }
      guard let parcels else { return }
      await deliver(parcels)
      guard events.count == limits.batch else { return }
      position = last.id
    }
  }

  /// Hands them over some at a time.
  private func deliver(_ parcels: [EventAudience.Parcel]) async {
    hand(parcels.prefix(limits.slice))
    var rest = parcels.dropFirst(limits.slice)
    while !rest.isEmpty {
      // Whoever stops the server only makes the pause shorter.
      try? await Task.sleep(for: limits.slicePause)
      hand(rest.prefix(limits.slice))
      rest = rest.dropFirst(limits.slice)
    }
  }

  private func hand(_ parcels: ArraySlice<EventAudience.Parcel>) {
    let overflown = state.withLock { state in
      let overflown = state.audience.hand(parcels)
      if state.audience.count == 0 { state.position = nil }
      return overflown
    }
    for listener in overflown {
      guard case .messages(let continuation, let onOverflow) = listener.outlet else { continue }
      continuation.finish()
      onOverflow()
    }
  }

  private func close() {
    let listeners = state.withLock { state in
      state.isClosed = true
      return state.audience.removeAll()
    }
    for listener in listeners { listener.outlet.finish() }
  }
}
