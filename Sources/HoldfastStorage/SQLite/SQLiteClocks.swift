import GRDB
import GRDBSQLite
import HoldfastCore
import Synchronization

/// The SQL function `holdfast_now(seconds)`: the time at which the transaction began, plus so many seconds, as SQLite text.
///
/// The time is fixed for a transaction, as PostgreSQL's `now()` is, so that a row and the event that tells of it agree.
final class SQLiteClocks: Sendable {
  private let clock: @Sendable () -> Timestamp
  private let connections = Mutex<[UInt: SQLiteClock]>([:])

  init(clock: @escaping @Sendable () -> Timestamp) {
    self.clock = clock
  }

  /// Fixes the time of a connection's transaction, which begins now.
  func begin(_ database: GRDB.Database) {
    self.clock(of: database)?.now = clock()
  }

  /// The clock of a connection in which this was installed.
  func clock(of database: GRDB.Database) -> SQLiteClock? {
    guard let connection = database.sqliteConnection else { return nil }
    return connections.withLock { $0[UInt(bitPattern: connection)] }
  }

  func install(in database: GRDB.Database) {
    guard let connection = database.sqliteConnection else { return }
    let own = SQLiteClock(now: clock())
    let key = UInt(bitPattern: connection)
    connections.withLock { $0[key] = own }
    // Deterministic, because it is so within a statement: SQLite then calls it once for all rows of one.
    sqlite3_create_function_v2(
      connection, "holdfast_now", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
      Unmanaged.passRetained(own).toOpaque(),
      { context, _, arguments in
        guard let own = sqlite3_user_data(context), let seconds = arguments?[0] else { return }
        let clock = Unmanaged<SQLiteClock>.fromOpaque(own).takeUnretainedValue()
        var text = clock.text(after: sqlite3_value_double(seconds))
        text.withUTF8 { bytes in
          bytes.withMemoryRebound(to: CChar.self) { bytes in
            sqlite3_result_text(
              context, bytes.baseAddress, CInt(bytes.count), sqliteTransient)
          }
        }
      }, nil, nil,
      { own in
        if let own { Unmanaged<SQLiteClock>.fromOpaque(own).release() }
      })
  }
}

/// The time of one connection's transaction. Unchecked, because a connection is used by one thread at a time, which GRDB
/// sees to.
final class SQLiteClock: @unchecked Sendable {
  var now: Timestamp {
    didSet { nowText = now.description }
  }
  private var nowText: String

  init(now: Timestamp) {
    self.now = now
    nowText = now.description
  }

  func text(after seconds: Double) -> String {
    seconds == 0 ? nowText : now.adding(seconds: seconds).description
  }
}
