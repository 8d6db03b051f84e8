/// One SQL statement in the words of both databases, made once.
package struct Statement: Sendable {
  let sqlite: String
  let postgres: String

  /// - Parameter make: writes the statement for a dialect, with `$1`, `$2`, … for its parameters.
  package init(_ make: (Dialect) -> String) {
    sqlite = Statement.withQuestionMarks(make(.sqlite))
    postgres = make(.postgres)
  }

  /// A statement that changes or inserts one row for each row of a ``Recordset``.
  ///
  /// - Parameters:
  ///   - shape: the recordset's columns, which `make` calls `r.name`.
  ///   - first: the number of the first one's parameter.
  ///   - make: writes the statement with ``Dialect/each(_:from:)`` or ``Dialect/values(_:of:from:)``. SQLite runs it once
  ///     for each row, so that `r.name` is simply a parameter there.
  init(forEach shape: RowShape, from first: Int = 1, _ make: (Dialect) -> String) {
    sqlite = Statement.withQuestionMarks(
      Statement.replacingColumns(of: shape, from: first, in: make(.sqlite)))
    postgres = make(.postgres)
  }

  /// A statement that both databases understand as it is.
  package init(_ sql: String) {
    self.init { _ in sql }
  }

  private init(sqlite: String, postgres: String) {
    self.sqlite = sqlite
    self.postgres = postgres
  }

  /// The same statement, to be prepared apart from this one.
  func marked(_ mark: StaticString) -> Statement {
    Statement(sqlite: sqlite, postgres: "\(postgres) /* \(mark) */")
  }

  package func text(for dialect: Dialect) -> String {
    switch dialect {
    case .sqlite: sqlite
    case .postgres: postgres
    }
  }

  /// Writes `r.name` as `$n`.
  private static func replacingColumns(
    of shape: RowShape, from first: Int, in sql: String
  ) -> String {
    var result = ""
    var rest = sql[...]
    while let place = rest.firstRange(of: "r.") {
      let before =
        place.lowerBound == sql.startIndex ? " " : sql[sql.index(before: place.lowerBound)]
      let name = rest[place.upperBound...].prefix { $0.isLetter || $0 == "_" }
      let column = shape.columns.firstIndex { $0.name == name }
      result += rest[..<place.lowerBound]
      if let column, !before.isLetter, before != "_" {
        result += "$\(first + column)"
        rest = rest[name.endIndex...]
      } else {
        result += "r."
        rest = rest[place.upperBound...]
      }
    }
    return result + rest
  }

  /// SQLite numbers `?1`, and takes `$1` for a name.
  private static func withQuestionMarks(_ sql: String) -> String {
    var result: [UInt8] = []
    var previous: UInt8?
    for byte in sql.utf8 {
      if previous == UInt8(ascii: "$"), byte >= UInt8(ascii: "1"), byte <= UInt8(ascii: "9") {
        result[result.count - 1] = UInt8(ascii: "?")
      }
      result.append(byte)
      previous = byte
    }
    return String(decoding: result, as: UTF8.self)
  }
}
