import HoldfastCore
import HoldfastStorage
import Testing

/// What operators do to end an attempt, or to take back its end.
@Suite struct OperatorEndingTests {
  @Test(arguments: TestedDatabase.allCases)
  func aScanWhoseWorkerLivesIsFailedThroughIt(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    let outcome = try await fixture.store.act(
      .fail, on: claim.scan.id, by: "ann", reason: "stuck on the NAS")
    #expect(outcome == .requested(try await fixture.scan(claim.scan.id)))
    #expect(try await fixture.eventTypes(of: claim.scan.id).last == "fail_requested")
    let beat = try await fixture.store.beat(life, leases: [claim.lease], running: 1)
    let order = try #require(beat.orders[claim.scan.id])
    #expect(order.action == .fail)
    #expect(order.actor == "ann")
    try await fixture.report(
      AttemptReport(lease: claim.lease, end: .recovered(order, diagnosis: ["class": "spinning"])))
    let scan = try await fixture.scan(claim.scan.id)
    #expect(scan.status == .failed)
    #expect(scan.errorMessage == "stuck on the NAS")
    #expect(scan.cleanupReason == "manual_intervention")
    #expect(scan.recoveryInfo?["by"] == "ann")
    #expect(!scan.isCleaned)
    let event = try #require(
      try await fixture.store.events(of: scan.id, cursor: nil, limit: 99).items.last)
    #expect(event.eventType == "scan_failed")
    #expect(event.eventData["reason"] == "manual_intervention")
    #expect(event.eventData["by"] == "ann")
  }

  @Test(arguments: TestedDatabase.allCases)
  func aScanWhoseWorkerIsGoneIsFailedAtOnce(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(.sample(exclusivity: .target), by: life)
    try await fixture.silence(life)
    let outcome = try await fixture.store.act(.fail, on: claim.scan.id, by: "ann", reason: nil)
    let scan = try await fixture.scan(claim.scan.id)
    #expect(outcome == .done(scan))
    #expect(scan.status == .failed)
    #expect(scan.errorMessage == "fail by ann")
    let late = try await fixture.report(
      AttemptReport(lease: claim.lease, end: .completed(message: nil, summary: [:])))
    #expect(late == .superseded)
    try await fixture.submit(.sample(exclusivity: .target))
  }

  /// A worker that cannot be heard keeps its runner for as long as its lease lasts, which a policy may make long.
  @Test(arguments: TestedDatabase.allCases)
  func aWorkerIsThereForAsLongAsTheLeaseLasts(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(.patient("/a"), by: life)
    #expect(claim.scan.staleMultiple == 10)
    try await fixture.shell("UPDATE workers SET last_heartbeat_at = \(fixture.ago(290))")
    try await fixture.set(("last_activity_at", fixture.ago(290)), of: claim.scan.id)
    guard
      case .requested = try await fixture.store.act(
        .requeue, on: claim.scan.id, by: "ann", reason: nil)
    else {
      Issue.record("the row was changed while its process may run")
      return
    }
    try await fixture.set(("last_activity_at", fixture.ago(301)), of: claim.scan.id)
    guard
      case .done = try await fixture.store.act(.fail, on: claim.scan.id, by: "ann", reason: nil)
    else {
      Issue.record("nobody is left to end it")
      return
    }
  }

  /// The wish outlives the worker: the sweep that recovers the scan does what the operator asked, not what it would have.
  @Test(arguments: TestedDatabase.allCases)
  func anOrderOutlivesItsWorker(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    _ = try await fixture.store.act(.fail, on: claim.scan.id, by: "ann", reason: "enough")
    try await fixture.age(claim.scan, minutes: 20, heartbeatMinutes: 10)
    let page = try await fixture.store.snapshots(of: [claim.scan.id])
    let plan = RecoveryPlan.make(
      page.rows.map(\.snapshot), policy: { .default(for: $0.kind) }, now: page.now)
    let entry = try #require(plan.entries.first)
    #expect(entry.decision.action == .requeue)
    #expect(try await fixture.store.recover(entry, delaySeconds: 0, by: "sweep"))
    let scan = try await fixture.scan(claim.scan.id)
    #expect(scan.status == .failed)
    #expect(scan.errorMessage == "enough")
    #expect(scan.recoveryInfo?["by"] == "ann")
  }

  /// The same where the worker gives the scan back before it learns of the order.
  @Test(arguments: TestedDatabase.allCases)
  func anOrderStandsAboveARequeue(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    _ = try await fixture.store.act(.fail, on: claim.scan.id, by: "ann", reason: "enough")
    let outcome = try await fixture.report(
      AttemptReport(
        lease: claim.lease,
        end: .requeued(
          reason: .workerDrained, message: "drained", delaySeconds: 0, countsAsCrash: false)))
    #expect(outcome == .applied)
    let scan = try await fixture.scan(claim.scan.id)
    #expect(scan.status == .failed)
    #expect(scan.errorMessage == "enough")
    #expect(
      try await fixture.eventTypes(of: scan.id).suffix(2) == ["fail_requested", "scan_failed"])
  }

  @Test(arguments: TestedDatabase.allCases)
  func whatWaitsIsFailedAtOnce(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let scan = try await fixture.submit(.sample())
    guard
      case .done(let failed) = try await fixture.store.act(
        .fail, on: scan.id, by: "ann", reason: "not wanted")
    else {
      Issue.record("not done")
      return
    }
    #expect(failed.status == .failed)
    #expect(failed.errorMessage == "not wanted")
  }

  @Test(arguments: TestedDatabase.allCases)
  func requeueStartsOver(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    try await fixture.report(AttemptReport(lease: claim.lease, checkpoint: ["x": 1]))
    try await fixture.silence(life)
    guard
      case .done(let scan) = try await fixture.store.act(
        .requeue, on: claim.scan.id, by: "ann", reason: nil)
    else {
      Issue.record("not done")
      return
    }
    #expect(scan.status == .pending)
    #expect(scan.checkpoint == Optional<JSONValue>.none)
    let failed = try await fixture.scan(in: .failed)
    guard
      case .done(let again) = try await fixture.store.act(
        .requeue, on: failed.id, by: "ann", reason: nil)
    else {
      Issue.record("not done")
      return
    }
    #expect(again.status == .pending)
    #expect(try await fixture.eventTypes(of: again.id).last == "scan_requeued")
  }

  @Test(arguments: TestedDatabase.allCases)
  func onlyACleanupIsReverted(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    try await fixture.report(
      AttemptReport(
        lease: claim.lease, items: [Item(key: "k", type: "file", change: .added)],
        checkpoint: ["x": 1]))
    try await fixture.shell(
      "UPDATE scans SET status = 'failed', cleanup_reason = 'progress_stalled' WHERE number = 1")
    guard
      case .done(let scan) = try await fixture.store.act(
        .revert, on: claim.scan.id, by: "ann", reason: nil)
    else {
      Issue.record("not done")
      return
    }
    #expect(scan.status == .pending)
    #expect(scan.cleanupReason == nil)
    #expect(scan.checkpoint == ["x": 1])
    #expect(scan.counts.added == 1)
    #expect(try await fixture.eventTypes(of: scan.id).last == "scan_reverted")
    // A failure of the scan's own is no cleanup.
    let failed = try await fixture.scan(in: .failed)
    #expect(
      try await fixture.store.act(.revert, on: failed.id, by: "ann", reason: nil)
        == .notAllowed(failed))
  }

  @Test(arguments: TestedDatabase.allCases, ScanStatus.allCases)
  func whatCannotBeDoneChangesNothing(
    _ database: TestedDatabase, _ status: ScanStatus
  ) async throws {
    let fixture = try await Fixture(database)
    let allowed: [OperatorAction: [ScanStatus]] = [
      .fail: [.pending, .running], .requeue: [.running, .failed, .partial, .cancelled],
      .revert: [], .reset: [.failed],
    ]
    for (action, statuses) in allowed where !statuses.contains(status) {
      let scan = try await fixture.scan(in: status)
      let events = try await fixture.eventTypes(of: scan.id)
      let outcome = try await fixture.store.act(action, on: scan.id, by: "ann", reason: nil)
      #expect(outcome == .notAllowed(scan), "\(action) of a \(status) scan")
      #expect(try await fixture.scan(scan.id) == scan)
      #expect(try await fixture.eventTypes(of: scan.id) == events)
    }
  }

  // MARK: Reset and delete

  @Test(arguments: TestedDatabase.allCases)
  func aResetIsForTheLastTryOfEachTarget(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    func failed(_ target: String) async throws -> Scan {
      let claim = try await fixture.running(.sample(target, exclusivity: .target))
      try await fixture.report(
        AttemptReport(
          lease: claim.lease, end: .failed(error: "broken", reason: nil, summary: nil)))
      return try await fixture.scan(claim.scan.id)
    }
    let (old, newer) = (try await failed("/a"), try await failed("/a"))
    let free = try await fixture.scan(in: .failed)
    let candidates = try await fixture.store.resettable(tenantID: "default", limit: 99)
    #expect(
      candidates == [
        ResetCandidate(scan: free, supersededBy: nil),
        ResetCandidate(scan: newer, supersededBy: nil),
        ResetCandidate(scan: old, supersededBy: newer.number),
      ])
    #expect(try await fixture.store.resettable(tenantID: "other", limit: 99).isEmpty)
    guard
      case .done(let reset) = try await fixture.store.act(
        .reset, on: newer.id, by: "ann", reason: nil)
    else {
      Issue.record("not done")
      return
    }
    #expect(reset.status == .pending)
    #expect(try await fixture.eventTypes(of: newer.id).last == "scan_reset")
    #expect(
      try await fixture.store.act(.reset, on: old.id, by: "ann", reason: nil)
        == .scopeHeld(by: reset))
  }

  @Test(arguments: TestedDatabase.allCases, ScanStatus.allCases)
  func onlyWhatHasEndedIsDeleted(_ database: TestedDatabase, _ status: ScanStatus) async throws {
    let fixture = try await Fixture(database)
    let scan = try await fixture.scan(in: status)
    let other = try await fixture.scan(in: .partial)
    let outcome = try await fixture.store.delete(scan.id, by: "ann", reason: "old")
    if status.isActive {
      #expect(outcome == .notAllowed(scan))
      #expect(try await fixture.scan(scan.id) == scan)
      return
    }
    #expect(outcome == .done(scan))
    #expect(try await fixture.store.scan(.id(scan.id)) == nil)
    let left = try await fixture.shell(
      """
      SELECT (SELECT count(*) FROM scan_items WHERE scan_id = \(scan.number)),
        (SELECT count(*) FROM scan_errors WHERE scan_id = \(scan.number))
      """)
    #expect(left == "0|0\n")
    let event = try #require(
      try await fixture.store.events(of: scan.id, cursor: nil, limit: 99).items.last)
    #expect(event.eventType == "scan_deleted")
    #expect(event.eventData["by"] == "ann")
    #expect(event.eventData["number"] == .int(scan.number))
    #expect(try await fixture.scan(other.id) == other)
    #expect(try await fixture.store.delete(scan.id, by: "ann", reason: nil) == .notFound)
  }
}

extension Fixture {
  /// Makes the worker look as if it had not been heard of for an hour.
  func silence(_ life: WorkerLife) async throws {
    let long = try await store.now().adding(seconds: -3600)
    try await shell(
      """
      UPDATE workers SET last_heartbeat_at = '\(long)' WHERE id = '\(life.id)';
      UPDATE scans SET last_activity_at = '\(long)' WHERE worker_id = '\(life.id)';
      """)
  }
}
