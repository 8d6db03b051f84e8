import GRDB
import GRDBSQLite
import HoldfastCore

/// One of the pool's connections during one piece of work. GRDB prepares and keeps the statements; values are bound and read
/// through SQLite's own calls, because these are the store's innermost loops.
final class SQLiteConnection: SQLConnection {
  let dialect = Dialect.sqlite
  private let database: GRDB.Database
  private(set) var notified: Set<SignalChannel> = []

  init(_ database: GRDB.Database) {
    self.database = database
  }

  func notify(_ channel: SignalChannel) throws(StoreError) {
    notified.insert(channel)
  }

  func runScript(_ sql: String) throws(StoreError) {
    do {
      try database.execute(sql: sql)
    } catch {
      throw SQLiteDatabase.storeError(error)
    }
  }

  @discardableResult
  func run(
    _ statement: Statement, _ parameters: [SQLValue], rows: Recordset?,
    _ body: (any SQLRow) throws(StoreError) -> Void
  ) throws(StoreError) -> Int {
    let handle: OpaquePointer
    // Held for the whole run: it owns the handle.
    let prepared: GRDB.Statement
    do {
      prepared = try database.cachedStatement(sql: statement.sqlite)
      handle = prepared.sqliteStatement
    } catch {
      throw SQLiteDatabase.storeError(error)
    }
    defer {
      sqlite3_reset(handle)
      sqlite3_clear_bindings(handle)
    }
    var changed = 0
    sqlite3_reset(handle)
    for (index, value) in parameters.enumerated() { bind(value, to: handle, at: index + 1) }
    let row = SQLiteRow(handle)
    if let rows {
      for index in 0..<rows.count {
        for (column, values) in rows.columns.enumerated() {
          bind(values, index, to: handle, at: parameters.count + column + 1)
        }
        changed += try step(handle, row, body)
        sqlite3_reset(handle)
      }
    } else {
      changed = try step(handle, row, body)
    }
    return withExtendedLifetime(prepared) { changed }
  }

  /// Runs the statement to its end.
  ///
  /// - Returns: how many rows it changed itself; what triggers did beside it does not count.
  private func step(
    _ handle: OpaquePointer, _ row: SQLiteRow, _ body: (any SQLRow) throws(StoreError) -> Void
  ) throws(StoreError) -> Int {
    let connection = sqlite3_db_handle(handle)
    let before = sqlite3_total_changes(connection)
    while true {
      switch sqlite3_step(handle) {
      case SQLITE_ROW:
        try body(row)
        if let fault = row.fault { throw .statement(fault) }
      case SQLITE_DONE:
        // `changes` still tells of an earlier statement where this one changed nothing.
        return sqlite3_total_changes(connection) == before ? 0 : Int(sqlite3_changes(connection))
      case let code:
        let message = String(cString: sqlite3_errmsg(sqlite3_db_handle(handle)))
        throw SQLiteDatabase.storeError(code: code, message: message)
      }
    }
  }

  // MARK: Binding

  private func bind(_ value: SQLValue, to handle: OpaquePointer, at index: Int) {
    switch value {
    case .bool(let value): bind(value.map { Int64($0 ? 1 : 0) }, to: handle, at: index)
    case .int(let value): bind(value, to: handle, at: index)
    case .double(let value): bind(value, to: handle, at: index)
    case .text(let value), .json(let value): bind(value, to: handle, at: index)
    case .blob(let value): bind(value, to: handle, at: index)
    case .uuid(let value): bind(value?.description, to: handle, at: index)
    case .time(let value): bind(value?.description, to: handle, at: index)
    }
  }

  private func bind(
    _ column: Recordset.Column, _ row: Int, to handle: OpaquePointer, at index: Int
  ) {
    switch column {
    case .bools(let values): bind(values[row].map { Int64($0 ? 1 : 0) }, to: handle, at: index)
    case .ints(let values): bind(values[row], to: handle, at: index)
    case .doubles(let values): bind(values[row], to: handle, at: index)
    case .texts(let values), .jsons(let values): bind(values[row], to: handle, at: index)
    case .blobs(let values): bind(values[row], to: handle, at: index)
    case .uuids(let values): bind(values[row]?.description, to: handle, at: index)
    case .times(let values): bind(values[row]?.description, to: handle, at: index)
    }
  }

  private func bind(_ value: Int64?, to handle: OpaquePointer, at index: Int) {
    guard let value else { return bindNull(to: handle, at: index) }
    sqlite3_bind_int64(handle, CInt(index), value)
  }

  private func bind(_ value: Double?, to handle: OpaquePointer, at index: Int) {
    guard let value else { return bindNull(to: handle, at: index) }
    sqlite3_bind_double(handle, CInt(index), value)
  }

  private func bind(_ value: String?, to handle: OpaquePointer, at index: Int) {
    guard var value = value?.withoutNUL else { return bindNull(to: handle, at: index) }
    value.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { bytes in
        // An empty text has no address of its own, and without one SQLite would bind a null.
        let start = bytes.baseAddress
        if let start {
          sqlite3_bind_text(handle, CInt(index), start, CInt(bytes.count), sqliteTransient)
        } else {
          sqlite3_bind_text(handle, CInt(index), "", 0, sqliteTransient)
        }
      }
    }
  }

  private func bind(_ value: [UInt8]?, to handle: OpaquePointer, at index: Int) {
    guard let value else { return bindNull(to: handle, at: index) }
    _ = value.withUnsafeBytes { bytes in
      if let start = bytes.baseAddress, bytes.count > 0 {
        sqlite3_bind_blob(handle, CInt(index), start, CInt(bytes.count), sqliteTransient)
      } else {
        sqlite3_bind_zeroblob(handle, CInt(index), 0)
      }
    }
  }

  private func bindNull(to handle: OpaquePointer, at index: Int) {
    sqlite3_bind_null(handle, CInt(index))
  }
}

/// Tells SQLite to copy what is bound (`SQLITE_TRANSIENT`, a macro that Swift does not see).
let sqliteTransient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension String {
  /// PostgreSQL keeps no NUL in a text; so that both databases agree, neither does SQLite here.
  var withoutNUL: String {
    utf8.contains(0) ? String(map { $0 == "\0" ? "\u{FFFD}" : $0 }) : self
  }
}
