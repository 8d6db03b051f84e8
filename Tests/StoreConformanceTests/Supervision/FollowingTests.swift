import HoldfastCore
import HoldfastStorage
import Testing

/// What a sweep writes of scans that it leaves as they are.
@Suite struct FollowingTests {
  private func check(_ scan: Scan, _ status: ScanStatus, _ token: Int64, at: Timestamp) -> NextCheck
  {
    NextCheck(scanID: scan.id, status: status, leaseToken: token, at: at)
  }

  @Test(arguments: TestedDatabase.allCases)
  func theNextLookIsSetWhereNothingHasMoved(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    var claims: [Claim] = []
    for number in 0..<4 {
      let claim = try await fixture.running(.sample("t\(number)"), by: life)
      try await fixture.set(("check_at", fixture.ago(60)), of: claim.scan.id)
      claims.append(claim)
    }
    let later = try await fixture.store.now().adding(seconds: 500)
    let scans = claims.map(\.scan)
    try await fixture.store.rearm([])
    try await fixture.store.rearm([
      check(scans[3], .running, claims[3].lease.token, at: later),
      check(scans[0], .running, claims[0].lease.token, at: later),
      check(scans[1], .running, claims[1].lease.token + 1, at: later),
      check(scans[2], .pending, claims[2].lease.token, at: later),
    ])
    #expect(try await fixture.due(pages: 10) == [scans[1].number, scans[2].number])
    let rows = try await fixture.store.snapshots(of: [scans[0].id, scans[3].id]).rows
    #expect(rows.map(\.checkAt) == [later, later])
  }

  /// A beat must not move what is due: the index of it stays as it is.
  @Test(arguments: TestedDatabase.allCases)
  func aHeartbeatDoesNotRearm(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    try await fixture.set(("check_at", fixture.ago(60)), of: claim.scan.id)
    let before = try await fixture.store.snapshots(of: [claim.scan.id]).rows.map(\.checkAt)
    _ = try await fixture.store.beat(life, leases: [claim.lease], running: 1)
    try await fixture.report(
      AttemptReport(lease: claim.lease, progress: Progress(done: 1, step: "a")))
    let after = try await fixture.store.snapshots(of: [claim.scan.id]).rows.map(\.checkAt)
    #expect(before == after)
  }

  /// A claim is looked at within one heartbeat interval, whatever the policy says.
  @Test(arguments: TestedDatabase.allCases)
  func aClaimIsLookedAtSoon(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    let page = try await fixture.store.snapshots(of: [claim.scan.id])
    let row = try #require(page.rows.first)
    let claimedAt = try #require(row.snapshot.claimedAt)
    #expect(abs(row.checkAt.seconds(since: claimedAt) - 30) < 0.01)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aVerdictIsAnEventWhenItIsNews(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    let id = claim.scan.id
    func record(
      _ kind: Verdict.Kind, _ reason: Reason?, cause: Verdict.PendingCause? = nil,
      token: Int64? = nil
    ) async throws {
      let verdict = Verdict(
        kind: kind, cause: cause, reason: reason, sentence: "It is \(kind.rawValue).",
        judgedAt: try await fixture.store.now())
      try await fixture.store.record([
        JudgedScan(
          scanID: id, tenantID: "default", leaseToken: token ?? claim.lease.token,
          verdict: verdict)
      ])
    }
    func told() async throws -> [String] {
      try await fixture.events(of: id).filter { $0.eventType == "scan_verdict" }
        .compactMap { $0.eventData["verdict"]?.stringValue }
    }
    try await record(.moving, nil)
    #expect(try await told().isEmpty, "a first verdict that finds nothing is no news")
    try await record(.hung, .progressStalled)
    try await record(.hung, .progressStalled)
    #expect(try await told() == ["hung"])
    try await record(.dead, .heartbeatStale)
    try await record(.dead, .workerLost)
    #expect(try await told() == ["hung", "dead", "dead"], "another reason is news")
    try await record(.poison, .runnerCrashed, token: claim.lease.token + 1)
    #expect(try await told().count == 3, "a verdict on another attempt is not this one's")
    try await fixture.report(
      AttemptReport(lease: claim.lease, end: .completed(message: nil, summary: [:])))
    try await record(.hung, .progressStalled)
    #expect(try await told().count == 3, "what has ended is not judged")
    let last = try await fixture.shell("SELECT verdict FROM scans WHERE id = '\(id)'")
    #expect(last.contains("worker_lost"), "\(last)")
  }
}
