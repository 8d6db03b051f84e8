import HoldfastCore
import HoldfastStorage
import Testing

/// Every write of an attempt repeats its fence; what is not running under its token is not touched.
@Suite struct FencingTests {
  /// One of each thing that an attempt can write.
  static func writes(_ lease: Lease) -> [(name: String, report: AttemptReport)] {
    let part = Baseline.Write(
      id: "AAAAAAAAAAAAAAAAAAAAAA==", segment: 0, fingerprint: "AAAAAAAAAAAAAAAAAAAAAQ==",
      content: "aGk=")
    return [
      ("nothing", AttemptReport(lease: lease)),
      (
        "items",
        AttemptReport(lease: lease, items: [Item(key: "k", type: "file", change: .added)])
      ),
      (
        "errors",
        AttemptReport(lease: lease, errors: [ItemError(path: "p", type: "t", message: "m")])
      ),
      ("baseline", AttemptReport(lease: lease, baselineWrites: [part])),
      ("checkpoint", AttemptReport(lease: lease, checkpoint: ["a": 1])),
      ("progress", AttemptReport(lease: lease, progress: Progress(done: 9, step: "z"))),
      ("message", AttemptReport(lease: lease, progressMessage: "late")),
      ("waiting", AttemptReport(lease: lease, waitingFor: "late")),
      ("completed", AttemptReport(lease: lease, end: .completed(message: "l", summary: [:]))),
      (
        "failed",
        AttemptReport(lease: lease, end: .failed(error: "late", reason: nil, summary: nil))
      ),
      (
        "requeued",
        AttemptReport(
          lease: lease,
          end: .requeued(
            reason: .runnerCrashed, message: "late", delaySeconds: 0, countsAsCrash: true))
      ),
      ("paused", AttemptReport(lease: lease, end: .paused)),
      ("cancelled", AttemptReport(lease: lease, end: .cancelled(message: "late"))),
      (
        "items and end",
        AttemptReport(
          lease: lease, items: [Item(key: "k2", type: "file", change: .added)],
          end: .completed(message: "late", summary: [:]))
      ),
    ]
  }

  @Test(arguments: TestedDatabase.allCases)
  func supersededTokensChangeNothing(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let old = try await fixture.running(by: life)
    try await fixture.report(
      AttemptReport(
        lease: old.lease,
        end: .requeued(
          reason: .workerLost, message: "", delaySeconds: 0, countsAsCrash: false)))
    let new = try #require(try await fixture.store.claim(old.scan.id, for: life))
    let before = try await fixture.scan(old.scan.id)
    for (name, report) in Self.writes(old.lease) {
      #expect(try await fixture.report(report) == .superseded, "\(name)")
      #expect(try await fixture.scan(old.scan.id) == before, "\(name)")
    }
    #expect(try await fixture.store.settle(old.lease, removalLimit: nil) == nil)
    let beat = try await fixture.store.beat(life, leases: [old.lease], running: 1)
    #expect(beat.lost == [old.lease])
    let items = try await fixture.store.items(
      of: old.scan.id, change: nil, cursor: nil, limit: 9)
    #expect(items.items.isEmpty)
    let errors = try await fixture.store.errors(of: old.scan.id, cursor: nil, limit: 9)
    #expect(errors.items.isEmpty)
    // A token from the future is none either.
    let future = Lease(scanID: old.scan.id, token: new.lease.token + 1)
    for (name, report) in Self.writes(future) {
      #expect(try await fixture.report(report) == .superseded, "\(name)")
    }
    #expect(try await fixture.scan(old.scan.id) == before)
    // A worker may hold an attempt that it has not been told to stop, and the next one of the same scan.
    let both = try await fixture.store.beat(life, leases: [old.lease, new.lease], running: 2)
    #expect(both.lost == [old.lease])
    #expect(try await fixture.report(AttemptReport(lease: new.lease)) == .applied)
  }

  @Test(arguments: TestedDatabase.allCases)
  func lateEndsAreRecordedOnceAndNotApplied(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let old = try await fixture.running(by: life)
    try await fixture.report(
      AttemptReport(
        lease: old.lease,
        end: .requeued(
          reason: .workerLost, message: "", delaySeconds: 0, countsAsCrash: false)))
    _ = try await fixture.store.claim(old.scan.id, for: life)
    let late = AttemptReport(
      lease: old.lease, end: .completed(message: "too late", summary: [:]))
    #expect(try await fixture.report(late) == .superseded)
    #expect(try await fixture.report(late) == .superseded)
    let events = try await fixture.store.events(of: old.scan.id, cursor: nil, limit: 99).items
    let recorded = events.filter { $0.eventType == "late_result" }
    #expect(recorded.count == 1)
    #expect(recorded.first?.eventData["end"] == "completed")
    #expect(recorded.first?.eventData["message"] == "too late")
    #expect(try await fixture.scan(old.scan.id).status == .running)
  }

  @Test(arguments: TestedDatabase.allCases)
  func theSameEndAgainIsApplied(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    for (name, report) in Self.writes(Lease(scanID: .make(), token: 1))
    where report.end != nil {
      let claim = try await fixture.running()
      var own = report
      own.lease = claim.lease
      #expect(try await fixture.report(own) == .applied, "\(name)")
      let after = try await fixture.scan(claim.scan.id)
      let events = try await fixture.eventTypes(of: claim.scan.id)
      // The acknowledgement was lost, and the journal delivers it again.
      #expect(try await fixture.report(own) == .applied, "\(name)")
      #expect(try await fixture.scan(claim.scan.id) == after, "\(name)")
      #expect(try await fixture.eventTypes(of: claim.scan.id) == events, "\(name)")
    }
  }

  @Test(arguments: TestedDatabase.allCases)
  func unknownScansAreSuperseded(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let lease = Lease(scanID: .make(), token: 1)
    for (name, report) in Self.writes(lease) {
      #expect(try await fixture.report(report) == .superseded, "\(name)")
    }
    #expect(try await fixture.store.beat(life, leases: [lease], running: 0).lost == [lease])
    #expect(try await fixture.store.settle(lease, removalLimit: 1) == nil)
    #expect(try await fixture.store.claim(lease.scanID, for: life) == nil)
  }

  @Test(arguments: TestedDatabase.allCases, ScanStatus.allCases)
  func attemptsWriteOnlyWhileRunning(
    _ database: TestedDatabase, _ status: ScanStatus
  ) async throws {
    let fixture = try await Fixture(database)
    let scan = try await fixture.scan(in: status)
    let lease = Lease(scanID: scan.id, token: scan.leaseToken)
    for (name, report) in Self.writes(lease) {
      // Ends are told apart from repeated ones in another test.
      guard report.end == nil else { continue }
      let outcome = try await fixture.report(report)
      #expect(outcome == (status == .running ? .applied : .superseded), "\(name)")
      if status != .running {
        #expect(try await fixture.scan(scan.id) == scan, "\(name)")
      }
    }
  }
}
