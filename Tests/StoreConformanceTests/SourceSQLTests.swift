import HoldfastCore
import HoldfastStorage
import Testing

/// The SQL that the sources' runbooks print, run from a shell as an operator would.
@Suite struct SourceSQLTests {
  // MARK: The runbook of stuck website scans

  @Test func stuckScansRunbookQueries() async throws {
    let fixture = try await Fixture(.postgres)
    let claim = try await fixture.running(.sample(kind: "site"))
    try await fixture.shell(
      "UPDATE scans SET created_at = created_at - INTERVAL '1 hour' WHERE id = '\(claim.scan.id)'")
    let stuck = try await fixture.shell(
      """
      -- Find potentially stuck scans
      SELECT
        id,
        status,
        created_at,
        last_activity_at,
        progress_message,
        EXTRACT(EPOCH FROM (NOW() - created_at))/60 as runtime_minutes,
        EXTRACT(EPOCH FROM (NOW() - last_activity_at))/60 as heartbeat_age_minutes,
        max_runtime_minutes,
        heartbeat_interval_seconds
      FROM scans
      WHERE status = 'running'
        AND (
          created_at < NOW() - INTERVAL '15 minutes' OR
          last_activity_at < NOW() - INTERVAL '5 minutes'
        )
      ORDER BY created_at DESC;
      """)
    #expect(stuck.hasPrefix("\(claim.scan.id)|running|"))
    let story = try await fixture.shell(
      """
      SELECT
        event_type,
        event_data,
        created_at
      FROM scan_lifecycle_events
      WHERE scan_id = '\(claim.scan.id)'
      ORDER BY created_at DESC;
      """)
    #expect(story.contains("scan_claimed|"))
    let count = try await fixture.shell(
      """
      SELECT COUNT(*) FROM scans
      WHERE status = 'running'
        AND created_at < NOW() - INTERVAL '15 minutes';
      """)
    #expect(count == "1\n")
  }

  @Test func stuckScansRunbookFailsAScanByHand() async throws {
    let fixture = try await Fixture(.postgres)
    let claim = try await fixture.running(.sample(kind: "site", exclusivity: .target))
    try await fixture.shell(
      """
      UPDATE scans
      SET
        status = 'failed',
        ended_at = NOW(),
        error_message = 'Manually marked as failed - scan appeared stuck',
        cleanup_reason = 'manual_intervention',
        updated_at = NOW()
      WHERE id = '\(claim.scan.id)' AND status = 'running';
      """)
    try await expectFailedByHand(claim, fixture, "Manually marked as failed - scan appeared stuck")
    try await fixture.submit(.sample(kind: "site", exclusivity: .target))
  }

  @Test(arguments: TestedDatabase.allCases)
  func dependencyRunbookFailsAScanByHand(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running(.sample(kind: "dependencies"))
    try await fixture.shell(
      """
      UPDATE scans SET status='failed', error_message='Timeout - manual intervention' \
      WHERE id='\(claim.scan.id)'
      """)
    try await expectFailedByHand(claim, fixture, "Timeout - manual intervention")
    let counts = try await fixture.shell("SELECT status, COUNT(*) FROM scans GROUP BY status")
    #expect(counts == "failed|1\n")
  }

  // MARK: The scanner-reliability document

