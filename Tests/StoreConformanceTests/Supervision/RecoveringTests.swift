import HoldfastCore
import HoldfastStorage
import Testing

/// A recovery is one statement that repeats all that the plan rests on: it changes the scan as the plan says, or nothing.
@Suite struct RecoveringTests {
  static let cases = TestedDatabase.allCases.flatMap { database in
    Trouble.allCases.map { (database, $0) }
  }

  @Test(arguments: cases)
  func whatIsAsThePlanSawItIsRecovered(
    database: TestedDatabase, trouble: Trouble
  ) async throws {
    let fixture = try await Fixture(database)
    let scan = try await trouble.make(in: fixture)
    let entry = try await fixture.entry(for: scan.id, policy: trouble.policy)
    #expect(entry.guardian.column == trouble.column)
    #expect(entry.decision.reason == trouble.reason)
    #expect(try await fixture.due(pages: 10) == [scan.number])
    let before = try await fixture.events(of: scan.id).count
    #expect(try await fixture.store.recover(entry, delaySeconds: 0, by: "sweep"))
    let after = try await fixture.scan(scan.id)
    #expect(after.status == trouble.status)
    #expect(after.cleanupReason == trouble.reason.rawValue)
    #expect(after.checkpoint == scan.checkpoint, "a resume keeps its checkpoint")
    #expect((after.endedAt != nil) == trouble.status.isTerminal)
    let info = try #require(after.recoveryInfo)
    #expect(info["reason"]?.stringValue == trouble.reason.rawValue)
    #expect(info["original_status"]?["status"]?.stringValue == scan.status.rawValue)
    #expect(info["recovered_at"]?.stringValue != nil)
    let told = try await fixture.events(of: scan.id)
    #expect(told.count == before + 1)
    #expect(told.last?.eventData["cleanup_reason"]?.stringValue == trouble.reason.rawValue)
    #expect(told.last?.eventData["by"]?.stringValue == "sweep")
    // A second application of the same plan finds that it has moved.
    #expect(try await !fixture.store.recover(entry, delaySeconds: 0, by: "sweep"))
    #expect(try await fixture.scan(scan.id) == after)
    #expect(try await fixture.events(of: scan.id).count == before + 1)
  }

