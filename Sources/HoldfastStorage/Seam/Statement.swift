/// One SQL statement in the words of both databases, made once.
package struct Statement: Sendable {
  let sqlite: String
  let postgres: String

  /// - Parameter make: writes the statement for a dialect, with `$1`, `$2`, … for its parameters.
  package init(_ make: (Dialect) -> String) {
    sqlite = Statement.withQuestionMarks(make(.sqlite))
    postgres = make(.postgres)
  }

  /// A statement that both databases understand as it is.
  package init(_ sql: String) {
    self.init { _ in sql }
  }

  package func text(for dialect: Dialect) -> String {
    switch dialect {
    case .sqlite: sqlite
    case .postgres: postgres
    }
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
