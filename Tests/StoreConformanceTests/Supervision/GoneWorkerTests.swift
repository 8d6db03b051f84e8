import HoldfastCore
import HoldfastEngine
import HoldfastStorage
import HoldfastTestKit
import Testing

/// A worker whose process is proven to have ended: its scans wait for no lease.
@Suite(.timeLimit(.minutes(5))) struct GoneWorkerTests {
  @Test(arguments: TestedDatabase.allCases)
  func itsScansAreRecoveredByTheNextSweep(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let (gone, other) = (try await fixture.worker("gone"), try await fixture.worker("other"))
    let lost = [
      try await fixture.running(.sample("a"), by: gone),
      try await fixture.running(.sample("b"), by: gone),
    ]
    let kept = try await fixture.running(.sample("c"), by: other)
    for (life, claims) in [(gone, lost), (other, [kept])] {
      _ = try await fixture.store.beat(life, leases: claims.map(\.lease), running: claims.count)
    }
    let sweeper = Sweeper(
      store: fixture.store, configuration: .init(holder: "one") { kind, _ in .default(for: kind) },
      logger: .quiet)
    #expect(try await sweeper.runOnce().results.isEmpty, "a heartbeat ago all was well")
    #expect(try await fixture.store.markGone([gone.id]) == 1)
    #expect(try await fixture.store.markGone([gone.id]) == 0)
    let report = try await sweeper.runOnce()
    #expect(Set(report.results.map(\.entry.scanID)) == Set(lost.map(\.scan.id)))
    #expect(report.results.allSatisfy { $0.outcome == .recovered })
    for claim in lost {
      let scan = try await fixture.scan(claim.scan.id)
      #expect(scan.status == .pending)
      #expect(scan.cleanupReason == Reason.workerLost.rawValue)
      #expect(scan.crashes == 0, "of two on one worker, nobody knows which is to blame")
      #expect(try await fixture.store.claim(scan.id, for: other) != nil, "at once")
    }
    #expect(try await fixture.scan(kept.scan.id).status == .running)
    #expect(try await fixture.report(AttemptReport(lease: lost[0].lease)) == .superseded)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aLifeThatBeatsAgainIsThere(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    #expect(try await fixture.store.markGone([life.id]) == 1)
    _ = try await fixture.store.beat(life, leases: [], running: 0)
    #expect(try await fixture.store.workers().map(\.status) == ["alive"])
  }

  @Test(arguments: TestedDatabase.allCases)
  func aLeaderThatIsGoneIsResignedFor(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    #expect(try await fixture.store.leader(of: "sweep") == nil)
    #expect(try await fixture.store.lead("sweep", as: "gone", forSeconds: 600))
    #expect(try await fixture.store.leader(of: "sweep") == "gone")
    try await fixture.store.resign("sweep", as: "gone")
    #expect(try await fixture.store.lead("sweep", as: "other", forSeconds: 600))
  }
}
