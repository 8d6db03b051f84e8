import Foundation
import Glibc
import HoldfastCore
import Synchronization

/// The conversation with one browser process: commands with their answers, and events by session.
///
/// One thread of its own does all reading, writing and decoding, and at the end puts the process away. Everybody else
/// leaves bytes in the outbox, wakes the thread, and waits for a continuation to be resumed.
final class DevToolsConnection: Sendable {
  /// What a session is told: events in order, then the end, once.
  enum Incoming: Sendable {
    case event(BrowserEvent)
    case ended(BrowserError)
  }

  typealias Answer = Result<JSONValue, BrowserError>
  typealias Sink = @Sendable (Incoming) -> Void

  private struct Pending {
    var method: String
    var session: String?
    var continuation: CheckedContinuation<Answer, Never>
  }

  private struct State {
    var nextID = 1
    var pending: [Int: Pending] = [:]
    var outbox: [UInt8] = []
    var sinks: [String: Sink] = [:]
    /// The browser is to be ended now, whatever it is doing.
    var mustEnd = false
    var end: BrowserError?
    var endWaiters: [CheckedContinuation<Void, Never>] = []
  }

  let process: ChromiumProcess
  private let state = Mutex(State())
  /// A byte in it is a wish to be looked at by the thread.
  private let wakeUp: Pipe

  init(_ process: ChromiumProcess) throws(BrowserError) {
    self.process = process
    do throws(BrowserError) {
      wakeUp = try Pipe()
    } catch {
      _ = process.endAndRemove()
      throw error
    }
    setNonBlocking(wakeUp.reader)
    setNonBlocking(wakeUp.writer)
    let thread = Thread { self.run() }
    thread.name = "browser-\(process.processID)"
    thread.start()
  }

  deinit { wakeUp.close() }

  // MARK: Commands

  /// Sends a command and waits for its answer.
  func send(
    _ method: String, _ params: JSONValue, session: String?, limit: Duration
  ) async throws(BrowserError) -> JSONValue {
    try await withDeadline(limit, method) {
      await self.answer(to: method, params, session: session)
    }
  }

