import HoldfastCore
import HoldfastStorage

/// A connection that runs other statements than it was asked to.
final class RewritingConnection: SQLConnection {
  private let inner: any SQLConnection
  private let rewrite: (String) -> String

  init(_ inner: any SQLConnection, _ rewrite: @escaping (String) -> String) {
    self.inner = inner
    self.rewrite = rewrite
  }

  var dialect: Dialect { inner.dialect }

  @discardableResult
  func run(
    _ statement: Statement, _ parameters: [SQLValue], rows: Recordset?,
    _ body: (any SQLRow) throws(StoreError) -> Void
  ) throws(StoreError) -> Int {
    let sql = statement.text(for: .sqlite)
    let changed = rewrite(sql)
    return try inner.run(
      changed == sql ? statement : Statement(changed), parameters, rows: rows, body)
  }

  func runScript(_ sql: String) throws(StoreError) { try inner.runScript(sql) }
  func notify(_ channel: SignalChannel) throws(StoreError) { try inner.notify(channel) }
}
