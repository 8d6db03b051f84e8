/// Which database to use: `sqlite:PATH` or `postgres://USER@HOST:PORT/NAME` (any libpq connection URI).
package enum DatabaseURL: Sendable, Hashable {
  case sqlite(path: String)
  /// A libpq connection URI; it may hold a password and is never logged.
  case postgres(uri: String)

  package init(_ text: String) throws(StoreError) {
    if text.hasPrefix("sqlite:") {
      var path = String(text.dropFirst("sqlite:".count))
      if path.hasPrefix("///") { path = String(path.dropFirst(2)) }
      guard !path.isEmpty else {
        throw .badURL("the database URL “sqlite:” lacks a path, as in sqlite:./holdfast.db")
      }
      self = .sqlite(path: path)
    } else if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
      self = .postgres(uri: text)
    } else {
      let scheme = text.split(separator: ":", maxSplits: 1).first.map(String.init) ?? ""
      throw .badURL(
        "a database URL starts with “sqlite:” or “postgres://”, not with “\(scheme):”")
    }
  }
}