  private func answer(to method: String, _ params: JSONValue, session: String?) async -> Answer {
    let id = state.withLock { state in
      defer { state.nextID += 1 }
      return state.nextID
    }
    let command = DevToolsCommand(id: id, method: method, params: params, sessionId: session)
    let bytes: [UInt8]
    do {
      bytes = Array(try JSONEncoder().encode(command)) + [0]
    } catch {
      return .failure(.refused(method: method, message: "its parameters are not JSON: \(error)"))
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let refusal: BrowserError? = state.withLock { state in
          if let end = state.end { return end }
          // A cancellation that came before this line found nothing to complete.
          if Task.isCancelled { return .cancelled }
          state.pending[id] = Pending(
            method: method, session: session, continuation: continuation)
          state.outbox += bytes
          return nil
        }
        if let refusal { continuation.resume(returning: .failure(refusal)) } else { wake() }
      }
    } onCancel: {
      complete(id) { _ in .failure(.cancelled) }
    }
  }

  private func complete(_ id: Int, with answer: (_ method: String) -> Answer) {
    guard let pending = state.withLock({ $0.pending.removeValue(forKey: id) }) else { return }
    pending.continuation.resume(returning: answer(pending.method))
  }

  /// Fails what still waits for an answer from a session that will not give one.
  func failCommands(of session: String, with error: BrowserError) {
    let lost = state.withLock { state in
      let lost = state.pending.filter { $0.value.session == session }
      for id in lost.keys { state.pending[id] = nil }
      return lost
    }
    for pending in lost.values { pending.continuation.resume(returning: .failure(error)) }
  }

  // MARK: Events

  /// Sends a session's events to `sink`, on the connection's thread: it must be quick and must not wait.
  func listen(to session: String, _ sink: @escaping Sink) {
    let end = state.withLock { state in
      if state.end == nil { state.sinks[session] = sink }
      return state.end
    }
    if let end { sink(.ended(end)) }
  }

  func stopListening(to session: String) {
    _ = state.withLock { $0.sinks.removeValue(forKey: session) }
  }

  // MARK: The end

  /// Ends the process at once. Returns before it is gone.
  func terminate() {
    state.withLock { $0.mustEnd = true }
    wake()
  }

  /// Returns when the process is gone and its folder removed.
  func waitForEnd() async {
    await withCheckedContinuation { continuation in
      let hasEnded = state.withLock { state in
        if state.end == nil { state.endWaiters.append(continuation) }
        return state.end != nil
      }
      if hasEnded { continuation.resume() }
    }
  }

  private func wake() {
    // A full pipe wakes the thread as well.
    var wish: UInt8 = 1
    _ = Glibc.write(wakeUp.writer, &wish, 1)
  }

  // MARK: The thread

  private func run() {
    var inbox: [UInt8] = []
    var outgoing: [UInt8] = []
    while true {
      let (more, mustEnd) = state.withLock { state in
        defer { state.outbox = [] }
        return (state.outbox, state.mustEnd)
      }
      outgoing += more
      if mustEnd || !write(&outgoing) || !read(into: &inbox) { break }
      deliver(&inbox)
      waitForWork(isWriting: !outgoing.isEmpty)
    }
    finish()
  }

  private func waitForWork(isWriting: Bool) {
    var watched = [
      pollfd(fd: process.answers, events: Int16(POLLIN), revents: 0),
      pollfd(fd: wakeUp.reader, events: Int16(POLLIN), revents: 0),
      pollfd(fd: process.commands, events: Int16(POLLOUT), revents: 0),
    ]
    _ = poll(&watched, isWriting ? 3 : 2, -1)
    var wishes = [UInt8](repeating: 0, count: 1024)
    _ = Glibc.read(wakeUp.reader, &wishes, wishes.count)
  }

  /// Writes what the pipe takes now; false once the browser no longer reads.
  private func write(_ bytes: inout [UInt8]) -> Bool {
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(process.commands, $0.baseAddress, $0.count) }
      if count > 0 {
        bytes.removeFirst(count)
      } else if errno != EINTR {
        return errno == EAGAIN
      }
    }
    return true
  }

  /// Reads what is there now; false at the end of the pipe.
  private func read(into inbox: inout [UInt8]) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 256 * 1024)
    while true {
      let count = chunk.withUnsafeMutableBytes {
        Glibc.read(process.answers, $0.baseAddress, $0.count)
      }
      if count > 0 {
        inbox += chunk[..<count]
        if count < chunk.count { return true }
      } else if count == 0 {
        return false
      } else if errno != EINTR {
        return errno == EAGAIN
      }
    }
  }

  /// Takes the whole messages out of the inbox and hands them on.
  private func deliver(_ inbox: inout [UInt8]) {
    var start = inbox.startIndex
    while let end = inbox[start...].firstIndex(of: 0) {
      deliver(Data(inbox[start..<end]))
      start = end + 1
    }
    inbox.removeFirst(start)
  }

  private func deliver(_ data: Data) {
    // A message that is not of the protocol answers nobody; the command's deadline tells of it.
    guard let message = try? JSONDecoder().decode(DevToolsMessage.self, from: data) else { return }
    if let id = message.id {
      complete(id) { method in
        if let error = message.error {
          let text = [error.message, error.data].compactMap(\.self).joined(separator: ": ")
          return .failure(.refused(method: method, message: text))
        }
        return .success(message.result ?? .object([:]))
      }
    } else if let method = message.method, let session = message.sessionId {
      let sink = state.withLock { $0.sinks[session] }
      sink?(.event(BrowserEvent(method: method, params: message.params ?? .object([:]))))
    }
  }

  private func finish() {
    let end = BrowserError.ended(process.endAndRemove())
    let last = state.withLock { state in
      defer {
        state.pending = [:]
        state.sinks = [:]
        state.endWaiters = []
      }
      state.end = end
      return state
    }
    for pending in last.pending.values {
      pending.continuation.resume(returning: .failure(end))
    }
    for sink in last.sinks.values { sink(.ended(end)) }
    for waiter in last.endWaiters { waiter.resume() }
  }
}

/// Runs `body` for at most `limit`; `body` must return soon after its task is cancelled.
func withDeadline<Value: Sendable>(
  _ limit: Duration, _ what: String,
  _ body: @Sendable @escaping () async -> Result<Value, BrowserError>
) async throws(BrowserError) -> Value {
  let result = await withTaskGroup(of: Result<Value, BrowserError>.self) { group in
    group.addTask { await body() }
    group.addTask {
      do {
        try await Task.sleep(for: limit)
        return .failure(.timedOut(what: what, seconds: limit / .seconds(1)))
      } catch {
        return .failure(.cancelled)
      }
    }
    let first = await group.next() ?? .failure(.cancelled)
    group.cancelAll()
    return first
  }
  return try result.get()
}
