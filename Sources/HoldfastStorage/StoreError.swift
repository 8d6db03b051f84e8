/// What can go wrong between Holdfast and its database.
package enum StoreError: Error, Sendable, Hashable {
  /// The database cannot be reached, is shutting down, or is too busy: try again.
  case unavailable(String)
  /// The database is newer than this program.
  case newerSchema(found: Int, known: Int)
  /// The database has not been migrated as far as this program needs.
  case olderSchema(found: Int, known: Int)
  /// The URL does not name a database.
  case badURL(String)
  /// A cursor that this store did not make.
  case badCursor(String)
  /// A statement was refused: a defect of Holdfast or a schema that somebody changed.
  case statement(String)

  /// Whether the schema is another than the one that the statements are written for: a column or a table that is gone or of another
  /// type, a plan that no longer fits. Codes of PostgreSQL's appendix A; SQLite has words alone.
  package var isSchemaMismatch: Bool {
    guard case .statement(let why) = self else { return false }
    return [
      "(42703)", "(42P01)", "(42804)", "(0A000)", "(26000)", "no such column", "no such table",
      "has no column named",
    ].contains { why.contains($0) }
  }

  /// Whether the same call may succeed later.
  package var isTransient: Bool {
    if case .unavailable = self { true } else { false }
  }
}

extension StoreError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unavailable(let why): "the database cannot be reached: \(why)"
    case .newerSchema(let found, let known):
      "the database has schema \(found), and this holdfast knows up to \(known): use a newer holdfast"
    case .olderSchema(let found, let known):
      "the database has schema \(found), and this holdfast needs \(known): run `holdfast migrate`"
    case .badURL(let why): why
    case .badCursor(let cursor):
      "“\(cursor)” is not a cursor from this list; take `next_cursor` of its previous page"
    case .statement(let why): "the database refused a statement: \(why)"
    }
  }
}
