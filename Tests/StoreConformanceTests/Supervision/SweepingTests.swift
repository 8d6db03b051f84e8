import HoldfastCore
import HoldfastEngine
import HoldfastStorage
import Logging
import Testing

/// The sweep over a real store: what it plans, does, passes over, and who does it.
@Suite(.timeLimit(.minutes(5))) struct SweepingTests {
  private static let policy = Trouble.unclaimed.policy

  private func sweeper(_ store: SQLStore, _ holder: String = "one") -> Sweeper {
    Sweeper(
      store: store,
      configuration: Sweeper.Configuration(holder: holder) { _, _ in Self.policy },
      logger: .quiet)
  }

  /// All that a sweep could change, as text.
  private func everything(in fixture: Fixture) async throws -> String {
    try await fixture.shell(
      """
      SELECT * FROM scans ORDER BY number;
      SELECT * FROM scan_lifecycle_events ORDER BY id;
      SELECT id, status FROM workers ORDER BY id;
      SELECT * FROM leaderships;
      """)
  }

  private func troubled(_ fixture: Fixture) async throws -> [Trouble: Scan] {
    var scans: [Trouble: Scan] = [:]
    // The silent one first: it takes the workers of its moment with it.
    for trouble in Trouble.allCases { scans[trouble] = try await trouble.make(in: fixture) }
    _ = try await fixture.running(.sample("healthy"))
    return scans
  }

  @Test(arguments: TestedDatabase.allCases)
  func aDryRunChangesNothingAndListsWhatTheRunDoes(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let scans = try await troubled(fixture)
    let planner = SweepPlanner(store: fixture.store) { _, _ in Self.policy }
    let before = try await everything(in: fixture)
    let plan = try await planner.plan().plan
    let again = try await planner.plan().plan
    #expect(try await everything(in: fixture) == before)
    #expect(plan.hash == again.hash)
    #expect(Set(plan.entries.map(\.scanID)) == Set(scans.values.map(\.id)))
    #expect(plan.entries.map(\.decision.reason).contains(.progressStalled))

    let report = try await sweeper(fixture.store).runOnce()
    func text(_ entry: RecoveryPlan.Entry) -> String {
      "\(entry.number) \(entry.decision.action) \(entry.decision.reason) \(entry.guardian)"
    }
    #expect(report.results.map { text($0.entry) }.sorted() == plan.entries.map(text).sorted())
    let outcomes = Dictionary(
      uniqueKeysWithValues: report.results.map { ($0.entry.scanID, $0.outcome) })
    for (trouble, scan) in scans {
      // Where the worker lives, its process is ended first.
      let isAlive = [Trouble.still, .overTime, .deafToCancel].contains(trouble)
      #expect(outcomes[scan.id] == (isAlive ? .ordered : .recovered), "\(trouble)")
      let now = try await fixture.scan(scan.id)
      #expect(now.status == (isAlive ? .running : trouble.status), "\(trouble)")
    }
    #expect(report.held == 0)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aPlanIsRefusedOnceItsScanHasMoved(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let scan = try await Trouble.silent.make(in: fixture)
    let planner = SweepPlanner(store: fixture.store) { _, _ in Self.policy }
    let planned = try await planner.plan()
    _ = try await fixture.store.beat(
      WorkerLife(id: try #require(planned.rows.first?.workerID), name: "w1", host: "h1"),
      leases: [Lease(scanID: scan.id, token: scan.leaseToken)], running: 1)
    let applier = RecoveryApplier(store: fixture.store, actor: "test", logger: .quiet)
    let results = await applier.apply(planned, patienceSeconds: { _ in 60 }, jitter: { 0 })
    #expect(results.map(\.outcome) == [.moved])
    #expect(try await fixture.scan(scan.id).status == .running)
  }

  /// What can only be reported comes first in the list of what is due, and fills more than a page.
  @Test(arguments: TestedDatabase.allCases)
  func itPagesPastWhatItCannotActOn(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let count = SweepPlanner.pageSize + 20
    _ = try await fixture.store.submit((0..<count).map { .sample("waits-\($0)") })
    try await fixture.shell(
      """
      UPDATE scans SET kind = 'site', run_at = \(fixture.ago(9000)),
        check_at = \(fixture.ago(9000))
      """)
    let scan = try await Trouble.silent.make(in: fixture)
    let sweeper = Sweeper(
      store: fixture.store,
      configuration: Sweeper.Configuration(holder: "one") { kind, _ in .default(for: kind) },
      logger: .quiet)
    let report = try await sweeper.runOnce()
    #expect(report.looked == count + 1)
    #expect(report.results.count { $0.outcome == .reported } == count)
    #expect(try await fixture.scan(scan.id).status == .pending)
    // What is only reported is told once, and is not looked at again at once.
    let told = try await fixture.shell(
      "SELECT count(*) FROM scan_lifecycle_events WHERE event_type = 'scan_verdict'")
    #expect(told.split(whereSeparator: \.isNewline) == ["\(count + 1)"])
    #expect(try await fixture.due(pages: 100).isEmpty)
    // It stays in sight of who asks what is stuck, until somebody sees to it.
    let planner = SweepPlanner(store: fixture.store) { kind, _ in .default(for: kind) }
    let plan = try await planner.plan().plan
    #expect(plan.entries.count == count)
    #expect(plan.entries.allSatisfy { $0.decision.action == .alert })
    try await fixture.shell("UPDATE scans SET run_at = \(fixture.ago(1)) WHERE kind = 'site'")
    #expect(try await planner.plan().plan.entries.isEmpty)
    try await fixture.set(("check_at", fixture.ago(1)), of: plan.entries[0].scanID)
    _ = try await sweeper.runOnce()
    let page = try await fixture.store.foundStuck(after: 0, limit: 9999)
    #expect(page.rows.count == count - 1)
    #expect(!page.rows.contains { $0.snapshot.scanID == plan.entries[0].scanID })
  }

  @Test(arguments: TestedDatabase.allCases)
  func twoSweepsAtOnceRecoverEachScanOnce(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let other = try await fixture.secondStore()
    let life = try await fixture.worker()
    var ids: [ScanID] = []
    for number in 0..<30 {
      let claim = try await fixture.running(.sample("t\(number)"), by: life)
      try await fixture.age(claim.scan.id, seconds: 200)
      ids.append(claim.scan.id)
    }
    async let first = sweeper(fixture.store).runOnce()
    async let second = sweeper(other, "two").runOnce()
    let outcomes = try await [first, second].flatMap(\.results).map(\.outcome)
    #expect(outcomes.count { $0 == .recovered } == ids.count, "\(outcomes)")
    for id in ids {
      #expect(try await fixture.eventTypes(of: id).count { $0 == "scan_requeued" } == 1)
      #expect(try await fixture.scan(id).status == .pending)
    }
    await other.close()
  }

  /// One row that the database refuses does not keep the others waiting.
  @Test(arguments: TestedDatabase.allCases)
  func oneRefusalDoesNotStopTheOthers(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    var claims: [Claim] = []
    for number in 0..<5 {
      let claim = try await fixture.running(.sample("t\(number)"), by: life)
      try await fixture.age(claim.scan.id, seconds: 200 + Double(number))
      claims.append(claim)
    }
    let bad = claims[2].scan
    switch database {
    case .sqlite:
      try await fixture.shell(
        """
        CREATE TRIGGER refuse BEFORE UPDATE OF status ON scans WHEN OLD.number = \(bad.number)
        BEGIN SELECT raise(ABORT, 'not this one'); END
        """)
    case .postgres:
      try await fixture.shell(
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE OF status ON scans FOR EACH ROW
          WHEN (OLD.number = \(bad.number)) EXECUTE FUNCTION refuse()
        """)
    }
    let report = try await sweeper(fixture.store).runOnce()
    #expect(report.results.count { $0.outcome == .recovered } == 4)
    #expect(report.results.first { $0.entry.scanID == bad.id }?.outcome == .refused)
    try await fixture.shell(
      database == .postgres ? "DROP TRIGGER refuse ON scans" : "DROP TRIGGER refuse")
    try await fixture.set(("check_at", fixture.ago(1)), of: bad.id)
    let second = try await sweeper(fixture.store).runOnce()
    #expect(second.results.map(\.outcome) == [.recovered])
  }

  /// A leader that dies is followed when its term ends, and what is stuck is recovered by then. That this takes no ten seconds is tried
  /// in a time of its own, where no busy machine makes it longer.
  @Test(arguments: TestedDatabase.allCases)
  func anotherTakesOver(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let term = Sweeper.Configuration(holder: "") { _, _ in Self.policy }.termSeconds
    #expect(try await fixture.store.lead("sweep", as: "dead", forSeconds: term))
    let scan = try await Trouble.silent.make(in: fixture)
    let next = sweeper(fixture.store)
    let running = Task { await next.run() }
    try await eventually("the recovery by the next leader") {
      try await fixture.scan(scan.id).status == .pending
    }
    next.end()
    await running.value
    // It has resigned, so that a third need not wait.
    #expect(try await fixture.store.lead("sweep", as: "third", forSeconds: term))
  }
}
