import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

@Suite struct WorkerTests {
  @Test(arguments: TestedDatabase.allCases)
  func eachLifeIsAnother(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let first = try await fixture.worker()
    let second = try await fixture.worker()
    #expect(first.id != second.id)
    let records = try await fixture.store.workers()
    #expect(records.map(\.id) == [first.id, second.id])
    let record = try #require(records.first)
    #expect(record.name == "w1")
    #expect(record.processStartTicks == 77)
    #expect(record.kinds == ["library"])
    #expect(record.status == "alive")
    #expect(record.heartbeatIntervalSeconds == 30)
  }

  @Test(arguments: TestedDatabase.allCases)
  func beatRenewsAndTellsWhatIsLostAndAsked(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let kept = try await fixture.running(by: life)
    let asked = try await fixture.running(by: life)
    let ended = try await fixture.running(by: life)
    try await fixture.report(AttemptReport(lease: ended.lease, end: .paused))
    _ = try await fixture.store.act(.cancel, on: asked.scan.id, by: "op", reason: nil)
    let superseded = Lease(scanID: kept.scan.id, token: kept.lease.token + 7)
    let outcome = try await fixture.store.beat(
      life, leases: [kept.lease, asked.lease, ended.lease], running: 3)
    #expect(outcome.lost == [ended.lease])
    #expect(outcome.requests == [asked.scan.id: .cancel])
    let wrong = try await fixture.store.beat(life, leases: [superseded], running: 1)
    #expect(wrong.lost == [superseded])
    let scan = try await fixture.scan(kept.scan.id)
    let before = try #require(kept.scan.lastActivityAt)
    #expect(try #require(scan.lastActivityAt) >= before)
    #expect(scan.updatedAt == kept.scan.updatedAt)
    #expect(try await fixture.store.workers().first?.running == 1)
  }

  @Test(arguments: TestedDatabase.allCases)
  func claimsThatNobodyLearnedOfComeBack(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    var hurried = ScanRequest.sample()
    hurried.heartbeatIntervalSeconds = 0.05
    var relaxed = ScanRequest.sample()
    relaxed.heartbeatIntervalSeconds = 30
    let lost = try await fixture.running(hurried, by: life)
    // The answer may still be on its way.
    let onItsWay = try await fixture.running(relaxed, by: life)
    hurried.id = .make()
    let known = try await fixture.running(hurried, by: life)
    try await eventually("the unknown claim to come back") {
      let beat = try await fixture.store.beat(life, leases: [known.lease], running: 1)
      #expect(beat.lost.isEmpty)
      return try await fixture.scan(lost.scan.id).status == .pending
    }
    #expect(try await fixture.scan(lost.scan.id).cleanupReason == "worker_lost")
    // What was listed once is known, also by a beat that leaves it out.
    _ = try await fixture.store.beat(life, leases: [], running: 0)
    #expect(try await fixture.scan(known.scan.id).status == .running)
    #expect(try await fixture.scan(onItsWay.scan.id).status == .running)
  }

  @Test(arguments: TestedDatabase.allCases)
  func retiringGivesScansBack(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let other = try await fixture.running(by: try await fixture.worker("w2"))
    let plain = try await fixture.running(by: life)
    let cancelled = try await fixture.running(by: life)
    let paused = try await fixture.running(by: life)
    _ = try await fixture.store.act(.cancel, on: cancelled.scan.id, by: "op", reason: nil)
    _ = try await fixture.store.act(.pause, on: paused.scan.id, by: "op", reason: nil)
    try await fixture.store.retireWorker(life)
    let requeued = try await fixture.scan(plain.scan.id)
    #expect(requeued.status == .pending)
    #expect(requeued.cleanupReason == "worker_drained")
    #expect(requeued.crashes == 0)
    let ended = try await fixture.scan(cancelled.scan.id)
    #expect(ended.status == .cancelled)
    #expect(ended.endedAt != nil)
    #expect(ended.requestedAction == nil)
    #expect(try await fixture.scan(paused.scan.id).status == .paused)
    #expect(try await fixture.scan(other.scan.id).status == .running)
    #expect(try await fixture.store.workers().first { $0.id == life.id }?.status == "retired")
  }

  @Test(arguments: TestedDatabase.allCases)
  func earlierLivesAreRecoveredIfGone(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let gone = try await fixture.worker(processID: 10)
    let alive = try await fixture.worker(processID: 11)
    let otherName = try await fixture.worker("w2", processID: 10)
    let otherHost = try await fixture.worker(host: "h2", processID: 10)
    let lost = try await fixture.running(by: gone)
    var untouched: [ScanID] = []
    for life in [alive, otherName, otherHost] {
      untouched.append(try await fixture.running(by: life).scan.id)
    }
    let now = try await fixture.worker(processID: 12)
    let recovered = try await fixture.store.recoverEarlierLives(of: now) {
      #expect($0.name == "w1" && $0.host == "h1" && $0.id != now.id)
      return $0.processID == 10
    }
    #expect(recovered.map(\.id) == [lost.scan.id])
    #expect(recovered.first?.status == .pending)
    #expect(recovered.first?.cleanupReason == "worker_restarted")
    let info = try #require(recovered.first?.recoveryInfo)
    #expect(info["reason"] == "worker_restarted")
    #expect(info["recovered_at"]?.stringValue.flatMap { Timestamp($0) } != nil)
    #expect(info["original_status"]?["status"] == "running")
    #expect(info["original_status"]?["attempt"] == 1)
    #expect(info["original_status"]?["worker_id"] == "w1")
    for id in untouched { #expect(try await fixture.scan(id).status == .running) }
    let again = try await fixture.store.recoverEarlierLives(of: now) { $0.processID == 10 }
    #expect(again.isEmpty)
    #expect(try await fixture.store.workers().first { $0.id == gone.id }?.status == "gone")
  }
}
