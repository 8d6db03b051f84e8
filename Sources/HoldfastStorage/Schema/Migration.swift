/// One numbered change of the schema. Written once and never edited after a release: a database remembers numbers, not
/// contents.
struct Migration: Sendable {
  let number: Int
  let name: String
  let statements: @Sendable (Dialect) -> [String]

  func step(for dialect: Dialect) -> MigrationStep {
    MigrationStep(number: number, name: name, statements: statements(dialect))
  }

  /// All of them, in order.
  static let all = [
    first, supervision, byHand, diagnosis, rhythm, access, rowSecurity, reportSequence,
    historyByHand, users, schedules, retention, progress, idempotency, lists,
    rowSecurityOfSchedules, leases, workersOfTenants, queuesOfTenants,
  ]

  /// The schema that this program needs.
  static var current: Int { all.count }
}

/// Brings a schema up to date; runs inside one write transaction.
enum Migrator {
  /// The steps that a database at version `version` lacks.
  static func missing(from version: Int, for dialect: Dialect) -> [MigrationStep] {
    Migration.all.filter { $0.number > version }.map { $0.step(for: dialect) }
  }

  /// The version of the schema; 0 for an empty database.
  static func version(_ connection: any SQLConnection) throws(StoreError) -> Int {
    guard try connection.first(tableExists, [], { $0.bool(0) }) == true else { return 0 }
    return try connection.first(newestNumber, []) { Int($0.int(0)) } ?? 0
  }

  /// Takes the lock, applies what is missing and returns it.
  static func migrate(_ connection: any SQLConnection) throws(StoreError) -> [MigrationStep] {
    let dialect = connection.dialect
    if dialect == .postgres {
      // Any number of programs may start at once; the others wait here and then find nothing to do.
      try connection.run(Statement("SELECT 1 FROM pg_advisory_xact_lock(5208710)"))
    }
    let found = try version(connection)
    guard found <= Migration.current else {
      throw .newerSchema(found: found, known: Migration.current)
    }
    let steps = missing(from: found, for: dialect)
    guard !steps.isEmpty else { return [] }
    if found == 0 {
      try connection.runScript(
        """
        CREATE TABLE holdfast_migrations (
          number \(dialect.typeName(.int)) PRIMARY KEY,
          name \(dialect.typeName(.text)) NOT NULL,
          applied_at \(dialect.typeName(.time)) NOT NULL
        )
        """)
    }
    for step in steps {
      for statement in step.statements { try connection.runScript(statement) }
      try connection.run(record, [.int(Int64(step.number)), .text(step.name)])
    }
    if dialect == .postgres {
      // PostgREST in front of this database keeps a copy of its schema (the runbook of stuck website scans).
      try connection.runScript("NOTIFY pgrst, 'reload schema'")
    }
    return steps
  }

  private static let tableExists = Statement { dialect in
    switch dialect {
    case .sqlite:
      """
      SELECT EXISTS (
        SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'holdfast_migrations')
      """
    case .postgres: "SELECT to_regclass('holdfast_migrations') IS NOT NULL"
    }
  }
  private static let newestNumber = Statement(
    "SELECT coalesce(max(number), 0) FROM holdfast_migrations")
  private static let record = Statement { dialect in
    """
    INSERT INTO holdfast_migrations (number, name, applied_at)
    VALUES ($1, $2, \(dialect.now))
    """
  }
}