  @Test(arguments: TestedDatabase.allCases)
  func libraryHistoryReads(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    try await fixture.report(
      AttemptReport(
        lease: claim.lease,
        items: [
          Item(key: "a", type: "file", change: .added),
          Item(key: "b", type: "file", change: .updated),
        ], errors: [ItemError(path: "huge.mp4", type: "oversized", message: "too large")],
        end: .completed(
          message: "Scan completed", summary: ["categories_found": 5, "courses_found": 20])))
    _ = try await fixture.running(.sample("https://x", kind: "site"))
    let row = try await fixture.shell(
      """
      SELECT id, started_by_id, status, root_path, categories_found, courses_found, files_added,
        files_updated, files_removed, errors_count, message, error_message FROM scan_history
      """)
    #expect(
      row == "\(claim.scan.number)||partial|/data|5|20|1|1|0|1|Scan completed|\n")
    let failed = try await fixture.shell(
      """
      SELECT * FROM scan_history
      WHERE status = 'failed'
      ORDER BY started_at DESC
      LIMIT 10;
      """)
    #expect(failed.isEmpty)
    #expect(
      try await fixture.shell("SELECT scan_id, error_type, file_path FROM scan_errors")
        == "\(claim.scan.number)|oversized|huge.mp4\n")
  }

  @Test func libraryQueriesWithIntervals() async throws {
    let fixture = try await Fixture(.postgres)
    _ = try await fixture.scan(in: .partial)
    _ = try await fixture.scan(in: .completed)
    let summary = try await fixture.shell(
      """
      SELECT error_type, COUNT(*)
      FROM scan_errors
      WHERE created_at > NOW() - INTERVAL '7 days'
      GROUP BY error_type;
      """)
    #expect(summary == "oversized|1\n")
    let average = try await fixture.shell(
      """
      SELECT AVG(completed_at - started_at) as avg_duration
      FROM scan_history
      WHERE status = 'completed'
      AND completed_at > NOW() - INTERVAL '30 days';
      """)
    #expect(average.hasPrefix("00:0"))
  }

  @Test func libraryScanIsFailedThroughItsHistory() async throws {
    let fixture = try await Fixture(.postgres)
    let claim = try await fixture.running(.sample(exclusivity: .target))
    let site = try await fixture.running(.sample("https://x", kind: "site"))
    try await fixture.shell(
      """
      -- Update scan to failed
      UPDATE scan_history
      SET status = 'failed',
          completed_at = NOW(),
          error_message = 'Server interrupted'
      WHERE status = 'running';

      -- Release lock
      UPDATE scan_lock SET is_locked = FALSE WHERE id = 1;
      """)
    try await expectFailedByHand(claim, fixture, "Server interrupted")
    #expect(try await fixture.scan(site.scan.id).status == .running)
  }

  @Test func libraryScanIsFailedThroughItsHistoryOnSQLite() async throws {
    let fixture = try await Fixture(.sqlite)
    let claim = try await fixture.running(.sample(exclusivity: .target))
    try await fixture.shell(
      """
      UPDATE scan_history
      SET status = 'failed',
          completed_at = datetime('now'),
          error_message = 'Server interrupted'
      WHERE status = 'running';
      UPDATE scan_lock SET is_locked = FALSE WHERE id = 1;
      """)
    try await expectFailedByHand(claim, fixture, "Server interrupted")
  }

  @Test(arguments: TestedDatabase.allCases)
  func unlockingFreesTheScope(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let isFree = "SELECT id, is_locked, locked_by_id, scan_id FROM scan_lock"
    let flags = database == .postgres ? ("f", "t") : ("0", "1")
    #expect(try await fixture.shell(isFree) == "1|\(flags.0)||\n")
    try await fixture.shell("UPDATE scan_lock SET is_locked = FALSE WHERE id = 1;")
    var request = ScanRequest.sample(exclusivity: .target)
    request.createdBy = "17"
    let claim = try await fixture.running(request)
    let waiting = try await fixture.submit(.sample("/b", exclusivity: .target))
    #expect(try await fixture.shell(isFree) == "1|\(flags.1)|17|\(claim.scan.number)\n")
    try await fixture.shell("UPDATE scan_lock SET is_locked = FALSE WHERE id = 1;")
    #expect(try await fixture.shell(isFree) == "1|\(flags.0)||\n")
    try await expectFailedByHand(claim, fixture, "The scan lock was released by hand")
    #expect(try await fixture.scan(waiting.id).status == .cancelled)
    try await fixture.submit(.sample(exclusivity: .target))
    await #expect(throws: (any Error).self) {
      try await fixture.shell("UPDATE scan_lock SET is_locked = FALSE WHERE id = 1;")
      try await fixture.shell("UPDATE scan_lock SET is_locked = TRUE WHERE id = 1;")
    }
  }

  @Test(arguments: TestedDatabase.allCases)
  func theHistoryFollowsTheLifecycle(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let done = try await fixture.scan(in: .completed)
    await #expect(throws: (any Error).self) {
      try await fixture.shell("UPDATE scan_history SET status = 'running'")
    }
    #expect(try await fixture.scan(done.id) == done)
    let failed = try await fixture.scan(in: .failed)
    try await fixture.shell(
      "UPDATE scan_history SET status = 'pending' WHERE id = \(failed.number)")
    let retried = try await fixture.scan(failed.id)
    #expect(retried.status == .pending)
    #expect(retried.endedAt == nil)
    _ = try #require(
      try await fixture.store.claim(failed.id, for: try await fixture.worker()))
  }

  @Test(arguments: TestedDatabase.allCases)
  func theHistorysTextsAndEndsCanBeCorrected(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let failed = try await fixture.scan(in: .failed)
    let events = try await fixture.eventTypes(of: failed.id)
    try await fixture.shell(
      """
      UPDATE scan_history SET message = 'looked into', error_message = 'disk full',
        completed_at = '2026-01-02 03:04:05+00:00' WHERE id = \(failed.number)
      """)
    let scan = try await fixture.scan(failed.id)
    #expect(scan.status == .failed && scan.message == "looked into")
    #expect(scan.errorMessage == "disk full")
    #expect("\(try #require(scan.endedAt))" == "2026-01-02T03:04:05.000Z")
    #expect(try await fixture.eventTypes(of: failed.id) == events)
  }

  @Test(arguments: TestedDatabase.allCases)
  func whatTheHistoryCannotTakeIsRefusedInWords(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    let before = try await fixture.scan(claim.scan.id)
    let refused = [
      ("UPDATE scan_history SET files_added = 7", "only status, completed_at, message"),
      ("UPDATE scan_history SET root_path = '/elsewhere'", "only status, completed_at, message"),
      ("UPDATE scan_history SET completed_at = started_at", "set its status with it"),
      ("DELETE FROM scan_history", "cancel it first"),
      ("INSERT INTO scan_history (status, root_path) VALUES ('running', '/x')", "submitted"),
    ]
    for (statement, why) in refused {
      await #expect("\(statement)") {
        try await fixture.shell(statement)
      } throws: { "\($0)".contains(why) }
    }
    #expect(try await fixture.scan(claim.scan.id) == before)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aDeletedHistoryTakesItsErrorsAlong(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let partial = try await fixture.scan(in: .partial)
    let other = try await fixture.scan(in: .partial)
    for scan in [partial, other] {
      try await fixture.shell(
        """
        INSERT INTO scan_progress (scan_id, sequence, created_at, attempt, done, bytes, step, unit)
        SELECT number, 1, created_at, 1, 5, 0, '', 'files' FROM scans
        WHERE number = \(scan.number)
        """)
    }
    try await fixture.shell("DELETE FROM scan_history WHERE id = \(partial.number)")
    #expect(try await fixture.store.scan(.id(partial.id)) == nil)
    #expect(try await fixture.shell("SELECT scan_id FROM scan_errors") == "\(other.number)\n")
    #expect(
      try await fixture.shell("SELECT scan_id FROM scan_progress") == "\(other.number)\n")
    let told = try await fixture.store.events(of: partial.id, cursor: nil, limit: 20).items.last
    #expect(told?.eventType == "scan_deleted" && told?.eventData["by"] == "sql")
  }

  /// Failed, told, and with the attempt's lease superseded.
  private func expectFailedByHand(
    _ claim: Claim, _ fixture: Fixture, _ message: String
  ) async throws {
    let scan = try await fixture.scan(claim.scan.id)
    #expect(scan.status == .failed)
    #expect(scan.errorMessage == message)
    #expect(scan.cleanupReason == "manual_intervention")
    #expect(scan.endedAt != nil)
    #expect(scan.leaseToken > claim.lease.token)
    let event = try #require(
      try await fixture.store.events(of: scan.id, cursor: nil, limit: 99).items.last)
    #expect(event.eventType == "scan_failed")
    #expect(event.eventData["by"] == "sql")
    #expect(event.eventData["from"] == "running")
    let outcome = try await fixture.report(
      AttemptReport(lease: claim.lease, end: .completed(message: nil, summary: [:])))
    #expect(outcome == .superseded)
    #expect(try await fixture.scan(claim.scan.id).status == .failed)
  }
}
