import HoldfastCore
import HoldfastStorage
import Logging
import Testing

@testable import HoldfastEngine

/// Every verdict and cause, as a sweep reaches it from what is in the database.
@Suite struct VerdictsTests {
  let stage: SweepStage

  init() async throws { stage = try await SweepStage() }

  private func submit(
    _ target: String, exclusivity: Policy.Exclusivity = .target
  ) async throws -> ScanID {
    var policy = Policy.default(for: "library")
    policy.exclusivity = exclusivity
    let request = ScanRequest(id: .make(), kind: "library", target: target, policy: policy)
    _ = try await stage.store.submit([request])
    return request.id
  }

  private func held(_ id: ScanID) async throws -> JSONValue? {
    _ = try await stage.sweeper().runOnce()
    return try await stage.store.scan(.id(id))?.verdict
  }

  @Test func nobodyTakesItsKind() async throws {
    let life = try await stage.worker("w", kinds: ["site"])
    let id = try await submit("/a")
    stage.clock.advance(301)
    _ = try await stage.store.beat(life, leases: [], running: 0)
    let verdict = try await held(id)
    #expect(verdict?["verdict"] == "stuck_pending" && verdict?["cause"] == "no_worker")
    #expect(
      verdict?["sentence"]?.stringValue?.hasSuffix("no live worker takes library scans.") == true)
  }

  @Test func everySlotIsBusy() async throws {
    let life = try await stage.worker("w")
    let busy = try await stage.running("/busy", by: life)
    let id = try await submit("/a")
    stage.clock.advance(301)
    _ = try await stage.store.beat(life, leases: [busy.lease], running: 1)
    let verdict = try await held(id)
    #expect(verdict?["verdict"] == "stuck_pending" && verdict?["cause"] == "slots_busy")
  }

  @Test func anotherHoldsItsScope() async throws {
    let life = try await stage.worker("w")
    let holder = try await stage.running("/a", by: life)
    let id = try await submit("/a", exclusivity: .none)
    stage.clock.advance(301)
    _ = try await stage.store.beat(life, leases: [holder.lease], running: 1)
    let verdict = try await held(id)
    #expect(verdict?["verdict"] == "stuck_pending" && verdict?["cause"] == "scope_held")
    #expect(verdict?["scope_holder"] == .int(holder.scan.number))
    #expect(
      verdict?["sentence"]?.stringValue?.hasSuffix(
        "scan \(holder.scan.number) holds its exclusive scope.") == true)
  }

  @Test func pausedForLong() async throws {
    let life = try await stage.worker("w")
    let claim = try await stage.running("/a", by: life)
    _ = try await stage.store.report([AttemptReport(lease: claim.lease, end: .paused)])
    stage.clock.advance(301)
    let verdict = try await held(claim.scan.id)
    #expect(verdict?["verdict"] == "stuck_pending" && verdict?["cause"] == "paused")
    #expect(try await stage.status(claim) == .paused, "what an operator paused stays paused")
  }

  @Test func neverStarted() async throws {
    let claim = try await stage.claimed("/a", by: try await stage.worker("w"))
    stage.clock.advance(91)
    let report = try await stage.sweeper().runOnce()
    #expect(report.results.map(\.entry.verdict.kind) == [.neverStarted])
    #expect(try await stage.status(claim) == .pending)
  }

  @Test func aCancelThatIsNotCarriedOut() async throws {
    let life = try await stage.worker("w")
    let claim = try await stage.running("/a", by: life)
    _ = try await stage.store.act(.cancel, on: claim.scan.id, by: "op", reason: nil)
    for _ in 0..<4 {
      stage.clock.advance(20)
      _ = try await stage.store.beat(life, leases: [claim.lease], running: 1)
    }
    let report = try await stage.sweeper().runOnce()
    let result = try #require(report.results.first)
    #expect(result.entry.verdict.kind == .stuckCancelling)
    #expect(result.entry.decision.action == .cancel)
    #expect(result.outcome == .ordered, "its worker is there to end the process")
  }

  /// A scan whose workers die with it, one after the other, each with nothing else to do.
  @Test func poison() async throws {
    let request = ScanRequest(
      id: .make(), kind: "library", target: "/a", policy: .default(for: "library"))
    _ = try await stage.store.submit([request])
    var verdicts: [Verdict.Kind] = []
    for number in 0..<3 {
      let life = try await stage.worker("w\(number)")
      stage.clock.advance(120)
      let claim = try #require(try await stage.store.claim(request.id, for: life))
      stage.clock.advance(1)
      _ = try await stage.store.beat(life, leases: [claim.lease], running: 1)
      stage.clock.advance(91)
      verdicts += try await stage.sweeper().runOnce().results.map(\.entry.verdict.kind)
    }
    #expect(verdicts == [.dead, .dead, .poison])
    let ended = try #require(try await stage.store.scan(.id(request.id)))
    #expect(ended.status == .failed)
    #expect(ended.cleanupReason == "runner_crashed")
    #expect(ended.crashes == 3)
  }
}
