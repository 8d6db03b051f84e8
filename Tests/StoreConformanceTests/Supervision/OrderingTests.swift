import HoldfastCore
import HoldfastStorage
import Testing

/// Where a stuck scan's worker lives, it is told to end the process, and reports the recovery under its own lease.
@Suite struct OrderingTests {
  private static let diagnosis: JSONValue = ["class": "waiting_on_network", "peer": "10.0.0.9"]

  @Test(arguments: TestedDatabase.allCases)
  func anOrderIsBroughtByTheNextBeatAndCarriedOut(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let scan = try await Trouble.still.make(in: fixture)
    let life = try await heldBy(scan, fixture)
    let lease = Lease(scanID: scan.id, token: scan.leaseToken)
    let entry = try await fixture.entry(for: scan.id)
    #expect(try await fixture.store.orderRecovery(entry, delaySeconds: 3))
    #expect(try await !fixture.store.orderRecovery(entry, delaySeconds: 3), "one order is enough")
    #expect(try await fixture.scan(scan.id).status == .running, "the process ends first")
    #expect(try await fixture.store.snapshots(of: [scan.id]).rows.first?.orderedAt != nil)

    let beat = try await fixture.store.beat(life, leases: [lease], running: 1)
    let order = try #require(beat.orders[scan.id])
    #expect(order == RecoveryOrder(entry, delaySeconds: 3))
    #expect(beat.lost.isEmpty)
    let outcome = try await fixture.report(
      AttemptReport(lease: lease, end: .recovered(order, diagnosis: Self.diagnosis)))
    #expect(outcome == .applied)
    let after = try await fixture.scan(scan.id)
    #expect(after.status == .pending)
    #expect(after.cleanupReason == Reason.progressStalled.rawValue)
    let row = try #require(try await fixture.store.snapshots(of: [scan.id]).rows.first)
    #expect(row.orderedAt == nil)
    #expect(row.snapshot.stuckAttempts == 1)
    let stored = try await fixture.shell("SELECT diagnosis FROM scans WHERE id = '\(scan.id)'")
    #expect(stored.contains("10.0.0.9"))
    #expect(try await fixture.eventTypes(of: scan.id).last == "scan_requeued")
    // The next attempt is under no order of the last one.
    try await fixture.set(("run_at", fixture.ago(0)), of: scan.id)
    let next = try #require(try await fixture.store.claim(scan.id, for: life))
    let fresh = try await fixture.store.beat(life, leases: [next.lease], running: 1)
    #expect(fresh.orders.isEmpty)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aSweepThatLosesPatienceIsNotUndone(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let scan = try await Trouble.still.make(in: fixture)
    let life = try await heldBy(scan, fixture)
    let lease = Lease(scanID: scan.id, token: scan.leaseToken)
    let entry = try await fixture.entry(for: scan.id)
    #expect(try await fixture.store.orderRecovery(entry, delaySeconds: 0))
    let order = RecoveryOrder(entry, delaySeconds: 0)
    #expect(try await fixture.store.recover(entry, delaySeconds: 0, by: "sweep"))
    let after = try await fixture.scan(scan.id)
    // The worker comes too late with the same end: it is told that this has been done, and nothing changes.
    #expect(
      try await fixture.report(
        AttemptReport(lease: lease, end: .recovered(order, diagnosis: Self.diagnosis)))
        == .applied)
    #expect(try await fixture.scan(scan.id) == after)
    let beat = try await fixture.store.beat(life, leases: [lease], running: 1)
    #expect(beat.lost == [lease])
    #expect(try await fixture.eventTypes(of: scan.id).count { $0 == "scan_requeued" } == 1)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aScanThatEndsByItselfNeedsNoRecovery(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let scan = try await Trouble.still.make(in: fixture)
    let lease = Lease(scanID: scan.id, token: scan.leaseToken)
    let entry = try await fixture.entry(for: scan.id)
    #expect(try await fixture.store.orderRecovery(entry, delaySeconds: 0))
    #expect(
      try await fixture.report(
        AttemptReport(lease: lease, end: .completed(message: nil, summary: [:]))) == .applied)
    #expect(try await !fixture.store.recover(entry, delaySeconds: 0, by: "sweep"))
    #expect(try await fixture.scan(scan.id).status == .completed)
  }

  @Test(arguments: TestedDatabase.allCases)
  func unlockFreesAScopeOfOneTenantByHand(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let mine = try await fixture.submit(.sample("/a", exclusivity: .target))
    let theirs = try await fixture.submit(.sample("/a", exclusivity: .target, tenant: "other"))
    func unlock(_ scope: String) async throws -> ActionOutcome {
      try await fixture.store.unlock(
        scope: scope, tenantID: "default", by: "op", reason: "its machine is gone")
    }
    #expect(try await unlock("library:/b") == .notFound)
    guard case .done(let freed) = try await unlock("library:/a") else { throw Unexpected() }
    #expect(freed.id == mine.id && freed.status == .failed)
    #expect(freed.cleanupReason == Reason.orphanedLock.rawValue)
    #expect(freed.errorMessage == "its machine is gone")
    #expect(try await fixture.scan(theirs.id).status == .pending)
    let told = try await fixture.events(of: mine.id).last
    #expect(told?.eventType == "scan_failed")
    #expect(told?.eventData["by"]?.stringValue == "op")
    #expect(try await unlock("library:/a") == .notFound)
    _ = try await fixture.submit(.sample("/a", exclusivity: .target))
  }

  /// The lifecycle has no failure of what is paused.
  @Test(arguments: TestedDatabase.allCases)
  func unlockCancelsWhatIsPaused(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running(.sample("/a", exclusivity: .target))
    try await fixture.report(AttemptReport(lease: claim.lease, end: .paused))
    let outcome = try await fixture.store.unlock(
      scope: "library:/a", tenantID: "default", by: "op", reason: "forgotten")
    guard case .done(let freed) = outcome else { throw Unexpected() }
    #expect(freed.status == .cancelled)
    #expect(freed.cleanupReason == Reason.orphanedLock.rawValue)
    #expect(try await fixture.eventTypes(of: freed.id).last == "scan_cancelled")
    _ = try await fixture.submit(.sample("/a", exclusivity: .target))
  }

  /// Else the next scan of that scope would run beside a process that nobody has ended.
  @Test(arguments: TestedDatabase.allCases)
  func unlockEndsTheProcessFirst(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(.sample("/a", exclusivity: .target), by: life)
    func unlock() async throws -> ActionOutcome {
      try await fixture.store.unlock(
        scope: "library:/a", tenantID: "default", by: "op", reason: "in the way")
    }
    for _ in 1...2 {
      guard case .requested(let asked) = try await unlock() else { throw Unexpected() }
      #expect(asked.status == .running)
    }
    #expect(try await fixture.eventTypes(of: claim.scan.id).last == "fail_requested")
    let beat = try await fixture.store.beat(life, leases: [claim.lease], running: 1)
    let order = try #require(beat.orders[claim.scan.id])
    #expect(order.action == .fail && order.reason == .orphanedLock && order.actor == "op")
    try await fixture.report(
      AttemptReport(lease: claim.lease, end: .recovered(order, diagnosis: Self.diagnosis)))
    let after = try await fixture.scan(claim.scan.id)
    #expect(after.status == .failed && after.cleanupReason == Reason.orphanedLock.rawValue)
    #expect(after.errorMessage == "in the way")
    _ = try await fixture.submit(.sample("/a", exclusivity: .target))
  }

  /// A worker that has fallen silent may still run what it holds until the lease is stale: the sweep carries the order out then.
  @Test(arguments: TestedDatabase.allCases)
  func aSilentWorkersFreshLeaseIsNotTakenByHand(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    _ = try await fixture.running(.sample("/a", exclusivity: .target), by: life)
    func age(_ table: String, _ column: String) async throws {
      try await fixture.shell("UPDATE \(table) SET \(column) = \(fixture.ago(100))")
    }
    try await age("workers", "last_heartbeat_at")
    func unlock() async throws -> ActionOutcome {
      try await fixture.store.unlock(
        scope: "library:/a", tenantID: "default", by: "op", reason: "in the way")
    }
    guard case .requested = try await unlock() else { throw Unexpected() }
    try await age("scans", "last_activity_at")
    guard case .done(let freed) = try await unlock() else { throw Unexpected() }
    #expect(freed.status == .failed)
  }

  /// The worker that was given the scan.
  private func heldBy(_ scan: Scan, _ fixture: Fixture) async throws -> WorkerLife {
    let row = try await fixture.store.snapshots(of: [scan.id]).rows.first
    return WorkerLife(id: try #require(row?.workerID), name: "w1", host: "h1")
  }
}
