import HoldfastCore
import HoldfastStorage
import Testing

/// A submission that does what the check ahead of it says, in one transaction.
@Suite struct SafeSubmissionTests {
  @Test(arguments: TestedDatabase.allCases)
  func startsWhereNothingIsInTheWay(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let first = try await fixture.submitSafely(.sample(exclusivity: .target, key: "k"))
    #expect(first.outcome == .started)
    #expect(first.check.action == .start)
    #expect(try await fixture.eventTypes(of: first.scan.id) == ["scan_submitted"])
    let second = try await fixture.submitSafely(.sample(exclusivity: .target))
    #expect(second.outcome == .waiting)
    #expect(second.check.action == .wait)
    #expect(second.scan.id == first.scan.id)
    let same = try await fixture.submitSafely(.sample(exclusivity: .target, key: "k"))
    #expect(same.outcome == .existing)
    #expect(same.scan.id == first.scan.id)
    // Without a scope nothing is ever in the way.
    let free = try await fixture.submitSafely(.sample(exclusivity: .none))
    #expect(free.outcome == .started)
  }

  @Test(arguments: TestedDatabase.allCases)
  func resumesWhatLeftSomething(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(.sample(exclusivity: .target), by: life)
    try await fixture.report(AttemptReport(lease: claim.lease, checkpoint: ["x": 1]))
    try await fixture.age(claim.scan, minutes: 60, heartbeatMinutes: 50)
    let answer = try await fixture.submitSafely(.sample(exclusivity: .target))
    #expect(answer.outcome == .resumed)
    #expect(answer.check.action == .resume)
    #expect(answer.scan.id == claim.scan.id)
    #expect(answer.scan.status == .pending)
    #expect(answer.scan.checkpoint == ["x": 1])
    let again = try #require(try await fixture.store.claim(claim.scan.id, for: life))
    #expect(again.scan.checkpoint == ["x": 1])
  }

