import HoldfastCore
import HoldfastStorage
import Testing

/// The SQL of the runbooks for cleaning and taking back, run from a shell as an operator would.
@Suite struct ByHandTests {
  // MARK: The cleanup function of the runbook of stuck website scans

  @Test func theCleanupFunctionFailsOnlyWhatIsStuck() async throws {
    let fixture = try await Fixture(.postgres)
    let life = try await fixture.worker()
    let stale = try await fixture.running(.sample("/stale", exclusivity: .target), by: life)
    let late = try await fixture.running(.sample("/late"), by: life)
    let portal = try await fixture.running(.sample("p", kind: "portal"), by: life)
    let healthy = try await fixture.running(.sample("/healthy"), by: life)
    let cancelled = try await fixture.running(.sample("/cancelled"), by: life)
    _ = try await fixture.store.act(.cancel, on: cancelled.scan.id, by: "op", reason: nil)
    try await fixture.age(stale.scan, minutes: 12, heartbeatMinutes: 8)
    try await fixture.age(late.scan, minutes: 40, heartbeatMinutes: 0)
    try await fixture.age(portal.scan, minutes: 40, heartbeatMinutes: 0)
    try await fixture.shell(
      "UPDATE scans SET progress_at = now() WHERE id = '\(portal.scan.id)'")
    try await fixture.age(healthy.scan, minutes: 10, heartbeatMinutes: 0)
    try await fixture.age(cancelled.scan, minutes: 20, heartbeatMinutes: 20)

    let columns = "scan_number, reason, age_minutes, heartbeat_age_minutes, cleaned"
    let previewed = try await fixture.shell(
      "SELECT \(columns) FROM cleanup_stuck_scans_v2(15, 5, true)")
    #expect(
      previewed == """
        \(stale.scan.number)|heartbeat_stale|12|8|f
        \(late.scan.number)|runtime_timeout|40|0|f
        \(cancelled.scan.number)|heartbeat_stale|20|20|f

        """)
    for claim in [stale, late, portal, healthy, cancelled] {
      #expect(try await fixture.scan(claim.scan.id).status == .running)
    }

