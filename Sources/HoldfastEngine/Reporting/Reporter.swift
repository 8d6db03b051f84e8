import FoundationEssentials
import HoldfastCore
import HoldfastStorage
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// What becomes of the reports of one attempt.
enum ReportEvent: Sendable, Equatable {
  /// All up to this one are in the database, or on this machine's disk.
  case safe(upTo: Int64)
  /// All up to this one are in the database.
  case applied(upTo: Int64)
  /// The lease no longer holds; nothing more of it will be written.
  case superseded
  /// There is room for more again.
  case room
}

/// Writes what all attempts of a worker say, many in one statement: what comes in while one batch is being written is the
/// next batch, so batches grow with the load.
///
/// While the database cannot be reached, reports go to the journal, and from there to the database in their order.
final class Reporter: Sendable {
  private struct State {
    var buffer = ReportBuffer()
    var bytesInFlight = 0
    var sinks: [Lease: @Sendable (ReportEvent) -> Void] = [:]
    var blocked: Set<Lease> = []
    var isOffline = false
    var isEnding = false
    /// Up to where the journal has been delivered.
    var delivered = Journal.Position()
    var nextDelivery = ContinuousClock.now
  }

  /// Above this, runners are read no further; below half of it, they are again.
  static let maxBufferedBytes = 32 << 20

  private let writer: ReportWriter
  private let journal: Journal
  private let logger: Logger
  private let flushBell: Doorbell
  private let deliveryBell: Doorbell
  private let state = Mutex(State())

  init(writer: ReportWriter, journal: Journal, eventLoop: any EventLoop, logger: Logger) {
    self.writer = writer
    self.journal = journal
    self.logger = logger
    flushBell = Doorbell(eventLoop: eventLoop)
    deliveryBell = Doorbell(eventLoop: eventLoop)
  }

  // MARK: The attempts' side

  /// Tells what becomes of a lease's reports from now on. `onEvent` only passes the event on.
  func open(_ lease: Lease, onEvent: @escaping @Sendable (ReportEvent) -> Void) {
    state.withLock { $0.sinks[lease] = onEvent }
  }

  func close(_ lease: Lease) {
    state.withLock {
      $0.sinks[lease] = nil
      $0.blocked.remove(lease)
      $0.buffer.closed(lease)
    }
  }

  /// - Parameter bytes: the size in which the report came.
  func submit(_ report: AttemptReport, sequence: Int64, bytes: Int) {
    state.withLock { $0.buffer.add(report, sequence: sequence, bytes: bytes, now: .now) }
    flushBell.ring()
  }

  /// Writes what a lease has reported without waiting for more.
  func expedite(_ lease: Lease) {
    state.withLock { $0.buffer.expedite(lease, now: .now) }
    flushBell.ring()
  }

  /// Whether a runner may be read on. If not, its attempt gets ``ReportEvent/room`` later.
  func hasRoom(for lease: Lease) -> Bool {
    state.withLock {
      if $0.buffer.bytes + $0.bytesInFlight < Self.maxBufferedBytes { return true }
      $0.blocked.insert(lease)
      return false
    }
  }

  /// Tries at once to deliver what the journal holds.
  func databaseIsBack() {
    let isOffline = state.withLock {
      $0.nextDelivery = .now
      return $0.isOffline
    }
    if isOffline { deliveryBell.ring() }
  }

  // MARK: The worker's side

