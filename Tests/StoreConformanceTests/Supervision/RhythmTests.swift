import HoldfastCore
import HoldfastStorage
import Testing

/// What workers suspect, and what finished scans teach.
@Suite struct RhythmTests {
  static let limit = LearnedLimit(seconds: 40, scope: .step, scans: 1200, rate: 0.001)
  static let suspicion = RaisedSuspicion(
    signal: .progress, step: "walk", silenceSeconds: 55, limit: limit, probability: 0.0008,
    overdueSeconds: 15)

  @Test(arguments: TestedDatabase.allCases)
  func aSuspicionIsRaisedExplainedAndWithdrawn(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    let id = claim.scan.id
    func tell(_ doubt: AttemptDoubt) async throws {
      #expect(
        try await fixture.report(AttemptReport(lease: claim.lease, doubt: doubt)) == .applied)
    }
    let before = try await fixture.store.now()
    try await tell(AttemptDoubt(change: .raised, suspicion: Self.suspicion))
    let raised = try await fixture.scan(id)
    #expect(raised.suspicion == Self.suspicion.json)
    let since = try #require(raised.suspectedAt)
    let now = try await fixture.store.now()
    #expect(
      (before.adding(seconds: -15.1)...now.adding(seconds: -14.9)).contains(since),
      "since the limit was passed")

    let diagnosis: JSONValue = ["class": "waiting_on_network", "sentence": "It waits."]
    var explained = Self.suspicion
    explained.diagnosis = diagnosis
    try await tell(AttemptDoubt(suspicion: explained, asksForLook: true))
    #expect(try await fixture.scan(id).suspectedAt == since)
    let page = try await fixture.store.snapshots(of: [id])
    let row = try #require(page.rows.first)
    #expect(row.snapshot.learned == .init(progress: Self.limit))
    #expect(row.snapshot.diagnosis?.class == .waitingOnNetwork)
    #expect(row.snapshot.diagnosis?.sentence == "It waits.")
    #expect(row.checkAt <= page.now, "the sweep looks at once")

    try await tell(AttemptDoubt(change: .withdrawn, suspicion: nil))
    let withdrawn = try await fixture.scan(id)
    #expect(withdrawn.suspicion == nil && withdrawn.suspectedAt == nil)
    let told = try await fixture.eventTypes(of: id).filter { $0.contains("susp") }
    #expect(told == ["scan_suspected", "suspicion_withdrawn"])
    let event = try #require(
      try await fixture.store.events(of: id, cursor: nil, limit: 50).items.first {
        $0.eventType == "scan_suspected"
      })
    #expect(event.eventData["probability"]?.doubleValue == 0.0008)
    #expect(
      event.eventData["message"]?.stringValue
        == "no progress for 55 s in step “walk”; of 1200 scans of this step, at most a share of "
        + "0.001 is ever silent for 40 s")
  }

  @Test(arguments: TestedDatabase.allCases)
  func aSupersededAttemptSuspectsNothing(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    let old = Lease(scanID: claim.scan.id, token: claim.lease.token - 1)
    let doubt = AttemptDoubt(change: .raised, suspicion: Self.suspicion, asksForLook: true)
    #expect(try await fixture.report(AttemptReport(lease: old, doubt: doubt)) == .superseded)
    #expect(try await fixture.scan(claim.scan.id).suspicion == nil)
    #expect(try await !fixture.eventTypes(of: claim.scan.id).contains("scan_suspected"))
  }

  @Test(arguments: TestedDatabase.allCases)
  func itsEndEndsASuspicion(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    try await fixture.report(
      AttemptReport(
        lease: claim.lease, doubt: AttemptDoubt(change: .raised, suspicion: Self.suspicion)))
    try await fixture.report(
      AttemptReport(lease: claim.lease, end: .completed(message: nil, summary: [:])))
    let scan = try await fixture.scan(claim.scan.id)
    #expect(scan.suspicion == nil && scan.suspectedAt == nil)
  }

  private func rhythm(_ seconds: Double) -> AttemptRhythm {
    AttemptRhythm(
      progress: [.init(step: "walk", seconds: seconds), .init(step: "", seconds: 0.25)],
      activity: [.init(step: "walk", seconds: seconds / 2)],
      suspectedAtRate: seconds > 5 ? 0.001 : nil, done: 12, seconds: 3.5)
  }

  @Test(arguments: TestedDatabase.allCases)
  func whatComesToItsEndTeaches(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let ends: [(AttemptEnd, Bool)] = [
      (.completed(message: nil, summary: [:]), true),
      (.failed(error: "broken", reason: nil, summary: nil), false),
      (
        .requeued(reason: .runnerCrashed, message: "", delaySeconds: 0, countsAsCrash: true), false
      ),
      (.cancelled(message: "stop"), false),
      (.completed(message: nil, summary: [:]), true),
    ]
    var expected: [AttemptRhythm] = []
    for (index, (end, teaches)) in ends.enumerated() {
      let claim = try await fixture.running(.sample("t\(index)"))
      let rhythm = rhythm(Double(index) * 2)
      try await fixture.report(AttemptReport(lease: claim.lease, rhythm: rhythm, end: end))
      if teaches { expected.append(rhythm) }
    }
    let records = try await fixture.store.rhythms(after: 0, limit: 100)
    #expect(records.map(\.rhythm) == expected)
    #expect(records.map(\.target) == ["t0", "t4"])
    #expect(records.allSatisfy { $0.kind == "library" })
    let first = try #require(records.first)
    #expect(
      try await fixture.store.rhythms(after: first.id, limit: 100) == Array(records.dropFirst()))
    #expect(try await fixture.store.rhythms(after: 0, limit: 1) == [first])
  }

  @Test(arguments: TestedDatabase.allCases)
  func aLateEndTeachesNothing(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    let old = Lease(scanID: claim.scan.id, token: claim.lease.token - 1)
    try await fixture.report(
      AttemptReport(
        lease: old, rhythm: rhythm(1), end: .completed(message: nil, summary: [:])))
    #expect(try await fixture.store.rhythms(after: 0, limit: 10).isEmpty)
  }

  @Test(arguments: TestedDatabase.allCases)
  func theNewestOfEachKindAreKept(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    for number in 0..<7 {
      let kind = number == 2 ? "site" : "library"
      let claim = try await fixture.running(.sample("t\(number)", kind: kind))
      try await fixture.report(
        AttemptReport(
          lease: claim.lease, rhythm: rhythm(1), end: .completed(message: nil, summary: [:])))
    }
    try await fixture.store.pruneRhythms(keeping: 3)
    let kept = try await fixture.store.rhythms(after: 0, limit: 10).map(\.target)
    #expect(kept == ["t2", "t4", "t5", "t6"])
    try await fixture.store.pruneRhythms(keeping: 3)
    #expect(try await fixture.store.rhythms(after: 0, limit: 10).count == 4)
  }
}
