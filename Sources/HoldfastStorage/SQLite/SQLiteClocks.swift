import GRDB
import HoldfastCore
import Synchronization

/// The SQL function `holdfast_now(seconds)`: the time at which the transaction began, plus so many seconds, as SQLite text.
///
/// The time is fixed for a transaction, as PostgreSQL's `now()` is, so that a row and the event that tells of it agree.
final class SQLiteClocks: Sendable {
  private let clock: @Sendable () -> Timestamp

  init(clock: @escaping @Sendable () -> Timestamp) {
    self.clock = clock
  }

  /// The time at which the work on this thread began. GRDB runs one piece of work on one thread.
  @TaskLocal private static var stoppedAt: Timestamp?

  func stopped<T>(_ body: () throws(StoreError) -> T) throws(StoreError) -> T {
    let result: Result<T, StoreError> = SQLiteClocks.$stoppedAt.withValue(clock()) {
      Result(catching: body)
    }
    return try result.get()
  }

  var now: Timestamp { SQLiteClocks.stoppedAt ?? clock() }

  func install(in database: GRDB.Database) {
    database.add(
      function: DatabaseFunction("holdfast_now", argumentCount: 1) { [self] arguments in
        let seconds = Double.fromDatabaseValue(arguments[0]) ?? 0
        return (seconds == 0 ? now : now.adding(seconds: seconds)).description
      })
  }
}
