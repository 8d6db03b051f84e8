/// What the rows of one page of a list must meet, with the statement's parameters: the first is how many rows to read, one more than
/// the page has, so that it is known whether there is a next one.
struct PageConditions: Sendable {
  private(set) var parameters: [SQLValue]
  private var conditions: [String] = []

  init(limit: Int) {
    parameters = [.int(Int64(limit) + 1)]
  }

  /// - Parameters:
  ///   - condition: writes the condition on its parameter, `$2` and so on.
  ///   - value: `nil` for no such condition.
  mutating func add(_ value: SQLValue?, _ condition: (_ place: String) -> String) {
    guard let value else { return }
    parameters.append(value)
    conditions.append(condition("$\(parameters.count)"))
  }

  /// The place after which the page begins, where rows are ordered by a text.
  ///
  /// - Throws: ``StoreError`` for a cursor that this store has not made.
  mutating func begin(
    after cursor: String?, _ condition: (_ place: String) -> String
  ) throws(StoreError) {
    add(try cursor.map(Cursor.decodeText).map { .text($0) }, condition)
  }

  /// Completes `WHERE`.
  var text: String { conditions.isEmpty ? "TRUE" : conditions.joined(separator: " AND ") }
}
