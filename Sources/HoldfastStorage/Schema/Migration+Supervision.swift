extension Migration {
  /// When each active scan is to be looked at next, what is held of it, and who leads the sweep.
  static let supervision = Migration(number: 2, name: "supervision") { dialect in
    let time = dialect.typeName(.time)
    let text = dialect.typeName(.text)
    let json = dialect.typeName(.json)
    let int = dialect.typeName(.int)
    let double = dialect.typeName(.double)
    let columns = [
      // Null in rows that older programs write, which is taken for the longest due of all.
      "check_at \(time)",
      "stuck_attempts \(int) NOT NULL DEFAULT 0",
      "done_at_claim \(int) NOT NULL DEFAULT 0",
      "paused_at \(time)",
      "wait_since \(time)",
      "wait_limit_seconds \(double)",
      "waited_seconds \(double) NOT NULL DEFAULT 0",
      "answered_at \(time)",
      "activity_at \(time)",
      "verdict \(json)",
      "verdict_at \(time)",
      "diagnosis \(json)",
      "ordered_recovery \(json)",
      "ordered_at \(time)",
    ]
    return columns.map { "ALTER TABLE scans ADD COLUMN \($0)" } + [
      // A heartbeat moves no column of it, so that it stays as it is until a sweep finds a scan and sets its next look.
      """
      CREATE INDEX scans_check ON scans (check_at, number)
      WHERE \(isActive())
      """,
      """
      CREATE TABLE leaderships (
        name \(text) PRIMARY KEY,
        holder \(text) NOT NULL,
        term \(int) NOT NULL,
        acquired_at \(time) NOT NULL,
        expires_at \(time) NOT NULL
      )
      """,
    ]
  }
}
