import HoldfastCore
import Logging
import Synchronization

/// What PostgreSQL's row-level security goes by.
enum RowSecurity {
  /// The role that a tenant's transactions take.
  static let role = "holdfast_tenant"
  /// The setting that says which tenant's they are.
  static let setting = "holdfast.tenant"
}

/// A PostgreSQL database as one tenant sees it: each transaction takes the role that row-level security binds, so that a statement
/// which forgets its condition finds nothing of anybody else's.
struct TenantDatabase: Database {
  let inner: any Database
  let tenant: String
  let wall: TenantWall

  var dialect: Dialect { inner.dialect }

  /// In a transaction, too: the role and the setting last as long as one.
  func read<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    guard try await wall.stands(inner) else { return try await inner.read(body) }
    return try await bound(body)
  }

  func write<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    guard try await wall.stands(inner) else { return try await inner.write(body) }
    return try await bound(body)
  }

  private func bound<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    // A tenant's name holds nothing that a literal would have to escape; another one is no tenant's.
    let name = TenantScope.isTenantName(tenant) ? tenant : ""
    return try await inner.write { (connection) throws(StoreError) in
      try connection.runScript(
        """
        SET LOCAL ROLE \(RowSecurity.role);
        SELECT set_config('\(RowSecurity.setting)', '\(name)', true)
        """)
      return try body(TenantConnection(connection))
    }
  }

  func signals(_ channel: SignalChannel) -> AsyncStream<Void> { inner.signals(channel) }

  func close() async { await inner.close() }
}

/// Whether a database has the wall, found out once.
final class TenantWall: Sendable {
  private let logger: Logger
  private let known = Mutex<Bool?>(nil)

  init(logger: Logger) {
    self.logger = logger
  }

  func stands(_ database: any Database) async throws(StoreError) -> Bool {
    if let known = known.withLock({ $0 }) { return known }
    let stands = try await database.read { (connection) throws(StoreError) in
      try connection.first(Self.question, [], { $0.bool(0) }) ?? false
    }
    let isFirst = known.withLock { known in
      defer { known = stands }
      return known == nil
    }
    if isFirst, !stands {
      logger.warning(
        "the database has no row-level security: its user could not make the role holdfast_tenant")
    }
    return stands
  }

  private static let question = Statement(
    """
    SELECT EXISTS (
      SELECT 1 FROM pg_policies WHERE schemaname = current_schema() AND tablename = 'scans'
        AND policyname = 'holdfast_tenant')
    """)
}

/// Statements in the tenant's role are prepared apart from the others: a plan is of one role, and PostgreSQL would make it anew
/// whenever a session's role changes.
private final class TenantConnection: SQLConnection {
  private let inner: any SQLConnection

  init(_ inner: any SQLConnection) {
    self.inner = inner
  }

  var dialect: Dialect { inner.dialect }

  @discardableResult
  func run(
    _ statement: Statement, _ parameters: [SQLValue], rows: Recordset?,
    _ body: (any SQLRow) throws(StoreError) -> Void
  ) throws(StoreError) -> Int {
    try inner.run(statement.marked("tenant"), parameters, rows: rows, body)
  }

  func runScript(_ sql: String) throws(StoreError) { try inner.runScript(sql) }

  func notify(_ channel: SignalChannel) throws(StoreError) { try inner.notify(channel) }
}
