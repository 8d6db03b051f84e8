import Glibc
import HoldfastCore
import Logging
import NIOPosix
import Synchronization

/// PostgreSQL behind the ``Database`` seam: a bounded pool of sessions, used on threads of their own because libpq's calls
/// block, and one more session that listens.
final class PostgresDatabase: Database {
  let dialect = Dialect.postgres
  private let uri: String
  private let threads: NIOThreadPool
  private let sessions: Mutex<Sessions>
  private let listener: PostgresListener

  private struct Sessions {
    /// Not in use; the warmest last. There are never more sessions than threads.
    var idle: [PostgresSession] = []
    var isClosed = false
  }

  init(uri: String, maxConnections: Int, logger: Logger) throws(StoreError) {
    self.uri = uri
    threads = NIOThreadPool(numberOfThreads: max(1, maxConnections))
    threads.start()
    sessions = Mutex(Sessions())
    listener = PostgresListener(uri: uri, logger: logger)
  }

  func read<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    try await onThread { (database) throws(StoreError) in
      try database.repeating(isCommitted: { false }) { (session) throws(StoreError) in
        try body(PostgresConnection(session))
      }
    }
  }

  func write<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    try await onThread { (database) throws(StoreError) in
      var isCommitting = false
      return try database.repeating(isCommitted: { isCommitting }) {
        (session) throws(StoreError) in
        isCommitting = false
        let connection = PostgresConnection(session)
        try session.runScript("BEGIN")
        let value = try body(connection)
        isCommitting = true
        // With the notifications in one round trip.
        let notifications = connection.notified.map { "NOTIFY \($0.postgresName);" }.sorted()
        try session.runScript(notifications.joined() + "COMMIT")
        return value
      }
    }
  }

  func signals(_ channel: SignalChannel) -> AsyncStream<Void> {
    listener.signals(channel)
  }

  func close() async {
    let idle = sessions.withLock { sessions in
      sessions.isClosed = true
      defer { sessions.idle = [] }
      return sessions.idle
    }
    listener.close()
    _ = idle
    // Work in progress comes to its end first.
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      threads.shutdownGracefully { _ in continuation.resume() }
    }
  }

  // MARK: Sessions

  private func onThread<T: Sendable>(
    _ work: @escaping @Sendable (PostgresDatabase) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    let result = await withCheckedContinuation {
      (continuation: CheckedContinuation<Result<T, StoreError>, Never>) in
      threads.submit { state in
        guard case .active = state else {
          return continuation.resume(returning: .failure(.unavailable("the store is closed")))
        }
        continuation.resume(
          returning: Result { () throws(StoreError) in try work(self) })
      }
    }
    return try result.get()
  }

  /// Runs `work` on a session, again where that is safe and promises more: after a conflict with another transaction, with a
  /// plan that a schema change has made stale, and once after a lost connection, as long as nothing can have been committed.
  private func repeating<T>(
    isCommitted: () -> Bool, _ work: (PostgresSession) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    var conflicts = 0
    var hasReconnected = false
    while true {
      let session = try takeSession()
      do {
        let value = try work(session)
        giveBack(session)
        return value
      } catch {
        let failure = session.failure
        if session.isLost {
          // The other idle sessions have most likely gone the same way.
          dropIdleSessions()
          guard !isCommitted(), !hasReconnected else { throw error }
          hasReconnected = true
          continue
        }
        do {
          try session.runScript("ROLLBACK")
          if case .stalePlan = failure { try session.forgetPlans() }
          giveBack(session)
        } catch {
          dropIdleSessions()
        }
        switch failure {
        case .conflict where conflicts < 20, .stalePlan where conflicts < 20:
          conflicts += 1
          usleep(useconds_t.random(in: 0...(1000 * useconds_t(conflicts))))
        default: throw error
        }
      }
    }
  }

  private func takeSession() throws(StoreError) -> PostgresSession {
    let idle: PostgresSession? = sessions.withLock { $0.idle.popLast() }
    if let idle { return idle }
    return try PostgresSession(uri: uri)
  }

  private func giveBack(_ session: PostgresSession) {
    sessions.withLock { sessions in
      if !sessions.isClosed { sessions.idle.append(session) }
    }
  }

  private func dropIdleSessions() {
    let dropped = sessions.withLock { sessions in
      defer { sessions.idle = [] }
      return sessions.idle
    }
    _ = dropped
  }
}
