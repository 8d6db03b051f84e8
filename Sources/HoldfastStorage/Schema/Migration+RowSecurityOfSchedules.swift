extension Migration {
  /// The wall of ``rowSecurity`` around what came after it.
  static let rowSecurityOfSchedules = Migration(
    number: 16, name: "row-level security of schedules"
  ) { dialect in
    // SQLite has no roles; a database file is for one program.
    guard dialect == .postgres else { return ["SELECT 1"] }
    return [RowSecurity.wall(around: "schedules", rights: "SELECT, INSERT, UPDATE, DELETE")]
  }
}
