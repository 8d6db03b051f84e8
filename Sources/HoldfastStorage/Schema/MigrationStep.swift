/// One numbered change of the schema, with the statements that make it.
package struct MigrationStep: Sendable, Hashable, Codable {
  /// 1, 2, 3, …; the schema's version after it.
  package var number: Int
  /// What it brings, in a few words.
  package var name: String
  /// Its statements, in the order in which they run.
  package var statements: [String]

  package init(number: Int, name: String, statements: [String]) {
    self.number = number
    self.name = name
    self.statements = statements
  }
}