  /// Each thing that may have moved since the plan was made.
  @Test(arguments: cases)
  func whatHasMovedIsLeftAlone(database: TestedDatabase, trouble: Trouble) async throws {
    let fixture = try await Fixture(database)
    let scan = try await trouble.make(in: fixture)
    let entry = try await fixture.entry(for: scan.id, policy: trouble.policy)
    let column = trouble.column.rawValue
    func text(_ column: String) async throws -> String {
      let value = try await fixture.shell("SELECT \(column) FROM scans WHERE id = '\(scan.id)'")
      return "'\(value.replacing("\n", with: ""))'"
    }
    let stored = try await text(column)
    let token = try await text("lease_token").replacing("'", with: "")
    let status = try await text("status")
    let moves = [
      (column, fixture.ago(0), stored), (column, "NULL", stored),
      ("lease_token", "\(token) + 1", token),
      ("transitions = transitions + 1, status", "'paused'", status),
    ]
    for (name, moved, original) in moves {
      // Nobody can withdraw `run_at`.
      if moved == "NULL", trouble == .unclaimed { continue }
      try await fixture.set((name, moved), of: scan.id)
      let before = try await fixture.scan(scan.id)
      let events = try await fixture.events(of: scan.id)
      #expect(
        try await !fixture.store.recover(entry, delaySeconds: 0, by: "sweep"), "\(name) \(moved)")
      #expect(
        try await !fixture.store.orderRecovery(entry, delaySeconds: 0), "\(name) \(moved)")
      #expect(try await fixture.scan(scan.id) == before, "\(name) \(moved)")
      #expect(try await fixture.events(of: scan.id) == events, "\(name) \(moved)")
      try await fixture.set((name, original), of: scan.id)
    }
    // With everything back in its place it is applied: the refusals above were not for another reason.
    #expect(try await fixture.store.recover(entry, delaySeconds: 0, by: "sweep"))
  }

  @Test(arguments: TestedDatabase.allCases)
  func aHeartbeatInBetweenSaves(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    try await fixture.age(claim.scan.id, seconds: 200)
    let entry = try await fixture.entry(for: claim.scan.id)
    let beat = try await fixture.store.beat(life, leases: [claim.lease], running: 1)
    #expect(beat.lost.isEmpty)
    #expect(try await !fixture.store.recover(entry, delaySeconds: 0, by: "sweep"))
    #expect(try await fixture.scan(claim.scan.id).status == .running)
  }

  /// The silence of a program that reports nothing is one of activity and of answers too: each of them saves it.
  @Test(arguments: TestedDatabase.allCases, ["progress_at", "activity_at", "answered_at"])
  func aSignInBetweenSaves(_ database: TestedDatabase, _ sign: String) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    let id = claim.scan.id
    try await fixture.set(
      ("claimed_at", fixture.ago(800)), ("progress_at", fixture.ago(790)),
      ("activity_at", fixture.ago(780)), ("answered_at", fixture.ago(770)), of: id)
    var policy = Policy.default(for: "library")
    // Either the fixed window, by which an answer is no movement, or no sign of life at all.
    policy.movement = .any
    policy.stallAfterSeconds = sign == "answered_at" ? 3600 : 600
    let entry = try await fixture.entry(for: id, policy: policy)
    #expect(entry.verdict.kind == .hung)
    #expect(entry.guardian.column == (sign == "answered_at" ? .signAt : .movedAt))
    let stored = try await fixture.shell("SELECT \(sign) FROM scans").replacing("\n", with: "")
    try await fixture.set((sign, fixture.ago(1)), of: id)
    #expect(try await !fixture.store.orderRecovery(entry, delaySeconds: 0))
    #expect(try await !fixture.store.recover(entry, delaySeconds: 0, by: "sweep"))
    #expect(try await fixture.scan(id).status == .running)
    try await fixture.set((sign, "'\(stored)'"), of: id)
    #expect(try await fixture.store.recover(entry, delaySeconds: 0, by: "sweep"))
  }

  @Test(arguments: TestedDatabase.allCases)
  func theAttemptThatIsOvertakenIsTold(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    try await fixture.age(claim.scan.id, seconds: 200)
    let entry = try await fixture.entry(for: claim.scan.id)
    #expect(try await fixture.store.recover(entry, delaySeconds: 0, by: "sweep"))
    // Before anybody has claimed it again, and after.
    let pending = try await fixture.scan(claim.scan.id)
    for (name, report) in FencingTests.writes(claim.lease) {
      // Its own wish to go back into the queue has been fulfilled: that is no late result.
      let expected: ReportOutcome = name == "requeued" ? .applied : .superseded
      #expect(try await fixture.report(report) == expected, "\(name)")
    }
    #expect(try await fixture.scan(claim.scan.id) == pending)
    let beat = try await fixture.store.beat(life, leases: [claim.lease], running: 1)
    #expect(beat.lost == [claim.lease])
    let next = try #require(try await fixture.store.claim(claim.scan.id, for: life))
    #expect(next.lease.token > claim.lease.token)
    for (name, report) in FencingTests.writes(claim.lease) {
      #expect(try await fixture.report(report) == .superseded, "\(name)")
    }
  }

  @Test(arguments: TestedDatabase.allCases)
  func aDelayPutsOffTheNextClaim(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    try await fixture.age(claim.scan.id, seconds: 200)
    let entry = try await fixture.entry(for: claim.scan.id)
    let before = try await fixture.store.now()
    #expect(try await fixture.store.recover(entry, delaySeconds: 100, by: "sweep"))
    #expect(try await fixture.store.claim(claim.scan.id, for: life) == nil)
    let row = try #require(try await fixture.store.snapshots(of: [claim.scan.id]).rows.first)
    let now = try await fixture.store.now()
    #expect(
      (before.adding(seconds: 99.9)...now.adding(seconds: 100.1)).contains(row.snapshot.runAt))
    #expect(row.checkAt > row.snapshot.runAt)
    // It was alone on its worker, so that its worker's death counts as a crash of its own.
    #expect(row.snapshot.crashes == 1 && row.snapshot.stuckAttempts == 0)
  }

  @Test(arguments: TestedDatabase.allCases)
  func startingOverDropsTheCheckpointAndFailingFreesTheScope(
    _ database: TestedDatabase
  ) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    for (onStuck, status) in [(Policy.OnStuck.requeue, ScanStatus.pending), (.fail, .failed)] {
      let claim = try await fixture.running(
        .sample("/\(onStuck)", exclusivity: .target), by: life)
      try await fixture.report(
        AttemptReport(
          lease: claim.lease, checkpoint: ["a": 1], progress: Progress(done: 3, step: "s")))
      try await fixture.age(claim.scan.id, seconds: 200)
      var policy = Policy.default(for: "library")
      policy.onStuck = onStuck
      let entry = try await fixture.entry(for: claim.scan.id, policy: policy)
      #expect(try await fixture.store.recover(entry, delaySeconds: 0, by: "sweep"))
      let after = try await fixture.scan(claim.scan.id)
      #expect(after.status == status)
      #expect((after.checkpoint == nil) == (onStuck == .requeue))
      let again = try await fixture.store.submit([
        .sample("/\(onStuck)", exclusivity: .target)
      ])
      guard case .created = again.first else {
        #expect(status == .pending, "the scope of a failed scan is free: \(again)")
        continue
      }
      #expect(status == .failed, "the scope of a pending scan is held")
      #expect(
        try await fixture.events(of: claim.scan.id).last?.eventData["reason"]?.stringValue
          == "cleanup_stuck_scans")
    }
  }

  @Test(arguments: TestedDatabase.allCases)
  func manyAtOnceAndEachOnlyOnce(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let other = try await fixture.secondStore()
    let life = try await fixture.worker()
    var entries: [RecoveryPlan.Entry] = []
    for number in 0..<12 {
      let claim = try await fixture.running(.sample("t\(number)"), by: life)
      try await fixture.age(claim.scan.id, seconds: 200)
      entries.append(try await fixture.entry(for: claim.scan.id))
    }
    let applied = try await withThrowingTaskGroup(of: Int.self) { group in
      for (store, order) in [(fixture.store, entries), (other, entries.reversed())] {
        group.addTask {
          var count = 0
          for entry in order
          where try await store.recover(entry, delaySeconds: 0, by: "sweep") { count += 1 }
          return count
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(applied == entries.count)
    for entry in entries {
      let types = try await fixture.eventTypes(of: entry.scanID)
      #expect(types.count { $0 == "scan_requeued" } == 1)
    }
    await other.close()
  }
}
