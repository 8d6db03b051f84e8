import HoldfastStorage

extension Defect {
  /// The statement to run in place of `sql`, which has SQLite's numbered parameters.
  func rewritten(_ sql: String, _ request: Request) -> String {
    switch (self, request) {
    case (.reportsWithoutToken, .report), (.beatsWithoutToken, .beat):
      return Self.withoutToken(sql)
    case (.reportsInAnyOrder, .report):
      return sql.replacing("scans.report_sequence < r.sequence", with: "TRUE")
        .replacing("scans.report_sequence < ?3", with: "TRUE")
    case (.beatsNameNoAttempt, .beat(let life, _)):
      return sql.replacing(
        "WHERE scans.id = ?1 AND scans.lease_token = ?2",
        with: "WHERE scans.worker_id = '\(life.id)'"
      ).replacing("scans.last_activity_at = scans.claimed_at", with: "FALSE")
    case (.recoversByIDAlone, .sweep) where sql.contains("recovery_info ="):
      return Self.withoutGuard(sql)
    case (.neverBeatIsExempt, .sweep), (.neverBeatIsExempt, .dryRun):
      return sql.replacing(
        "s.check_at <=",
        with: "(s.status <> 'running' OR s.last_activity_at > s.claimed_at) AND s.check_at <=")
    case (.completesWithoutEvent, .report)
    where sql.contains("INSERT INTO scan_lifecycle_events"):
      return Self.inserting(sql, where: "?3 <> 'scan_completed'")
    case (.recoversWithoutEvent, .sweep)
    where sql.contains("INSERT INTO scan_lifecycle_events"):
      return Self.inserting(sql, where: "?3 = 'scan_verdict'")
    case (.sweepDoesNotPage, .sweep), (.sweepDoesNotPage, .dryRun):
      if sql.contains("s.check_at <=") { return sql.replacing("LIMIT ?3", with: "LIMIT 1") }
      return sql.contains("SET check_at = r.at") ? sql + " AND FALSE" : sql
    case (.recoveryStartsWork, .sweep) where sql.contains("recovery_info ="):
      return sql.replacing(
        "status = ?5,",
        with: """
          status = CASE ?5 WHEN 'pending' THEN 'running' ELSE ?5 END,
          lease_token = scans.lease_token + 1,
          """)
    case (.rowBeforeProcess, .sweep) where sql.contains("s.check_at <="):
      // The order is taken for one given long ago, so that nobody is waited for.
      return sql.replacing("s.ordered_at,", with: "'2000-01-01T00:00:00.000Z',")
    case (.lateSuccessIsApplied, .report)
    where sql.contains("scans.status IN ('running')"):
      return Self.withoutToken(sql).replacing("AND scans.status IN ('running')", with: "")
    case (.crashesAreNotCounted, _) where sql.contains("crashes = scans.crashes +"):
      return sql.replacing("crashes = scans.crashes + ?9", with: "crashes = 0")
        .replacing("crashes = scans.crashes + ?10", with: "crashes = 0")
    case (.sweepHasItsOwnClock, .sweep) where sql.contains("FROM scans s"):
      return sql.replacing(
        "s.ordered_at, holdfast_now(0)", with: "s.ordered_at, holdfast_now(3600)")
    case (.beatsHaveTheirOwnClock, .beat):
      return sql.replacing(
        "SET last_activity_at = holdfast_now(0)", with: "SET last_activity_at = holdfast_now(3600)")
    case (.checkpointWithoutItems, .report) where sql.contains("INSERT INTO scan_items"):
      return Self.inserting(sql, where: "?2 NOT LIKE '%7'")
    case (.itemsCountTwice, .report)
    where sql.contains("SELECT scan_items.scan_id, scan_items.change"):
      return sql + " AND FALSE"
    case (.claimsWhatRuns, .claim):
      return sql.replacing(
        "WHERE status = 'pending' AND priority = ?1",
        with: "WHERE status IN ('pending', 'running') AND priority = ?1"
      ).replacing("scans.status IN ('pending')", with: "scans.status IN ('pending', 'running')")
    default: return sql
    }
  }

  /// Without the fence, in statements over one row's parameters and over a table of rows.
  private static func withoutToken(_ sql: String) -> String {
    [" AND scans.lease_token = ?2", " AND scans.lease_token = r.token"]
      .reduce(sql) { $0.replacing($1, with: "") }
      .replacing("scans.lease_token = r.token AND ", with: "")
  }

  /// The same `INSERT`, for a row that meets a condition alone.
  private static func inserting(_ sql: String, where condition: String) -> String {
    guard let start = sql.ranges(of: "VALUES (").first else { return sql }
    let conflict = sql.ranges(of: "ON CONFLICT").first?.lowerBound ?? sql.endIndex
    guard let end = sql[..<conflict].lastIndex(of: ")") else { return sql }
    return sql[..<start.lowerBound] + "SELECT " + sql[start.upperBound..<end]
      + " WHERE \(condition) " + sql[conflict...]
  }

  /// The predicate up to the id, and none of the rest.
  private static func withoutGuard(_ sql: String) -> String {
    guard let start = sql.ranges(of: "WHERE scans.id = ?1").first,
      let end = sql.ranges(of: "RETURNING").first
    else { return sql }
    return String(sql[..<start.upperBound]) + "\n" + String(sql[end.lowerBound...])
  }
}
