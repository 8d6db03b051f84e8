import HoldfastCore
import Testing

/// Declared waits hold the stall clock, for as long as they said and up to the cap.
@Suite struct WaitingTests {
  /// Advanced at 1, waits from 100 for at most 200 s, its heart beats on; stalled after 600 s, cap
  /// 600 s.
  static func waiting(change: (inout ScanSnapshot) -> Void = { _ in }) -> ScanSnapshot {
    ScanSnapshot.running {
      $0.beat(at: 100_000)
      $0.wait = .init(reason: "rate limit of example.com", since: at(100), limitSeconds: 200)
      change(&$0)
    }
  }

  static var policy: Policy {
    var policy = Policy.default(for: "library")
    policy.maxRuntimeMinutes = 100_000
    return policy
  }

  func kind(_ snapshot: ScanSnapshot, _ seconds: Double) -> Verdict.Kind {
    snapshot.verdict(at: at(seconds), policy: Self.policy).kind
  }

  @Test func waitingForAsLongAsItSaid() {
    let snapshot = Self.waiting()
    #expect(kind(snapshot, 100) == .waiting)
    #expect(kind(snapshot, 300) == .waiting)
    #expect(kind(snapshot, 300.001) == .moving)
    #expect(
      snapshot.verdict(at: at(150), policy: Self.policy).sentence
        == "Scan 17 (library /srv) is waiting: it has waited for rate limit of example.com for "
        + "50 s, of 3 min 20 s at most.")
  }

  @Test func theStallClockStandsStillMeanwhile() {
    let snapshot = Self.waiting()
    #expect(kind(snapshot, 801) == .moving)
    #expect(kind(snapshot, 801.001) == .hung)
  }

  @Test func endedWaitsSinceTheLastProgressCountToo() {
    let snapshot = Self.waiting { $0.waitedSeconds = 50 }
    #expect(kind(snapshot, 851) == .moving)
    #expect(kind(snapshot, 851.001) == .hung)
    let over = ScanSnapshot.running {
      $0.beat(at: 100_000)
      $0.waitedSeconds = 50
    }
    #expect(kind(over, 651) == .moving)
    #expect(kind(over, 651.001) == .hung)
  }

  @Test func theCapHoldsForAllTogether() {
    let long = Self.waiting { $0.wait?.limitSeconds = 1e9 }
    #expect(kind(long, 700) == .waiting)
    #expect(kind(long, 700.001) == .moving)
    #expect(kind(long, 1201) == .moving)
    #expect(kind(long, 1201.001) == .hung)
    let many = Self.waiting { $0.waitedSeconds = 550 }
    #expect(kind(many, 1201) == .moving)
    #expect(kind(many, 1201.001) == .hung)
    let ended = Self.waiting {
      $0.wait = nil
      $0.waitedSeconds = 1e9
    }
    #expect(kind(ended, 1201) == .moving)
    #expect(kind(ended, 1201.001) == .hung)
  }

  @Test func aWaitThatBeginsTooLatePutsNothingOff() {
    let snapshot = Self.waiting { $0.wait?.since = at(601.001) }
    #expect(kind(snapshot, 601.001) == .hung)
    let atLast = Self.waiting { $0.wait?.since = at(601) }
    #expect(kind(atLast, 801) == .waiting)
    #expect(kind(atLast, 801.001) == .hung)
  }

  @Test func aWaitFromBeforeTheLastProgressCountsFromThere() {
    let snapshot = Self.waiting { $0.progressAt = at(200) }
    #expect(kind(snapshot, 900) == .moving)
    #expect(kind(snapshot, 900.001) == .hung)
  }

  @Test func waitingDoesNotExtendLifeOrTime() {
    let silent = Self.waiting { $0.beat(at: 120) }
    #expect(kind(silent, 210.001) == .dead)
    var policy = Self.policy
    policy.maxRuntimeMinutes = 2
    let verdict = Self.waiting().verdict(at: at(120.001), policy: policy)
    #expect(verdict.kind == .waiting)
    #expect(verdict.reason == .runtimeTimeout)
  }
}
