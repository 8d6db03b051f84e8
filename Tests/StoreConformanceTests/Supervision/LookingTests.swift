import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

/// What supervision is shown: what is due and in which order, and of each scan all that a verdict looks at.
@Suite struct LookingTests {
  @Test(arguments: TestedDatabase.allCases)
  func onlyWhatIsDueTheLongestDueFirst(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    var scans: [Scan] = []
    for number in 0..<7 { scans.append(try await fixture.submit(.sample("t\(number)"))) }
    #expect(try await fixture.due(pages: 3).isEmpty)
    for (scan, seconds) in zip(scans, [500.0, 5000, 2000, 2000, 9000, 700, 0]) where seconds > 0 {
      try await fixture.set(("check_at", fixture.ago(seconds)), of: scan.id)
    }
    // Two that are due at the same moment come in the order of their numbers.
    let same = fixture.ago(2000)
    try await fixture.shell(
      "UPDATE scans SET check_at = \(same) WHERE target IN ('t2', 't3')")
    let expected = [4, 1, 2, 3, 5, 0].map { scans[$0].number }
    for limit in [1, 2, 3, 6, 100] {
      #expect(try await fixture.due(pages: limit) == expected, "pages of \(limit)")
    }
    // What a program of an earlier version wrote has no time at all, and is looked at first.
    try await fixture.set(("check_at", "NULL"), of: scans[6].id)
    #expect(try await fixture.due(pages: 100) == [scans[6].number] + expected)
    // What has ended is never due.
    try await fixture.set(("status", "'cancelled'"), of: scans[4].id)
    #expect(try await !fixture.due(pages: 2).contains(scans[4].number))
  }

  @Test(arguments: TestedDatabase.allCases)
  func activeScansByNumber(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    var numbers: [Int64] = []
    for status in ScanStatus.allCases {
      let scan = try await fixture.scan(in: status)
      if status.isActive { numbers.append(scan.number) }
    }
    var found: [Int64] = []
    while true {
      let page = try await fixture.store.active(after: found.last ?? 0, limit: 2)
      if page.rows.isEmpty { break }
      found += page.rows.map(\.snapshot.number)
    }
    #expect(found == numbers.sorted())
  }

  @Test(arguments: TestedDatabase.allCases)
  func someByIDAndTheHolderOfAScope(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let held = try await fixture.submit(.sample("/a", exclusivity: .target))
    let other = try await fixture.submit(.sample("/a", exclusivity: .target, tenant: "other"))
    let ended = try await fixture.scan(in: .failed)
    let page = try await fixture.store.snapshots(of: [other.id, ended.id, held.id, .make()])
    #expect(Set(page.rows.map(\.snapshot.scanID)) == [held.id, other.id])
    for (tenant, scan) in [("default", held), ("other", other)] {
      let holder = try await fixture.store.snapshot(scope: "library:/a", tenantID: tenant)
      #expect(holder.rows.map(\.snapshot.scanID) == [scan.id])
      #expect(holder.rows.map(\.tenantID) == [tenant])
    }
    #expect(
      try await fixture.store.snapshot(scope: "library:/b", tenantID: "default").rows.isEmpty)
  }

  /// Each column is read into the place that verdicts look at.
  @Test(arguments: TestedDatabase.allCases)
  func allThatAVerdictLooksAt(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker("w9")
    let claim = try await fixture.running(by: life)
    let id = claim.scan.id
    let progress = Progress(done: 7, total: 9, unit: "files", step: "hash")
    try await fixture.report(
      AttemptReport(
        lease: claim.lease,
        items: [Item(key: "k", type: "file", change: .added)], checkpoint: ["a": 1],
        progress: progress, waitingFor: "a lock", waitSeconds: 12))
    _ = try await fixture.store.beat(life, leases: [claim.lease], running: 1)
    _ = try await fixture.store.act(.pause, on: id, by: "op", reason: nil)
    let scan = try await fixture.scan(id)
    let page = try await fixture.store.snapshots(of: [id])
    let row = try #require(page.rows.first)
    let seen = row.snapshot
    #expect(page.rows.count == 1)
    #expect(row.workerID == life.id)
    #expect(row.orderedAt == nil)
    #expect(seen.scanID == id && seen.number == scan.number)
    #expect(seen.kind == "library" && seen.target == "/data" && seen.status == .running)
    #expect(seen.attempt == 1 && seen.leaseToken == claim.lease.token)
    #expect(seen.crashes == 0 && seen.stuckAttempts == 0)
    #expect(seen.createdAt == scan.createdAt && seen.claimedAt == scan.claimedAt)
    #expect(seen.lastActivityAt == scan.lastActivityAt)
    #expect(seen.progress == progress)
    #expect(seen.progressAt != nil)
    #expect(seen.hasCheckpoint && seen.items == 1)
    #expect(seen.wait?.reason == "a lock" && seen.wait?.limitSeconds == 12)
    #expect(seen.request == .pause && seen.requestedAt != nil)
    #expect(seen.maxRuntimeMinutes == 30 && seen.heartbeatIntervalSeconds == 30)
    #expect(seen.worker?.name == "w9" && seen.worker?.running == 1)
    #expect(seen.worker?.secondOpinion == .unknown)
    #expect(page.now.seconds(since: scan.createdAt) >= 0)
    // A life that has signed off is a proof, not a silence.
    try await fixture.shell("UPDATE workers SET status = 'gone'")
    let gone = try await fixture.store.snapshots(of: [id]).rows.first
    #expect(gone?.snapshot.worker?.secondOpinion == .gone)
  }

  @Test(arguments: TestedDatabase.allCases)
  func workersThatFellSilent(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let silent = try await fixture.worker("silent")
    let live = try await fixture.worker("live")
    try await fixture.shell(
      """
      UPDATE workers SET last_heartbeat_at = \(fixture.ago(91)) WHERE name = 'silent'
      """)
    let fleet = try await fixture.store.fleet()
    #expect(fleet.workers.filter(\.isSilent).map(\.record.id) == [silent.id])
    #expect(fleet.live.map(\.record.id) == [live.id])
    #expect(fleet.queue(for: "library", of: "default").workersForKind == 1)
    #expect(fleet.queue(for: "library", of: "default").freeSlots == 2)
    #expect(fleet.queue(for: "site", of: "default").workersForKind == 0)
    // One of the two is heard of after all, before it is marked.
    let seen = fleet.workers
    _ = try await fixture.store.beat(live, leases: [], running: 0)
    try await fixture.shell(
      """
      UPDATE workers SET last_heartbeat_at = \(fixture.ago(0)) WHERE name = 'live'
      """)
    try await fixture.store.markLost(seen)
    let statuses = try await fixture.store.workers().map { "\($0.name) \($0.status)" }
    #expect(statuses.sorted() == ["live alive", "silent lost"])
    // Its next beat makes it alive again.
    _ = try await fixture.store.beat(silent, leases: [], running: 0)
    let back = try await fixture.store.workers().first { $0.id == silent.id }
    #expect(back?.status == "alive")
  }
}
