package import HoldfastCore
package import Logging

/// The store over a SQL database: what both databases are asked is written here once, over ``Database``.
package final class SQLStore: ScanStore {
  let database: any Database
  /// The database without the bounds of one tenant, for what belongs to the installation.
  let unbound: any Database
  let logger: Logger

  let makeID: @Sendable () -> ScanID

  /// On whose behalf this store is asked; `nil` for the program's own parts, which see everything.
  let caller: Caller?
  private let wall: TenantWall
  let counts: StatusCounts

  /// - Parameters:
  ///   - database: already migrated (or to be, by ``migrate(dryRun:)``).
  ///   - makeID: names what the store itself creates; a simulation makes the same names again.
  package init(
    database: any Database, logger: Logger,
    makeID: @escaping @Sendable () -> ScanID = { ScanID.make() }
  ) {
    self.database = database
    unbound = database
    self.logger = logger
    self.makeID = makeID
    caller = nil
    wall = TenantWall(logger: logger)
    counts = StatusCounts(logger: logger)
  }

  private init(_ store: SQLStore, seenBy caller: Caller) {
    unbound = store.unbound
    logger = store.logger
    makeID = store.makeID
    wall = store.wall
    counts = store.counts
    self.caller = caller
    if let tenant = caller.scope.tenant, store.unbound.dialect == .postgres {
      database = TenantDatabase(inner: store.unbound, tenant: tenant, wall: store.wall)
    } else {
      database = store.unbound
    }
  }

  package func seen(by caller: Caller) -> SQLStore { SQLStore(self, seenBy: caller) }

  /// Whose rows this store shows and changes: every statement that a caller can bring about asks here.
  var scope: TenantScope { caller?.scope ?? .all }

  /// What to do about a schema that is older than this program needs.
  package enum SchemaPolicy: Sendable {
    /// Migrate it.
    case migrate
    /// Refuse it with ``StoreError/olderSchema(found:known:)``.
    case require
  }

  /// Opens the database and sees to its schema.
  ///
  /// - Parameters:
  ///   - maxConnections: how many statements may run at once. SQLite has one writer whatever this says.
  ///   - clock: what SQLite takes for the time; a simulation drives it. PostgreSQL has its own clock and refuses one.
  /// - Throws: ``StoreError/newerSchema(found:known:)`` for a database that a newer program has migrated.
  package static func open(
    url: DatabaseURL, maxConnections: Int = 4, logger: Logger, schema: SchemaPolicy = .migrate,
    clock: (@Sendable () -> Timestamp)? = nil
  ) async throws(StoreError) -> SQLStore {
    let database = try openDatabase(
      url: url, maxConnections: maxConnections, logger: logger, clock: clock)
    let store = SQLStore(database: database, logger: logger)
    do {
      try await store.seeToSchema(schema)
    } catch {
      await store.close()
      throw error
    }
    return store
  }

  /// The database alone, for tests that put something between it and the store.
  package static func openDatabase(
    url: DatabaseURL, maxConnections: Int = 4, logger: Logger,
    clock: (@Sendable () -> Timestamp)? = nil
  ) throws(StoreError) -> any Database {
    switch url {
    case .sqlite(let path):
      return try SQLiteDatabase(
        path: path, maxConnections: maxConnections, logger: logger,
        clock: clock ?? { Timestamp.systemNow() })
    case .postgres(let uri):
      guard clock == nil else { throw .badURL("PostgreSQL has its own clock") }
      return try PostgresDatabase(uri: uri, maxConnections: maxConnections, logger: logger)
    }
  }

  package func signals(_ channel: SignalChannel) -> AsyncStream<Void> {
    database.signals(channel)
  }

  package func close() async {
    await database.close()
  }
}

// MARK: Schema

extension SQLStore {
  /// Brings the schema up to date and returns the steps that did; none if it was. A dry run changes nothing (and makes no
  /// database file) and returns the steps that a real run would take.
  package static func migrate(
    url: DatabaseURL, dryRun: Bool, logger: Logger
  ) async throws(StoreError) -> [MigrationStep] {
    if dryRun, case .sqlite(let path) = url, !fileExists(path) {
      return Migrator.missing(from: 0, for: .sqlite)
    }
    let database = try openDatabase(url: url, maxConnections: 1, logger: logger)
    let store = SQLStore(database: database, logger: logger)
    let result: Result<[MigrationStep], StoreError>
    do {
      result = .success(try await store.migrate(dryRun: dryRun))
    } catch {
      result = .failure(error)
    }
    await store.close()
    return try result.get()
  }

  /// See ``migrate(url:dryRun:logger:)``.
  package func migrate(dryRun: Bool) async throws(StoreError) -> [MigrationStep] {
    guard dryRun else {
      // Another program's migration of a large file, or on a slow disk, takes longer than one wait for SQLite's lock: ten seconds.
      var waits = 0
      while true {
        do throws(StoreError) {
          return try await database.write { (connection) throws(StoreError) in
            try Migrator.migrate(connection)
          }
        } catch {
          waits += 1
          guard case .unavailable = error, database.dialect == .sqlite, waits < 12 else {
            throw error
          }
        }
      }
    }
    return Migrator.missing(from: try await schemaVersion(), for: database.dialect)
  }

  /// The number of the newest migration that the database has; 0 for an empty one.
  ///
  /// - Throws: ``StoreError/newerSchema(found:known:)``.
  package func schemaVersion() async throws(StoreError) -> Int {
    let found = try await database.read { (connection) throws(StoreError) in
      try Migrator.version(connection)
    }
    guard found <= Migration.current else {
      throw .newerSchema(found: found, known: Migration.current)
    }
    return found
  }

  private func seeToSchema(_ policy: SchemaPolicy) async throws(StoreError) {
    let found = try await schemaVersion()
    guard found < Migration.current else { return }
    switch policy {
    case .migrate:
      for step in try await migrate(dryRun: false) {
        logger.info("migrated the database", metadata: ["step": "\(step.number) \(step.name)"])
      }
    case .require: throw .olderSchema(found: found, known: Migration.current)
    }
  }
}