  /// An empty checkpoint is nothing to go on from.
  @Test(arguments: TestedDatabase.allCases, ["{}", "[]", "null"])
  func anEmptyCheckpointIsNone(_ database: TestedDatabase, _ empty: String) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running(.sample(exclusivity: .target))
    try await fixture.age(claim.scan, minutes: 25 * 60, heartbeatMinutes: 25 * 60)
    try await fixture.shell("UPDATE scans SET checkpoint = '\(empty)'")
    let answer = try await fixture.submitSafely(.sample(exclusivity: .target))
    #expect(answer.check.action == .cleanup)
    #expect(!answer.check.isResumable)
    try await fixture.shell("UPDATE scans SET checkpoint = '{\"page\": 7, \"of\": 120}'")
    let page = try await fixture.store.snapshots(of: [answer.scan.id])
    #expect(page.rows.first?.snapshot.hasCheckpoint == true)
  }

  @Test(arguments: TestedDatabase.allCases)
  func resumesWhatIsPaused(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running(.sample(exclusivity: .target))
    try await fixture.report(AttemptReport(lease: claim.lease, end: .paused))
    let answer = try await fixture.submitSafely(.sample(exclusivity: .target))
    #expect(answer.outcome == .resumed)
    #expect(answer.scan.status == .pending)
    #expect(try await fixture.eventTypes(of: claim.scan.id).last == "scan_resumed")
  }

  @Test(arguments: TestedDatabase.allCases)
  func cleansTheDeadAndStarts(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running(.sample(exclusivity: .target))
    try await fixture.age(claim.scan, minutes: 25 * 60, heartbeatMinutes: 25 * 60)
    let young = try await fixture.submitSafely(.sample(exclusivity: .target), ageHours: 48)
    #expect(young.outcome == .waiting)
    #expect(try await fixture.scan(claim.scan.id).status == .running)
    let answer = try await fixture.submitSafely(.sample(exclusivity: .target))
    #expect(answer.outcome == .started)
    #expect(answer.check.action == .cleanup)
    #expect(answer.cleaned == claim.scan.number)
    #expect(answer.scan.id != claim.scan.id)
    let dead = try await fixture.scan(claim.scan.id)
    #expect(dead.status == .failed)
    #expect(dead.isCleaned)
    #expect(
      try await fixture.shell("SELECT status FROM runs WHERE id = \(dead.number)")
        == "Timeout - Auto-cleaned\n")
    let event = try #require(
      try await fixture.store.events(of: dead.id, cursor: nil, limit: 99).items.last)
    #expect(event.eventData["reason"] == "cleanup_stuck_scans")
  }

  @Test(arguments: TestedDatabase.allCases)
  func aWorkerThatIsThereEndsItsProcessFirst(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(.sample(exclusivity: .target), by: life)
    try await fixture.age(claim.scan, minutes: 25 * 60, heartbeatMinutes: 25 * 60)
    let answer = try await fixture.submitSafely(
      .sample(exclusivity: .target), isWorkerThere: true)
    #expect(answer.outcome == .ordered)
    #expect(answer.scan.id == claim.scan.id)
    #expect(try await fixture.scan(claim.scan.id).status == .running)
    let beat = try await fixture.store.beat(life, leases: [claim.lease], running: 1)
    #expect(beat.orders[claim.scan.id]?.action == .fail)
  }

  /// Of many submitters at the same time one starts, whatever was in the way before.
  @Test(arguments: TestedDatabase.allCases, [false, true])
  func onlyOneOfManyStarts(_ database: TestedDatabase, _ isDeadOneInTheWay: Bool) async throws {
    let fixture = try await Fixture(database)
    for round in 0..<5 {
      let target = "/\(round)"
      if isDeadOneInTheWay {
        let claim = try await fixture.running(.sample(target, exclusivity: .target))
        try await fixture.age(claim.scan, minutes: 25 * 60, heartbeatMinutes: 25 * 60)
      }
      let stores = [fixture.store, try await fixture.secondStore()]
      let answers = try await withThrowingTaskGroup(of: SafeSubmission.self) { group in
        for submitter in 0..<8 {
          group.addTask {
            try await Fixture.submitSafely(
              .sample(target, exclusivity: .target), to: stores[submitter % 2])
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      let started = answers.filter { $0.outcome == .started }
      #expect(started.count == 1)
      #expect(answers.filter { $0.outcome == .waiting }.count == 7)
      #expect(answers.compactMap(\.cleaned).count == (isDeadOneInTheWay ? 1 : 0))
      #expect(Set(answers.map(\.scan.id)) == Set(started.map(\.scan.id)))
      await stores[1].close()
    }
  }
}

extension Fixture {
  func submitSafely(
    _ request: ScanRequest, ageHours: Double? = nil, isWorkerThere: Bool = false
  ) async throws -> SafeSubmission {
    try await Self.submitSafely(
      request, to: store, ageHours: ageHours, isWorkerThere: isWorkerThere)
  }

  /// With the decisions of the core, as the engine puts them together.
  static func submitSafely(
    _ request: ScanRequest, to store: SQLStore, ageHours: Double? = nil,
    isWorkerThere: Bool = false
  ) async throws -> SafeSubmission {
    let policy = Policy.default(for: request.kind)
    return try await store.submitIfSafe(request, by: "test") { page in
      let check = PreScanCheck.decide(
        active: page.rows.first?.snapshot, policy: policy, now: page.now, ageHours: ageHours)
      let plan = RecoveryPlan.make(
        page.rows.map(\.snapshot), policy: { _ in policy }, now: page.now)
      let action: RecoveryDecision.Action = check.action == .resume ? .resume : .fail
      return PreScanAnswer(
        check: check, entry: plan.entries.first?.decided(action, why: check.reason),
        isWorkerThere: isWorkerThere)
    }
  }
}
