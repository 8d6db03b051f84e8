import HoldfastCore
import HoldfastStorage
import Logging
import Synchronization

/// The migrated database that every world starts with a copy of, with the triggers by which the simulator sees what changes.
enum Template {
  private static let made = Mutex<SQLiteMemoryDatabase?>(nil)

  static func database() throws(StoreError) -> SQLiteMemoryDatabase {
    let result = made.withLock { made -> Result<SQLiteMemoryDatabase, StoreError> in
      if let made { return .success(made) }
      return Result { () throws(StoreError) in
        let database = try SQLiteMemoryDatabase {
          Timestamp(unixMilliseconds: VirtualClock.origin)
        }
        try database.migrateNow()
        try database.writeNow { (connection) throws(StoreError) in
          for script in Change.schema { try connection.runScript(script) }
        }
        made = database
        return database
      }
    }
    return try result.get()
  }
}
