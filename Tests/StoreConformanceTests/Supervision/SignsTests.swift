import HoldfastCore
import HoldfastStorage
import Testing

/// The signs of life that come with a heartbeat, and what a claim makes of those of the attempt
/// before.
@Suite struct SignsTests {
  private func seen(_ fixture: Fixture, _ claim: Claim) async throws -> ScanSnapshot {
    try #require(try await fixture.store.snapshots(of: [claim.scan.id]).rows.first).snapshot
  }

  @Test(arguments: TestedDatabase.allCases)
  func aBeatTellsOfActivityAndAnswers(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    let claimed = try await seen(fixture, claim)
    #expect(claimed.activity == nil && claimed.answeredAt == nil)

    func beat(_ pulse: Pulse) async throws -> ScanSnapshot {
      let outcome = try await fixture.store.beat(life, pulses: [pulse], running: 1)
      #expect(outcome.lost.isEmpty)
      return try await seen(fixture, claim)
    }
    let silent = try await beat(Pulse(lease: claim.lease))
    #expect(silent.activity == nil && silent.answeredAt == nil)
    #expect(silent.lastActivityAt != nil)
    let active = try await beat(Pulse(lease: claim.lease, isActive: true))
    #expect(active.activity?.changedAt == active.lastActivityAt)
    #expect(active.answeredAt == nil)
    let answered = try await beat(Pulse(lease: claim.lease, hasAnswered: true))
    #expect(answered.answeredAt == answered.lastActivityAt)
    #expect(answered.activity == active.activity, "no activity leaves the last one")
    let superseded = Lease(scanID: claim.scan.id, token: claim.lease.token + 1)
    let wrong = try await fixture.store.beat(
      life, pulses: [Pulse(lease: superseded, isActive: true, hasAnswered: true)], running: 1)
    #expect(wrong.lost == [superseded])
    #expect(try await seen(fixture, claim).activity == active.activity)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aClaimBeginsAnew(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let first = try await fixture.running(by: life)
    let id = first.scan.id
    try await fixture.report(
      AttemptReport(
        lease: first.lease, checkpoint: ["at": 40], progress: Progress(done: 50, step: "walk"),
        doubt: AttemptDoubt(change: .raised, suspicion: RhythmTests.suspicion)))
    _ = try await fixture.store.beat(
      life, pulses: [Pulse(lease: first.lease, isActive: true, hasAnswered: true)], running: 1)
    try await fixture.report(
      AttemptReport(
        lease: first.lease,
        end: .requeued(reason: .runnerCrashed, message: "", delaySeconds: 0, countsAsCrash: true)))
    let again = try #require(try await fixture.store.claim(id, for: life))
    let second = try await seen(fixture, again)
    #expect(second.doneAtClaim == 50, "it goes on from the checkpoint's progress")
    #expect(second.activity == nil && second.answeredAt == nil)
    #expect(second.learned == nil && second.diagnosis == nil)
    #expect(!second.hasBeaten)
    #expect(again.scan.suspicion == nil && again.scan.verdict == nil)
  }

  @Test(arguments: TestedDatabase.allCases)
  func withoutACheckpointNothingIsDoneAtTheClaim(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let first = try await fixture.running(by: life)
    try await fixture.report(
      AttemptReport(lease: first.lease, progress: Progress(done: 50, step: "walk")))
    try await fixture.report(
      AttemptReport(
        lease: first.lease,
        end: .requeued(reason: .runnerCrashed, message: "", delaySeconds: 0, countsAsCrash: true)))
    let again = try #require(try await fixture.store.claim(first.scan.id, for: life))
    #expect(try await seen(fixture, again).doneAtClaim == 0)
  }

  /// A scan that hangs at the same place each time must not be started for ever; one that gets
  /// further each time may.
  @Test(arguments: TestedDatabase.allCases)
  func gettingFurtherThanEverForgivesStuckAttempts(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let scan = try await fixture.submit(.sample())
    var counts: [Int] = []
    for done in [10, 10, 9, 11, 11] as [Int64] {
      let claim = try #require(try await fixture.store.claim(scan.id, for: life))
      try await fixture.report(
        AttemptReport(lease: claim.lease, progress: Progress(done: done, step: "walk")))
      let order = RecoveryOrder(
        action: .requeue, reason: .progressStalled, countsAsCrash: false, countsAsStuck: true,
        delaySeconds: 0, sentence: "It hung.")
      try await fixture.report(
        AttemptReport(
          lease: claim.lease, end: .recovered(order, diagnosis: Optional<JSONValue>.none)))
      counts.append(try await fixture.scan(scan.id).stuckAttempts)
    }
    #expect(counts == [1, 2, 3, 1, 2])
  }

  @Test(arguments: TestedDatabase.allCases)
  func anOperatorsWishIsLookedAtSoon(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    _ = try await fixture.store.act(.cancel, on: claim.scan.id, by: "op", reason: nil)
    let page = try await fixture.store.snapshots(of: [claim.scan.id])
    let row = try #require(page.rows.first)
    #expect(row.checkAt.seconds(since: page.now) <= 1)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aScanInsertedByHandNamesWhoHoldsItsScope(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let holder = try await fixture.submit(.sample("/a", exclusivity: .target))
    let by = try await fixture.submit(.sample("/a", exclusivity: .none))
    let free = try await fixture.submit(.sample("/b", exclusivity: .none))
    let rows = try await fixture.store.snapshots(of: [holder.id, by.id, free.id]).rows
    #expect(rows.map(\.scopeHolder) == [nil, holder.number, nil])
  }
}
