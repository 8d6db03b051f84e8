import HoldfastCore
import HoldfastStorage
import Testing

/// Within one attempt, what was said later stands: a report that was long on its way sets nothing back, and one that comes twice
/// counts once.
@Suite struct ReportOrderTests {
  private func said(_ lease: Lease, _ sequence: Int64, done: Int64) -> AttemptReport {
    AttemptReport(
      lease: lease, sequence: sequence,
      items: [Item(key: "k", type: "file", change: done % 2 == 0 ? .added : .updated)],
      errors: [ItemError(path: "p", type: "t", message: "at \(done)")],
      checkpoint: ["next": .int(done)], progress: Progress(done: done, step: "walk"),
      progressMessage: "at \(done)", waitingFor: done % 2 == 0 ? "a lock" : "", waitSeconds: 9)
  }

  @Test(arguments: TestedDatabase.allCases)
  func anOlderReportThatComesLateChangesNothing(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    try await fixture.report(said(claim.lease, 1, done: 10))
    try await fixture.report(said(claim.lease, 4, done: 41))
    let before = try await fixture.scan(claim.scan.id)
    #expect(before.progress?.done == 41)
    for late in [1, 2, 3, 4] as [Int64] {
      // It is no reason to stop: its attempt has gone on long since.
      #expect(try await fixture.report(said(claim.lease, late, done: late)) == .applied)
      #expect(try await fixture.scan(claim.scan.id) == before, "report \(late)")
    }
    let items = try await fixture.store.items(
      of: claim.scan.id, change: nil, cursor: nil, limit: 9
    ).items
    #expect(items.map(\.item.change) == [.updated])
    let errors = try await fixture.store.errors(of: claim.scan.id, cursor: nil, limit: 9).items
    #expect(errors.map(\.errorMessage) == ["at 41"])
    #expect(try await fixture.report(said(claim.lease, 5, done: 52)) == .applied)
    #expect(try await fixture.scan(claim.scan.id).progress?.done == 52)
  }

  @Test(arguments: TestedDatabase.allCases)
  func oneBatchMayHoldOldAndNewOfManyScans(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let one = try await fixture.running(.sample("/1"), by: life)
    let other = try await fixture.running(.sample("/2"), by: life)
    try await fixture.report(said(one.lease, 7, done: 70))
    // As a journal delivers them: several of one attempt, one of which the database has already.
    let outcomes = try await fixture.store.report([
      said(one.lease, 6, done: 60), said(other.lease, 1, done: 10), said(one.lease, 8, done: 80),
      said(one.lease, 7, done: 70), said(other.lease, 1, done: 11),
    ])
    #expect(outcomes == Array(repeating: .applied, count: 5))
    #expect(try await fixture.scan(one.scan.id).progress?.done == 80)
    #expect(try await fixture.scan(other.scan.id).progress?.done == 10)
  }

  @Test(arguments: TestedDatabase.allCases)
  func theNextAttemptCountsFromTheBeginning(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let first = try await fixture.running(by: life)
    try await fixture.report(said(first.lease, 900, done: 10))
    try await fixture.report(
      AttemptReport(
        lease: first.lease, sequence: 901,
        end: .requeued(reason: .workerLost, message: "", delaySeconds: 0, countsAsCrash: false)))
    let second = try #require(try await fixture.store.claim(first.scan.id, for: life))
    try await fixture.report(said(second.lease, 1, done: 20))
    #expect(try await fixture.scan(first.scan.id).progress?.done == 20)
    #expect(try await fixture.report(said(first.lease, 902, done: 90)) == .superseded)
    // What has no place in any order (of a program of before) is fenced by its token alone.
    try await fixture.report(AttemptReport(lease: second.lease, progress: Progress(done: 21)))
    #expect(try await fixture.scan(first.scan.id).progress?.done == 21)
  }
}
