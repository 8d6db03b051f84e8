package import HoldfastCore
import Synchronization

/// One page (a tab) of a browser, with what it wrote, threw and requested so far.
package final class BrowserPage: Sendable {
  fileprivate struct State {
    var record = PageRecord()
    var nextWaiter = 0
    var waiters: [Int: Waiter] = [:]
  }

  fileprivate struct Waiter {
    var isDone: @Sendable (PageRecord) -> Bool
    var continuation: CheckedContinuation<Result<Void, BrowserError>, Never>
  }

  private let connection: DevToolsConnection
  private let session: String
  private let target: String
  private let context: String
  let commandLimit: Duration
  private let state = Mutex(State())

  init(
    connection: DevToolsConnection, session: String, target: String, context: String,
    commandLimit: Duration
  ) {
    self.connection = connection
    self.session = session
    self.target = target
    self.context = context
    self.commandLimit = commandLimit
  }

  package var console: [ConsoleMessage] { state.withLock { $0.record.console } }
  /// Exceptions that no script caught, each with its stack.
  package var exceptions: [String] { state.withLock { $0.record.exceptions } }
  package var requests: [PageRequest] { state.withLock { $0.record.requests } }
  /// Messages of dialogs; each was dismissed, because an open dialog stops the page.
  package var dialogs: [String] { state.withLock { $0.record.dialogs } }
  /// Why the page is of no further use, or `nil`.
  package var end: BrowserError? { state.withLock { $0.record.end } }

  /// Sends any command of the protocol to this page.
  @discardableResult
  package func send(
    _ method: String, _ params: JSONValue = [:], limit: Duration? = nil
  ) async throws(BrowserError) -> JSONValue {
    if let end { throw end }
    let method = method
    return try await connection.send(
      method, params, session: session, limit: limit ?? commandLimit)
  }

  /// Whether the page's own thread answers: a cheap command with a deadline of its own. A hung renderer does not answer,
  /// while the browser still does.
  package func isResponsive(within limit: Duration = .seconds(5)) async -> Bool {
    do {
      return try await evaluate("1", limit: limit).intValue == 1
    } catch {
      return false
    }
  }

  /// Closes the page and forgets its cookies and storage.
  package func close() async {
    state.withLock { $0.record.end(with: .pageClosed) }
    connection.stopListening(to: session)
    do {
      _ = try await connection.send(
        "Target.disposeBrowserContext", ["browserContextId": .string(context)], session: nil,
        limit: commandLimit)
    } catch {
      // The context is gone already, or the browser is: nothing is left to close.
    }
    connection.failCommands(of: session, with: .pageClosed)
    failWaiters(.pageClosed)
  }

  // MARK: Events

  func enable() async throws(BrowserError) {
    connection.listen(to: session) { [weak self] incoming in self?.receive(incoming) }
    for domain in ["Page", "Runtime", "Network", "Log", "DOM", "Inspector"] {
      try await send("\(domain).enable")
    }
    try await send("Page.setLifecycleEventsEnabled", ["enabled": true])
  }

  private func receive(_ incoming: DevToolsConnection.Incoming) {
    switch incoming {
    case .event(let event):
      let (due, end) = state.withLock { state in
        state.record.apply(event)
        return (state.takeDueWaiters(), state.record.end)
      }
      for (waiter, result) in due { waiter.continuation.resume(returning: result) }
      if let end { connection.failCommands(of: session, with: end) }
      if event.method == "Page.javascriptDialogOpening" { dismissDialog() }
    case .ended(let error):
      state.withLock { $0.record.end(with: error) }
      failWaiters(error)
    }
  }

  /// The event comes on the connection's thread, which must not wait for the answer to a command.
  private func dismissDialog() {
    Task(name: "dismiss-dialog") {
      try await send("Page.handleJavaScriptDialog", ["accept": false])
    }
  }

  private func failWaiters(_ error: BrowserError) {
    let waiters = state.withLock { state in
      defer { state.waiters = [:] }
      return state.waiters
    }
    for waiter in waiters.values { waiter.continuation.resume(returning: .failure(error)) }
  }

  /// Waits until `isDone` holds of the page's record.
  func wait(
    for what: String, limit: Duration, until isDone: @Sendable @escaping (PageRecord) -> Bool
  ) async throws(BrowserError) {
    try await withDeadline(limit, what) {
      let id = self.state.withLock { state in
        defer { state.nextWaiter += 1 }
        return state.nextWaiter
      }
      return await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let result = self.state.withLock { state -> Result<Void, BrowserError>? in
            if isDone(state.record) { return .success(()) }
            if let end = state.record.end { return .failure(end) }
            if Task.isCancelled { return .failure(.cancelled) }
            state.waiters[id] = Waiter(isDone: isDone, continuation: continuation)
            return nil
          }
          if let result { continuation.resume(returning: result) }
        }
      } onCancel: {
        let waiter = self.state.withLock { $0.waiters.removeValue(forKey: id) }
        waiter?.continuation.resume(returning: .failure(.cancelled))
      }
    }
  }

  func status(ofLoader loader: String) -> Int? {
    state.withLock { $0.record.statuses.last { $0.loader == loader }?.status }
  }
}

extension BrowserPage.State {
  fileprivate mutating func takeDueWaiters() -> [(
    BrowserPage.Waiter, Result<Void, BrowserError>
  )] {
    var due: [(BrowserPage.Waiter, Result<Void, BrowserError>)] = []
    for (id, waiter) in waiters {
      if waiter.isDone(record) {
        due.append((waiter, .success(())))
      } else if let end = record.end {
        due.append((waiter, .failure(end)))
      } else {
        continue
      }
      waiters[id] = nil
    }
    return due
  }
}
