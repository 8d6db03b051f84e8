import HoldfastCore
import HoldfastStorage
import Testing

/// What was found out about a scan's process: asked for, kept, told.
@Suite struct DiagnosisTests {
  let found: JSONValue = [
    "class": "waiting_on_disk", "sentence": "It waits.",
    "evidence": ["breadcrumb": ["step": "walking", "current": "a/b", "waiting_for": ""]],
  ]

  @Test(arguments: TestedDatabase.allCases)
  func whoAsksIsAnsweredByTheWorkersNextReport(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    let id = claim.scan.id
    #expect(try await fixture.store.askForDiagnosis(of: id))
    let asked = try await fixture.store.beat(life, leases: [claim.lease], running: 1)
    #expect(asked.looks == [id])
    try await fixture.report(AttemptReport(lease: claim.lease, diagnosis: found))
    let answer = try #require(try await fixture.store.diagnosis(of: id))
    #expect(answer.found == found)
    #expect(answer.at != nil && !answer.isWanted)
    let after = try await fixture.store.beat(life, leases: [claim.lease], running: 1)
    #expect(after.looks.isEmpty)
    let event = try #require(
      try await fixture.store.events(of: id, cursor: nil, limit: 9).items.last)
    #expect(event.eventType == "scan_diagnosed")
    #expect(
      event.eventData == [
        "attempt": 1, "class": "waiting_on_disk", "message": "It waits.", "step": "walking",
        "current": "a/b",
      ])
  }

  @Test(arguments: TestedDatabase.allCases)
  func whatDoesNotRunCannotBeAsked(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    for status in ScanStatus.allCases where status != .running {
      #expect(try await !fixture.store.askForDiagnosis(of: fixture.scan(in: status).id))
    }
    #expect(try await fixture.store.diagnosis(of: ScanID(high: 1, low: 1)) == nil)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aDiagnosisComesWithItsEnd(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    try await fixture.report(
      AttemptReport(
        lease: claim.lease, diagnosis: found,
        end: .requeued(
          reason: .runnerCrashed, message: "m", delaySeconds: 0, countsAsCrash: true)))
    #expect(try await fixture.store.diagnosis(of: claim.scan.id)?.found == found)
    #expect(
      try await fixture.eventTypes(of: claim.scan.id).suffix(2)
        == ["scan_diagnosed", "scan_requeued"])
  }

  @Test(arguments: TestedDatabase.allCases)
  func whatALaterLifeFindsIsKeptAndTouchesNoLaterAttempt(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let old = try await fixture.running(by: life)
    let id = old.scan.id
    #expect(try await fixture.store.recordDiagnosis(found, of: old.lease, attempt: 1))
    #expect(try await fixture.store.diagnosis(of: id)?.found == found)
    try await fixture.report(
      AttemptReport(
        lease: old.lease,
        end: .requeued(reason: .workerLost, message: "", delaySeconds: 0, countsAsCrash: false)))
    _ = try #require(try await fixture.store.claim(id, for: life))
    #expect(try await fixture.store.recordDiagnosis(["class": "x"], of: old.lease, attempt: 1))
    #expect(try await fixture.store.diagnosis(of: id)?.found == found, "only told")
    #expect(try await fixture.eventTypes(of: id).last == "scan_diagnosed")
    let gone = Lease(scanID: ScanID(high: 1, low: 1), token: 1)
    #expect(try await !fixture.store.recordDiagnosis(found, of: gone, attempt: 1))
    #expect(try await fixture.store.knowsWorker(life: life.id))
    #expect(try await !fixture.store.knowsWorker(life: "another database's"))
  }
}
