/// What the two databases say differently.
package enum Dialect: String, Sendable, CaseIterable {
  case sqlite, postgres

  /// The time of the transaction.
  var now: String {
    switch self {
    case .sqlite: "holdfast_now(0)"
    case .postgres: "now()"
    }
  }

  /// The time of the transaction plus so many seconds.
  func now(plus seconds: String) -> String {
    switch self {
    case .sqlite: "holdfast_now(\(seconds))"
    case .postgres: "now() + make_interval(secs => \(seconds))"
    }
  }

  /// The seconds from a time to that of the transaction.
  func seconds(since time: String) -> String {
    switch self {
    case .sqlite: "(julianday(\(now)) - julianday(\(time))) * 86400.0"
    case .postgres: "extract(epoch FROM \(now) - \(time))::double precision"
    }
  }

  /// Locks the rows read until the end of the transaction. SQLite's write transactions are alone anyway.
  func locking(_ table: String) -> String {
    switch self {
    case .sqlite: ""
    case .postgres: "FOR NO KEY UPDATE OF \(table)"
    }
  }

  /// Locks the rows read, and passes over those that another transaction holds.
  var skippingLocked: String {
    switch self {
    case .sqlite: ""
    case .postgres: "FOR UPDATE SKIP LOCKED"
    }
  }

  /// Has a statement go by an index that SQLite, which knows nothing of how few rows a partial one has, would not choose by itself.
  func byIndex(_ name: String) -> String {
    switch self {
    case .sqlite: "INDEXED BY \(name)"
    case .postgres: ""
    }
  }

  /// What a stored progress says is done; 0 where there is none.
  func done(of progress: String) -> String {
    switch self {
    case .sqlite: "coalesce(json_extract(\(progress), '$.done'), 0)"
    case .postgres: "coalesce((\(progress) ->> 'done')::bigint, 0)"
    }
  }

  /// A text member of a JSON column.
  func text(of member: String, in column: String) -> String {
    switch self {
    case .sqlite: "json_extract(\(column), '$.\(member)')"
    case .postgres: "(\(column) ->> '\(member)')"
    }
  }

  /// Whether a text holds another, whatever the case of ASCII letters (and, in PostgreSQL, of those that its locale knows).
  func contains(_ text: String, _ part: String) -> String {
    switch self {
    case .sqlite: "instr(lower(\(text)), lower(\(part))) > 0"
    case .postgres: "strpos(lower(\(text)), lower(\(part))) > 0"
    }
  }

  /// A text that is ordered by its bytes, as SQLite orders all of them.
  func byBytes(_ text: String) -> String {
    switch self {
    case .sqlite: text
    case .postgres: "\(text) COLLATE \"C\""
    }
  }

  func larger(_ left: String, _ right: String) -> String {
    switch self {
    case .sqlite: "max(\(left), \(right))"
    case .postgres: "greatest(\(left), \(right))"
    }
  }

  /// The rows of a ``Recordset`` as a table named `r`, whose parameters are numbered from `first`.
  func rows(_ shape: RowShape, from first: Int) -> String {
    let columns = shape.columns.enumerated()
    switch self {
    case .sqlite:
      let values = columns.map { "$\(first + $0.offset) AS \($0.element.name)" }
      return "(SELECT \(values.joined(separator: ", "))) AS r"
    case .postgres:
      let arrays = columns.map { "$\(first + $0.offset)::\(typeName($0.element.type))[]" }
      let names = columns.map(\.element.name)
      return "unnest(\(arrays.joined(separator: ", "))) AS r(\(names.joined(separator: ", ")))"
    }
  }

  /// The `FROM` of an `UPDATE` for each row of a ``Recordset``; see ``Statement/init(forEach:from:_:)``.
  func each(_ shape: RowShape, from first: Int = 1) -> String {
    switch self {
    case .sqlite: ""
    case .postgres: "FROM \(rows(shape, from: first))"
    }
  }

  /// The rows of an `INSERT` for each row of a ``Recordset``; see ``Statement/init(forEach:from:_:)``.
  func values(_ expressions: String, of shape: RowShape, from first: Int = 1) -> String {
    switch self {
    case .sqlite: "VALUES (\(expressions))"
    case .postgres: "SELECT \(expressions) FROM \(rows(shape, from: first))"
    }
  }

  /// The database's own name of a type.
  func typeName(_ type: ColumnType) -> String {
    switch (self, type) {
    case (.postgres, .bool): "boolean"
    case (.postgres, .int): "bigint"
    case (.postgres, .double): "double precision"
    case (.postgres, .text): "text"
    case (.postgres, .blob): "bytea"
    case (.postgres, .uuid): "uuid"
    case (.postgres, .time): "timestamptz"
    case (.postgres, .json): "json"
    case (.sqlite, .bool), (.sqlite, .int): "INTEGER"
    case (.sqlite, .double): "REAL"
    case (.sqlite, .blob): "BLOB"
    case (.sqlite, .text), (.sqlite, .uuid), (.sqlite, .time), (.sqlite, .json): "TEXT"
    }
  }
}
