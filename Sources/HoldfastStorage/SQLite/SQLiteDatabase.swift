import GRDB
import GRDBSQLite
import Glibc
import HoldfastCore
import Logging
import Synchronization

/// SQLite behind the ``Database`` seam: one GRDB pool for the file, one writer, WAL, and every commit on the disk before it
/// is acknowledged.
final class SQLiteDatabase: Database {
  let dialect = Dialect.sqlite
  private let pool: DatabasePool
  private let clocks: SQLiteClocks
  private let doorbell: Doorbell
  private let isClosed = Mutex(false)

  /// - Throws: ``StoreError/badURL(_:)`` where the path cannot hold a database.
  init(
    path: String, maxConnections: Int, logger: Logger, clock: @escaping @Sendable () -> Timestamp
  ) throws(StoreError) {
    let clocks = SQLiteClocks(clock: clock)
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.maximumReaderCount = max(1, maxConnections)
    configuration.label = "holdfast"
    configuration.prepareDatabase { database in
      clocks.install(in: database)
      // 16 MB of cache for the one that writes, with which a first scan of two million files keeps below 200 MB; 4 MB for each of
      // those that read a page here and there; and a larger log before a checkpoint: fewer and larger writes.
      let isReader = database.configuration.readonly
      try database.execute(sql: "PRAGMA cache_size = \(isReader ? -4096 : -16384)")
      if !isReader {
        try database.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
      }
    }
    do {
      pool = try SQLiteDatabase.open(path: path, configuration: configuration)
      // GRDB asks WAL for NORMAL, which may lose the last commits in a power cut.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    } catch {
      throw .badURL("cannot open the SQLite database “\(path)”: \(error)")
    }
    self.clocks = clocks
    doorbell = Doorbell(path: path, logger: logger)
  }

  /// Two programs that open a new file at once both switch it to WAL, and the later one may find it locked.
  private static func open(path: String, configuration: Configuration) throws -> DatabasePool {
    var attempts = 0
    while true {
      do {
        return try DatabasePool(path: path, configuration: configuration)
      } catch let error as DatabaseError
        where error.resultCode == .SQLITE_BUSY && attempts < 100
      {
        attempts += 1
        usleep(20_000)
      }
    }
  }

  func read<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    try refuseIfClosed()
    let result = await withCheckedContinuation {
      (continuation: CheckedContinuation<Result<T, StoreError>, Never>) in
      pool.asyncRead { [clocks] access in
        continuation.resume(
          returning: Result { () throws(StoreError) in
            do {
              let database = try access.get()
              clocks.begin(database)
              let connection = SQLiteConnection(database)
              return try body(connection)
            } catch {
              throw SQLiteDatabase.storeError(error)
            }
          })
      }
    }
    return try result.get()
  }

  func write<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    try refuseIfClosed()
    let result = await withCheckedContinuation {
      (continuation: CheckedContinuation<Result<T, StoreError>, Never>) in
      pool.asyncWriteWithoutTransaction { [clocks, doorbell] database in
        continuation.resume(
          returning: Result { () throws(StoreError) in
            let connection = SQLiteConnection(database)
            clocks.begin(database)
            let value = try SQLiteDatabase.transaction(connection, in: database, body)
            for channel in connection.notified { doorbell.ring(channel) }
            return value
          })
      }
    }
    return try result.get()
  }

  /// `BEGIN IMMEDIATE` takes the write lock at once: a transaction that reads first and then wants it could be refused.
  static func transaction<T>(
    _ connection: SQLiteConnection, in database: GRDB.Database,
    _ body: (any SQLConnection) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    do {
      try database.beginTransaction(.immediate)
      do {
        let value = try body(connection)
        try database.commit()
        return value
      } catch {
        // A failed statement may have rolled everything back by itself; then there is nothing left to do here.
        if database.isInsideTransaction { try database.rollback() }
        throw error
      }
    } catch {
      throw storeError(error)
    }
  }

  func signals(_ channel: SignalChannel) -> AsyncStream<Void> {
    doorbell.signals(channel)
  }

  func close() async {
    let wasClosed = isClosed.withLock { closed in
      defer { closed = true }
      return closed
    }
    guard !wasClosed else { return }
    doorbell.close()
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      pool.asyncBarrierWriteWithoutTransaction { _ in continuation.resume() }
    }
    // A reader that is still at work keeps its connection until it is done; the pool then closes with its last reference.
    try? pool.close()
  }

  private func refuseIfClosed() throws(StoreError) {
    guard !isClosed.withLock({ $0 }) else { throw .unavailable("the store is closed") }
  }

  static func storeError(_ error: any Error) -> StoreError {
    switch error {
    case let error as StoreError: return error
    case let error as DatabaseError:
      let text = "\(error.message ?? "SQLite error \(error.resultCode.rawValue)")"
      return storeError(code: error.resultCode.rawValue, message: text)
    default: return .statement(String(describing: error))
    }
  }

  /// Which of SQLite's primary result codes are worth another try.
  static func storeError(code: CInt, message: String) -> StoreError {
    switch code & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_NOMEM,
      SQLITE_INTERRUPT, SQLITE_MISUSE:
      .unavailable(message)
    default: .statement(message)
    }
  }
}
