import GRDB
package import HoldfastCore

/// SQLite in memory behind the ``Database`` seam, for simulations: it never suspends and runs every piece of work on the thread
/// that asks, so that one seed gives one order of all that happens. The statements are those of the file's database.
package final class SQLiteMemoryDatabase: Database {
  package let dialect = Dialect.sqlite
  private let queue: DatabaseQueue
  private let clocks: SQLiteClocks

  /// - Parameter clock: what stands for the time, in triggers and column defaults too.
  /// - Throws: ``StoreError/badURL(_:)`` where there is no memory for it.
  package init(clock: @escaping @Sendable () -> Timestamp) throws(StoreError) {
    let clocks = SQLiteClocks(clock: clock)
    self.clocks = clocks
    var configuration = Configuration()
    configuration.prepareDatabase { database in
      clocks.install(in: database)
      clocks.replaceSystemTime(in: database)
    }
    do {
      queue = try DatabaseQueue(configuration: configuration)
    } catch {
      throw .badURL("cannot open a SQLite database in memory: \(error)")
    }
  }

  /// Brings its schema up to date.
  package func migrateNow() throws(StoreError) {
    _ = try writeNow { (connection) throws(StoreError) in try Migrator.migrate(connection) }
  }

  /// Becomes a copy of `other`: its schema and all that it holds.
  package func copy(_ other: SQLiteMemoryDatabase) throws(StoreError) {
    do {
      try other.queue.backup(to: queue)
    } catch {
      throw SQLiteDatabase.storeError(error)
    }
  }

  package func read<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    try readNow(body)
  }

  package func write<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    try writeNow(body)
  }

  /// As ``read(_:)``, for callers that cannot wait.
  package func readNow<T>(
    _ body: (any SQLConnection) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    try perform { (database) throws(StoreError) in try body(SQLiteConnection(database)) }
  }

  /// As ``write(_:)``, for callers that cannot wait.
  package func writeNow<T>(
    _ body: (any SQLConnection) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    try perform { (database) throws(StoreError) in
      try SQLiteDatabase.transaction(SQLiteConnection(database), in: database, body)
    }
  }

  private func perform<T>(
    _ body: (GRDB.Database) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    let result: Result<T, StoreError> = queue.inDatabase { database in
      clocks.begin(database)
      return Result { () throws(StoreError) in try body(database) }
    }
    return try result.get()
  }

  /// Nobody else has it open, so that nothing is to be told.
  package func signals(_ channel: SignalChannel) -> AsyncStream<Void> {
    AsyncStream { $0.finish() }
  }

  package func close() async {}
}

extension SQLiteClocks {
  /// Puts this clock in the place of the machine's in triggers and column defaults, whose one form is
  /// `strftime('%Y-%m-%dT%H:%M:%fZ', …)`.
  func replaceSystemTime(in database: GRDB.Database) {
    let clock = clock(of: database)
    database.add(
      function: DatabaseFunction("strftime", argumentCount: 2) { arguments in
        guard let value = String.fromDatabaseValue(arguments[1]) else { return nil }
        return value == "now" ? clock?.text(after: 0) : Timestamp(value)?.description
      })
  }
}