  /// Works until ``end()``.
  func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask(name: "reports: delivery") { await self.deliverLoop() }
      await flushLoop()
      deliveryBell.takeDown()
    }
    let (isDelivered, journal) = (journal.end == state.withLock(\.delivered), journal)
    // An unreadable pool leaves an empty folder behind, which the next life removes.
    try? await NIOThreadPool.singleton.runIfActive {
      if isDelivered { journal.remove() }
    }
  }

  /// Writes what is left, to the journal if need be, and lets ``run()`` return.
  func end() {
    state.withLock { $0.isEnding = true }
    flushBell.ring()
  }

  // MARK: Flushing

  private func flushLoop() async {
    for await _ in flushBell.rings {
      while let batch = nextBatch() { await flush(batch) }
      let (isOver, nextDue) = state.withLock { ($0.isEnding, $0.buffer.nextDue) }
      if isOver { return }
      if let nextDue { flushBell.ring(after: (nextDue - .now).seconds) }
    }
  }

  private func nextBatch() -> [ReportBuffer.Entry]? {
    state.withLock {
      if $0.isEnding { $0.buffer.expediteAll(now: .now) }
      let batch = $0.buffer.take(now: .now)
      $0.bytesInFlight = batch.reduce(0) { $0 + $1.bytes }
      return batch.isEmpty ? nil : batch
    }
  }

  private func flush(_ batch: [ReportBuffer.Entry]) async {
    defer { makeRoom() }
    while true {
      if isOnline() {
        if await writeToDatabase(batch) { return }
        state.withLock { $0.isOffline = true }
      }
      if await writeToJournal(batch) { return }
      if state.withLock(\.isEnding) {
        logger.critical("reports are lost: neither the database nor the journal takes them")
        return
      }
      await pause(seconds: 1)
    }
  }

  /// Whether reports go straight to the database. They do again once all that the journal holds is there.
  private func isOnline() -> Bool {
    let end = journal.end
    return state.withLock {
      if $0.isOffline && $0.delivered == end {
        $0.isOffline = false
        logger.notice("the database is back; all that was journaled is delivered")
      }
      return !$0.isOffline
    }
  }

  /// Tries a few times over about a second, so that a short hiccup costs no journal. `false` if the database is not there.
  private func writeToDatabase(_ batch: [ReportBuffer.Entry]) async -> Bool {
    var why: StoreError?
    for seconds in [0, 0.05, 0.25, 0.7] {
      if seconds > 0 { await pause(seconds: seconds) }
      do throws(StoreError) {
        let outcomes = try await writer.write(batch.map(\.report))
        tell(outcomes, of: batch.map { ($0.report.lease, $0.sequence) })
        return true
      } catch {
        why = error
      }
    }
    logger.warning(
      "the database cannot be reached; what the runners report goes to the journal",
      metadata: ["error": "\(why.map { "\($0)" } ?? "")", "journal": "\(journal.folder)"])
    return false
  }

  private func writeToJournal(_ batch: [ReportBuffer.Entry]) async -> Bool {
    let entries = batch.map { Journal.Entry(sequence: $0.sequence, report: $0.report) }
    let journal = journal
    do {
      try await NIOThreadPool.singleton.runIfActive { try journal.append(entries) }
    } catch {
      logger.error("the journal cannot be written", metadata: ["error": "\(error)"])
      return false
    }
    for entry in batch {
      sink(of: entry.report.lease)?(.safe(upTo: entry.sequence))
    }
    deliveryBell.ring()
    return true
  }

  private func makeRoom() {
    let unblocked = state.withLock { state -> [@Sendable (ReportEvent) -> Void] in
      state.bytesInFlight = 0
      guard state.buffer.bytes < Self.maxBufferedBytes / 2 else { return [] }
      defer { state.blocked = [] }
      return state.blocked.compactMap { state.sinks[$0] }
    }
    for sink in unblocked { sink(.room) }
  }

  // MARK: Delivering

  private func deliverLoop() async {
    var failures = 0
    for await _ in deliveryBell.rings {
      let wait = state.withLock { $0.nextDelivery } - .now
      if wait > .zero {
        deliveryBell.ring(after: wait.seconds)
        continue
      }
      if await deliver() {
        failures = 0
        flushBell.ring()
      } else {
        // 0.2 s, 0.4 s, … at most 5 s, with jitter, so that a database that comes back is not met by all workers at once.
        failures = min(failures + 1, 6)
        let seconds = min(5, 0.1 * Double(1 << failures)) * Double.random(in: 0.5...1)
        state.withLock { $0.nextDelivery = .now + .seconds(seconds) }
        deliveryBell.ring(after: seconds)
      }
    }
  }

  /// Delivers all that the journal holds; `false` if the database is still not there.
  private func deliver() async -> Bool {
    let journal = journal
    while true {
      let from = state.withLock(\.delivered)
      do {
        let (entries, next) = try await NIOThreadPool.singleton.runIfActive {
          try journal.read(from: from)
        }
        if entries.isEmpty {
          state.withLock { $0.delivered = next }
          return true
        }
        let outcomes = try await writer.write(entries.map(\.report))
        tell(outcomes, of: entries.map { ($0.report.lease, $0.sequence) })
        state.withLock { $0.delivered = next }
        try await NIOThreadPool.singleton.runIfActive { journal.discard(before: next) }
      } catch {
        logger.debug("the journal is not delivered yet", metadata: ["error": "\(error)"])
        return false
      }
    }
  }

  // MARK: Telling the attempts

  private func tell(_ outcomes: [ReportWriter.Outcome], of reports: [(Lease, Int64)]) {
    for (outcome, (lease, sequence)) in zip(outcomes, reports) {
      switch outcome {
      case .applied: sink(of: lease)?(.applied(upTo: sequence))
      case .superseded:
        state.withLock { $0.buffer.forget(lease) }
        sink(of: lease)?(.superseded)
      case .refused:
        // Its end, if it was one, will never be in the database. The sweep finds the scan once its lease is stale.
        state.withLock { $0.buffer.forget(lease) }
        sink(of: lease)?(.superseded)
      }
    }
  }

  private func sink(of lease: Lease) -> (@Sendable (ReportEvent) -> Void)? {
    state.withLock { $0.sinks[lease] }
  }

  private func pause(seconds: Double) async {
    // A worker that ends is told so by `end()`; being cancelled only makes the pause shorter.
    try? await Task.sleep(for: .seconds(seconds))
  }
}

extension Duration {
  var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
