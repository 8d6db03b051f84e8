import HoldfastCore

/// A session during one piece of work.
final class PostgresConnection: SQLConnection {
  let dialect = Dialect.postgres
  private let session: PostgresSession
  private(set) var notified: Set<SignalChannel> = []

  init(_ session: PostgresSession) {
    self.session = session
  }

  @discardableResult
  func run(
    _ statement: Statement, _ parameters: [SQLValue], rows: Recordset?,
    _ body: (any SQLRow) throws(StoreError) -> Void
  ) throws(StoreError) -> Int {
    try session.run(statement.postgres, PostgresParameters(parameters, rows: rows)) {
      (row: PostgresRow) throws(StoreError) in try body(row)
    }
  }

  func runScript(_ sql: String) throws(StoreError) {
    try session.runScript(sql)
  }

  func notify(_ channel: SignalChannel) throws(StoreError) {
    notified.insert(channel)
  }
}

extension SignalChannel {
  /// The name that PostgreSQL knows it by.
  var postgresName: String { "holdfast_\(rawValue)" }
}
