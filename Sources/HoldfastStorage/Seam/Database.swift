package import HoldfastCore

/// A database as the store sees it: transactions of plain synchronous work over a connection, and signals between
/// processes. SQLite and PostgreSQL are behind it; tests put a faulty one in between.
package protocol Database: Sendable {
  var dialect: Dialect { get }

  /// Runs `body`, which only reads. It may run more than once.
  func read<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T

  /// Runs `body` in a transaction that is committed when it returns and rolled back when it throws. It may run more than
  /// once (a deadlock, a lost connection), so it has no effect but on the database.
  ///
  /// An error of ``StoreError/unavailable(_:)`` can mean that the commit was done and its acknowledgement lost.
  func write<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T

  /// See ``ScanStore/signals(_:)``.
  func signals(_ channel: SignalChannel) -> AsyncStream<Void>

  func close() async
}

/// One connection within one piece of work. It is used by that work's thread alone and not kept beyond it.
package protocol SQLConnection: AnyObject {
  var dialect: Dialect { get }

  /// Runs a statement, for all of `rows` if it is written over a ``RowShape``, and gives each resulting row to `body`.
  ///
  /// - Returns: how many rows were changed.
  @discardableResult
  func run(
    _ statement: Statement, _ parameters: [SQLValue], rows: Recordset?,
    _ body: (any SQLRow) throws(StoreError) -> Void
  ) throws(StoreError) -> Int

  /// Runs statements without parameters, as migrations do.
  func runScript(_ sql: String) throws(StoreError)

  /// Ticks the channel in all processes once the transaction is committed.
  func notify(_ channel: SignalChannel) throws(StoreError)
}

extension SQLConnection {
  /// Runs a statement for its effect; returns how many rows were changed.
  @discardableResult
  package func run(
    _ statement: Statement, _ parameters: [SQLValue] = [], rows: Recordset? = nil
  ) throws(StoreError) -> Int {
    try run(statement, parameters, rows: rows) { (_: any SQLRow) throws(StoreError) in }
  }

  /// All resulting rows, each made by `decode`.
  package func all<T>(
    _ statement: Statement, _ parameters: [SQLValue] = [], rows: Recordset? = nil,
    _ decode: (any SQLRow) throws(StoreError) -> T
  ) throws(StoreError) -> [T] {
    var result: [T] = []
    try run(statement, parameters, rows: rows) { (row: any SQLRow) throws(StoreError) in
      result.append(try decode(row))
    }
    return result
  }

  /// The first resulting row.
  package func first<T>(
    _ statement: Statement, _ parameters: [SQLValue] = [],
    _ decode: (any SQLRow) throws(StoreError) -> T
  ) throws(StoreError) -> T? {
    try all(statement, parameters, decode).first
  }

  /// The database's time, by which everything is judged.
  package func now() throws(StoreError) -> Timestamp {
    let now = try first(databaseTime) { (row: any SQLRow) throws(StoreError) in row.time(0) }
    guard let now else { throw .statement("the database did not tell its time") }
    return now
  }
}

private let databaseTime = Statement { dialect in "SELECT \(dialect.now)" }

/// The row that a statement is at: columns by their index from 0. A column of another type than asked for (a hand-made
/// change of the data) gives a neutral value and makes the statement fail.
package protocol SQLRow: AnyObject {
  func isNull(_ column: Int) -> Bool
  func bool(_ column: Int) -> Bool
  func int(_ column: Int) -> Int64
  func double(_ column: Int) -> Double
  func text(_ column: Int) -> String
  func bytes(_ column: Int) -> [UInt8]
  func uuid(_ column: Int) -> ScanID
  func time(_ column: Int) -> Timestamp
  func json(_ column: Int) -> JSONValue
  /// Makes the statement fail: the row holds what it should not.
  func refuse(_ column: Int, because reason: String)
}

extension SQLRow {
  package func optionalInt(_ column: Int) -> Int64? { isNull(column) ? nil : int(column) }
  package func optionalDouble(_ column: Int) -> Double? { isNull(column) ? nil : double(column) }
  package func optionalText(_ column: Int) -> String? { isNull(column) ? nil : text(column) }
  package func optionalTime(_ column: Int) -> Timestamp? { isNull(column) ? nil : time(column) }
  // Not `nil`: a JSON value can be written so, too.
  package func optionalJSON(_ column: Int) -> JSONValue? {
    isNull(column) ? Optional<JSONValue>.none : .some(json(column))
  }
}