    let cleaned = try await fixture.shell("SELECT cleanup_stuck_scans_v2(15, 5, false);")
    #expect(cleaned.split(separator: "\n").count == 3)
    for claim in [portal, healthy] {
      #expect(try await fixture.scan(claim.scan.id).status == .running)
    }
    #expect(try await fixture.scan(cancelled.scan.id).status == .cancelled)
    let scan = try await fixture.scan(stale.scan.id)
    #expect(scan.status == .failed)
    #expect(scan.cleanupReason == "heartbeat_stale")
    #expect(scan.errorMessage == "Timeout - no heartbeat for 8 minutes")
    #expect(scan.endedAt != nil)
    #expect(scan.recoveryInfo?["original_status"]?["status"] == "running")
    #expect(scan.recoveryInfo?["recovered_at"] != nil)
    let event = try #require(
      try await fixture.store.events(of: scan.id, cursor: nil, limit: 99).items.last)
    #expect(event.eventType == "scan_failed")
    #expect(event.eventData["reason"] == "cleanup_stuck_scans")
    #expect(event.eventData["cleanup_reason"] == "heartbeat_stale")
    // Its attempt is told to stop, its scope is free, and a second call finds nothing.
    let beat = try await fixture.store.beat(life, leases: [stale.lease], running: 1)
    #expect(beat.lost == [stale.lease])
    try await fixture.submit(.sample("/stale", exclusivity: .target))
    #expect(try await fixture.shell("SELECT cleanup_stuck_scans_v2(15, 5, false);").isEmpty)
  }

  @Test func theCleanupFunctionKeepsToEachScansLimitsWhereNoneIsGiven() async throws {
    let fixture = try await Fixture(.postgres)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    try await fixture.age(claim.scan, minutes: 20, heartbeatMinutes: 0.8)
    #expect(try await fixture.shell("SELECT cleanup_stuck_scans_v2()").isEmpty)
    // Without the third argument it is a dry run.
    #expect(try await fixture.shell("SELECT cleanup_stuck_scans_v2(15, 5)").contains("runtime"))
    #expect(try await fixture.scan(claim.scan.id).status == .running)
    // No request makes a heartbeat stale within two of its intervals.
    #expect(try await fixture.shell("SELECT cleanup_stuck_scans_v2(60, 0.5)").isEmpty)
    await #expect(throws: (any Error).self) {
      try await fixture.shell("SELECT cleanup_stuck_scans_v2(0, 5, false)")
    }
  }

  @Test func theCleanupFunctionLeavesAScanItsOwnLease() async throws {
    let fixture = try await Fixture(.postgres)
    let life = try await fixture.worker()
    let claim = try await fixture.running(.patient("/a"), by: life)
    try await fixture.age(claim.scan, minutes: 9, heartbeatMinutes: 4)
    #expect(try await fixture.shell("SELECT cleanup_stuck_scans_v2()").isEmpty)
    try await fixture.age(claim.scan, minutes: 9, heartbeatMinutes: 5)
    #expect(try await fixture.shell("SELECT cleanup_stuck_scans_v2()").contains("heartbeat_stale"))
  }

  // MARK: The monitor

  @Test(arguments: TestedDatabase.allCases)
  func theMonitorCountsWhatIsStuck(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let read =
      "SELECT stuck_count, CAST(oldest_runtime_minutes AS INTEGER) FROM stuck_scans_monitor"
    #expect(try await fixture.shell(read) == "0|\n")
    let stale = try await fixture.running(.sample("/a"), by: life)
    let late = try await fixture.running(.sample("/b"), by: life)
    let healthy = try await fixture.running(.sample("/c"), by: life)
    try await fixture.age(stale.scan, minutes: 10, heartbeatMinutes: 3)
    try await fixture.age(late.scan, minutes: 45, heartbeatMinutes: 0)
    try await fixture.age(healthy.scan, minutes: 20, heartbeatMinutes: 1)
    #expect(try await fixture.shell(read) == "2|45\n")
    let patient = try await fixture.running(.patient("/d"), by: life)
    try await fixture.age(patient.scan, minutes: 9, heartbeatMinutes: 4)
    #expect(try await fixture.shell(read) == "2|45\n")
    try await fixture.age(patient.scan, minutes: 9, heartbeatMinutes: 5)
    #expect(try await fixture.shell(read) == "3|45\n")
  }

  @Test func theRunbooksOwnMonitorTakesThePlaceOfOurs() async throws {
    let fixture = try await Fixture(.postgres)
    let body = """
      AS
      SELECT
        COUNT(*) as stuck_count,
        MAX(EXTRACT(EPOCH FROM (NOW() - created_at))/60) as oldest_runtime_minutes
      FROM scans
      WHERE status = 'running'
        AND created_at < NOW() - INTERVAL '15 minutes';
      """
    await #expect(throws: (any Error).self) {
      try await fixture.shell("CREATE VIEW stuck_scans_monitor \(body)")
    }
    try await fixture.shell("CREATE OR REPLACE VIEW stuck_scans_monitor \(body)")
    #expect(try await fixture.shell("SELECT stuck_count FROM stuck_scans_monitor") == "0\n")
  }

  // MARK: The runs of the auto-cleanup

  @Test(arguments: TestedDatabase.allCases)
  func cleanedRunsReadSoAndAreTakenBack(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(
      .sample("tenders.example", kind: "portal", exclusivity: .target), by: life)
    try await fixture.report(
      AttemptReport(
        lease: claim.lease, items: [Item(key: "t1", type: "tender", change: .found)],
        checkpoint: ["page": 7], progress: Progress(done: 5)))
    #expect(
      try await fixture.shell(
        """
        SELECT id, portal_name, status, extracted_total_tenders, skipped_existing_total,
          completed_at FROM runs
        """) == "\(claim.scan.number)|tenders.example|running|1|4|\n")
    try await fixture.shell(
      """
      UPDATE scans SET status = 'failed', cleanup_reason = 'heartbeat_stale'
      WHERE id = '\(claim.scan.id)'
      """)
    let seen = try await fixture.shell(
      """
      -- See all auto-cleaned runs
      SELECT * FROM runs
      WHERE status LIKE '%Auto-cleaned%'
      ORDER BY completed_at DESC;
      """)
    #expect(
      seen.hasPrefix("\(claim.scan.number)|tenders.example|Timeout - Auto-cleaned|1|4|"))
    let counted = try await fixture.shell(
      """
      -- Count by portal
      SELECT portal_name, COUNT(*) as cleaned_count
      FROM runs
      WHERE status LIKE '%Auto-cleaned%'
      GROUP BY portal_name;
      """)
    #expect(counted == "tenders.example|1\n")
    try await fixture.shell(
      """
      -- Revert a cleaned run back to running (rare case)
      UPDATE runs
      SET status = 'running', completed_at = NULL
      WHERE id = \(claim.scan.number);
      """)
    let back = try await fixture.scan(claim.scan.id)
    #expect(back.status == .pending)
    #expect(back.endedAt == nil)
    #expect(back.cleanupReason == nil)
    #expect(back.checkpoint == ["page": 7])
    #expect(back.counts.found == 1)
    #expect(try await fixture.eventTypes(of: back.id).last == "scan_pending")
    let again = try #require(try await fixture.store.claim(back.id, for: life))
    #expect(again.lease.token > claim.lease.token)
    #expect(again.scan.checkpoint == ["page": 7])
    let late = try await fixture.report(
      AttemptReport(lease: claim.lease, end: .completed(message: nil, summary: [:])))
    #expect(late == .superseded)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aRunIsCleanedByItsView(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running(.sample(kind: "portal"))
    try await fixture.shell(
      "UPDATE runs SET status = 'Timeout - Auto-cleaned' WHERE id = \(claim.scan.number)")
    let scan = try await fixture.scan(claim.scan.id)
    #expect(scan.status == .failed)
    #expect(scan.isCleaned)
    #expect(scan.endedAt != nil)
    #expect(scan.leaseToken > claim.lease.token)
    #expect(
      try await fixture.shell("SELECT status FROM runs") == "Timeout - Auto-cleaned\n")
    let page = try await fixture.store.scans(
      ScanFilter(onlyCleaned: true), cursor: nil, limit: 9)
    #expect(page.items.map(\.id) == [scan.id])
  }

  @Test(arguments: TestedDatabase.allCases)
  func whatRunsCannotTakeIsRefusedInWords(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running(.sample(kind: "portal"))
    let before = try await fixture.scan(claim.scan.id)
    let refused = [
      ("UPDATE runs SET extracted_total_tenders = 7", "only status, completed_at, message"),
      ("UPDATE runs SET portal_name = 'x'", "only status, completed_at, message"),
      ("UPDATE runs SET completed_at = started_at", "set its status with it"),
      ("UPDATE runs SET status = 'cleaned'", ""), ("DELETE FROM runs", "runs"),
    ]
    for (statement, why) in refused {
      await #expect("\(statement)") {
        try await fixture.shell(statement)
      } throws: { why.isEmpty || "\($0)".contains(why) }
    }
    #expect(try await fixture.scan(claim.scan.id) == before)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aRunsTextsAndEndCanBeCorrected(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let failed = try await fixture.scan(in: .failed)
    try await fixture.shell(
      """
      UPDATE runs SET message = 'looked into', error_message = 'portal down',
        completed_at = '2026-01-02 03:04:05+00:00' WHERE id = \(failed.number)
      """)
    let scan = try await fixture.scan(failed.id)
    #expect(scan.status == .failed && scan.message == "looked into")
    #expect(scan.errorMessage == "portal down")
    #expect("\(try #require(scan.endedAt))" == "2026-01-02T03:04:05.000Z")
  }

  // MARK: What a status set by hand means

  @Test(arguments: TestedDatabase.allCases, ScanStatus.allCases)
  func theLifecycleHoldsForHandsToo(
    _ database: TestedDatabase, _ status: ScanStatus
  ) async throws {
    let fixture = try await Fixture(database)
    for aim in ScanStatus.allCases where aim != status {
      let scan = try await fixture.scan(in: status)
      let expected = Self.status(after: aim, from: status)
      let sql = "UPDATE scans SET status = '\(aim.rawValue)' WHERE id = '\(scan.id)'"
      if let expected {
        try await fixture.shell(sql)
        let after = try await fixture.scan(scan.id)
        #expect(after.status == expected, "\(status) to \(aim)")
        #expect((after.endedAt != nil) == expected.isTerminal, "\(status) to \(aim)")
        #expect(
          try await fixture.eventTypes(of: scan.id).last == "scan_\(expected.rawValue)")
      } else {
        await #expect(throws: (any Error).self, "\(status) to \(aim)") {
          try await fixture.shell(sql)
        }
        #expect(try await fixture.scan(scan.id) == scan)
      }
    }
  }

  /// `running` is reached through the queue alone.
  private static func status(after aim: ScanStatus, from status: ScanStatus) -> ScanStatus? {
    switch (status, aim) {
    case (.running, _): aim
    case (.pending, .failed), (.pending, .cancelled), (.paused, .cancelled): aim
    case (.paused, .pending), (.paused, .running): .pending
    case (.failed, .pending), (.failed, .running), (.partial, .pending), (.partial, .running),
      (.cancelled, .pending), (.cancelled, .running):
      .pending
    default: nil
    }
  }

  /// What an earlier attempt was recovered for is not why somebody ends the scan.
  @Test(arguments: TestedDatabase.allCases)
  func anEndByHandHasNoOlderReason(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    func recovered(_ reason: Reason) async throws -> Scan {
      let claim = try await fixture.running(by: life)
      try await fixture.report(
        AttemptReport(
          lease: claim.lease,
          end: .requeued(
            reason: reason, message: "it was silent", delaySeconds: 0, countsAsCrash: false)))
      _ = try #require(try await fixture.store.claim(claim.scan.id, for: life))
      let scan = try await fixture.scan(claim.scan.id)
      #expect(scan.cleanupReason == reason.rawValue)
      return scan
    }
    let scan = try await recovered(.heartbeatStale)
    try await fixture.shell("UPDATE scans SET status = 'failed' WHERE number = \(scan.number)")
    let failed = try await fixture.scan(scan.id)
    #expect(failed.cleanupReason == "manual_intervention" && !failed.isCleaned)
    #expect(failed.errorMessage == nil)
    let named = try await recovered(.heartbeatStale)
    try await fixture.shell(
      """
      UPDATE scans SET status = 'failed', cleanup_reason = 'runtime_timeout', error_message = 'x'
      WHERE number = \(named.number)
      """)
    #expect(try await fixture.scan(named.id).cleanupReason == "runtime_timeout")
    #expect(try await fixture.scan(named.id).errorMessage == "x")
    let run = try await recovered(.runtimeTimeout)
    try await fixture.shell(
      "UPDATE runs SET status = 'Timeout - Auto-cleaned' WHERE id = \(run.number)")
    #expect(try await fixture.scan(run.id).isCleaned)
    // Nor is it why an operator cancels what waits in the queue.
    let waiting = try await recovered(.workerLost)
    try await fixture.report(
      AttemptReport(
        lease: Lease(scanID: waiting.id, token: waiting.leaseToken),
        end: .requeued(
          reason: .workerLost, message: "gone", delaySeconds: 0, countsAsCrash: false)))
    _ = try await fixture.store.act(.cancel, on: waiting.id, by: "ann", reason: nil)
    let cancelled = try await fixture.scan(waiting.id)
    #expect(cancelled.status == .cancelled && cancelled.cleanupReason == nil)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aScopeInUseIsNotGivenTwiceByHand(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let old = try await fixture.running(.sample(exclusivity: .target))
    try await fixture.shell("UPDATE scans SET status = 'failed' WHERE id = '\(old.scan.id)'")
    try await fixture.submit(.sample(exclusivity: .target))
    await #expect(throws: (any Error).self) {
      try await fixture.shell(
        "UPDATE runs SET status = 'running', completed_at = NULL WHERE id = \(old.scan.number)")
    }
    #expect(try await fixture.scan(old.scan.id).status == .failed)
  }
}

extension Fixture {
  /// Makes a running scan look as if it had been claimed, and last heard of, so long ago.
  func age(_ scan: Scan, minutes: Double, heartbeatMinutes: Double) async throws {
    let now = try await store.now()
    let (begun, heard) = (
      now.adding(seconds: -minutes * 60 - 1), now.adding(seconds: -heartbeatMinutes * 60 - 1)
    )
    try await shell(
      """
      UPDATE scans SET created_at = '\(begun)', claimed_at = '\(begun)', started_at = '\(begun)',
        last_activity_at = '\(heard)', check_at = '\(begun)' WHERE id = '\(scan.id)'
      """)
  }
}
