package import HoldfastStorage
import Synchronization

/// A database that fails at its nth operation: a statement, a commit, or the acknowledgement of a commit that was done.
package final class FaultyDatabase: Database {
  private let inner: any Database
  private let plan = Mutex(Plan())

  private struct Plan {
    var failAt: Int?
    var operations = 0
  }

  package init(_ inner: any Database) {
    self.inner = inner
  }

  /// Counts from 1 again and fails at the nth operation; `nil` never.
  package func fail(at operation: Int?) {
    plan.withLock { $0 = Plan(failAt: operation) }
  }

  /// How many operations there have been since ``fail(at:)``.
  package var operations: Int { plan.withLock { $0.operations } }

  fileprivate func step(_ what: String) throws(StoreError) {
    let isHit = plan.withLock { plan in
      plan.operations += 1
      return plan.operations == plan.failAt
    }
    if isHit { throw .unavailable("a fault was put in at: \(what)") }
  }

  // MARK: Database

  package var dialect: Dialect { inner.dialect }

  package func read<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    try await inner.read { (connection) throws(StoreError) in
      try body(FaultyConnection(connection, self))
    }
  }

  package func write<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    let value = try await inner.write { (connection) throws(StoreError) in
      let value = try body(FaultyConnection(connection, self))
      try self.step("commit")
      return value
    }
    try step("the acknowledgement of the commit")
    return value
  }

  package func signals(_ channel: SignalChannel) -> AsyncStream<Void> {
    inner.signals(channel)
  }

  package func close() async {
    await inner.close()
  }
}

private final class FaultyConnection: SQLConnection {
  private let inner: any SQLConnection
  private let database: FaultyDatabase

  init(_ inner: any SQLConnection, _ database: FaultyDatabase) {
    self.inner = inner
    self.database = database
  }

  var dialect: Dialect { inner.dialect }

  @discardableResult
  func run(
    _ statement: Statement, _ parameters: [SQLValue], rows: Recordset?,
    _ body: (any SQLRow) throws(StoreError) -> Void
  ) throws(StoreError) -> Int {
    try database.step("a statement")
    return try inner.run(statement, parameters, rows: rows, body)
  }

  func runScript(_ sql: String) throws(StoreError) {
    try database.step("a script")
    try inner.runScript(sql)
  }

  func notify(_ channel: SignalChannel) throws(StoreError) {
    try inner.notify(channel)
  }
}
