import Glibc

/// What keeps this user from a SQLite database, told in words before SQLite tells it in numbers.
enum DatabaseFile {
  /// - Returns: `nil` where nothing is in the way, or what is only shows when the file is opened.
  static func obstacle(at path: String) -> CommandFailure? {
    if access(path, F_OK) == 0, let refusal = refusal(of: path, "the database", R_OK | W_OK) {
      return refusal
    }
    let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    // SQLite writes its log beside the database, also for those who only read.
    return refusal(of: parent.isEmpty ? "/" : parent, "the database's folder", W_OK | X_OK)
  }

  private static func refusal(of path: String, _ what: String, _ mode: Int32) -> CommandFailure? {
    guard access(path, mode) != 0 else { return nil }
    let reason = String(cString: strerror(errno))
    return CommandFailure(
      .operatingSystem, "\(what) \(DisplayText.escaped(path)) cannot be written: \(reason)",
      detail: "run holdfast as the user to whom it belongs, or name another with --database or "
        + "--data-dir")
  }
}
