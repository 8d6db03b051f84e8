import HoldfastCore
import Testing

@Suite struct PreScanCheckTests {
  static let portal = Policy.default(for: "portal")

  static func check(
    _ snapshot: ScanSnapshot?, hours: Double, threshold: Double? = nil
  ) -> PreScanCheck {
    .decide(active: snapshot, policy: portal, now: at(hours * 3600), ageHours: threshold)
  }

  static func dead(change: (inout ScanSnapshot) -> Void = { _ in }) -> ScanSnapshot {
    ScanSnapshot.running {
      $0.kind = "portal"
      $0.target = "tenders.example"
      $0.createdAt = at(0)
      $0.progress = nil
      $0.progressAt = nil
      change(&$0)
    }
  }

  @Test func nothingInTheWay() throws {
    #expect(Self.check(nil, hours: 1).action == .start)
    #expect(Self.check(Self.dead { $0.status = .failed }, hours: 30).action == .start)
    #expect(
      try json(of: Self.check(nil, hours: 1))
        == #"{"action":"start","has_running":false,"reason":"No scan of this target is active.","resumable":false}"#
    )
  }

  @Test func whatIsInGoodOrderIsWaitedForWhateverItsAge() {
    let old = Self.dead {
      $0.beat(at: 100 * 3600)
      $0.progressAt = at(100 * 3600)
      $0.progress = Progress(done: 5)
    }
    let check = Self.check(old, hours: 100)
    #expect(check.action == .wait)
    #expect(check.verdict == .moving)
    #expect(check.reason.hasPrefix("Scan 17 (portal tenders.example) is moving"))
  }

  @Test(
    arguments: [
      { $0.hasCheckpoint = true }, { $0.items = 1 }, { $0.progress = Progress(done: 1) },
    ] as [@Sendable (inout ScanSnapshot) -> Void])
  func aStuckOneThatLeftSomethingIsResumed(
    change: @Sendable (inout ScanSnapshot) -> Void
  ) {
    for hours in [1.0, 23, 25, 1000] {
      let check = Self.check(Self.dead(change: change), hours: hours)
      #expect(check.action == .resume)
      #expect(check.isResumable)
      #expect(check.number == 17)
    }
  }

  @Test func aDeadOneIsCleanedAfter24HoursAndNotBefore() throws {
    let fresh = Self.check(Self.dead(), hours: 24)
    #expect(fresh.action == .wait)
    #expect(
      fresh.reason.hasSuffix(
        "It is 24 h old and may still be starting; it can be cleaned after 24 h."))
    let old = PreScanCheck.decide(
      active: Self.dead(), policy: Self.portal, now: at(24 * 3600 + 0.001))
    #expect(old.action == .cleanup)
    #expect(
      old.reason.hasSuffix("It is 24 h old, of 24 h allowed, and left nothing to go on from."))
    #expect(
      try json(of: old).hasPrefix(
        #"{"action":"cleanup","age_hours":24,"has_running":true,"reason":"Scan 17 "#))
  }

  @Test func theThresholdCanBeGiven() {
    #expect(Self.check(Self.dead(), hours: 30, threshold: 48).action == .wait)
    #expect(Self.check(Self.dead(), hours: 49, threshold: 48).action == .cleanup)
    #expect(Self.check(Self.dead(), hours: 1.5, threshold: 1).action == .cleanup)
  }

  @Test func aHungOneWithoutProgressIsDeadToo() {
    let hung = Self.dead { $0.beat(at: 30 * 3600) }
    let check = Self.check(hung, hours: 30)
    #expect(check.verdict == .hung)
    #expect(check.action == .cleanup)
  }

  @Test func queuedPausedAndCancelled() {
    #expect(Self.check(.pending(), hours: 0.01).action == .wait)
    let paused = Self.check(Self.dead { $0.status = .paused }, hours: 100)
    #expect(paused.action == .resume)
    let cancelled = Self.check(
      Self.dead {
        $0.request = .cancel
        $0.hasCheckpoint = true
      }, hours: 100)
    #expect(cancelled.action == .wait)
    #expect(Self.check(.pending(), hours: 1).action == .wait)
    let stuck = Self.check(.pending(), hours: 25)
    #expect(stuck.action == .wait)
    #expect(stuck.verdict == .stuckPending)
    #expect(stuck.reason.hasSuffix("A second one would not be claimed sooner."))
    let poison = Self.check(.pending { $0.crashes = 3 }, hours: 25)
    #expect(poison.action == .wait)
    #expect(poison.reason.hasSuffix("is out of the way with the next sweep."))
  }

  @Test func theSummaryDividesResumableFromDead() throws {
    let plan = RecoveryPlan.make(
      [
        Self.dead(),
        Self.dead {
          $0.number = 18; $0.hasCheckpoint = true
        }, .pending(19),
        .running(20) {
          $0.beat(at: 99_999); $0.progressAt = at(99_999); $0.claimedAt = at(99_000)
        },
      ], policy: { _ in Self.portal }, now: at(100_000))
    let summary = StuckSummary(of: plan)
    #expect(summary.total == 2)
    #expect(summary.dead.map(\.id) == [17])
    #expect(summary.resumable.map(\.id) == [18])
    let text = try json(of: summary)
    #expect(
      text.hasPrefix(
        #"{"dead_count":1,"dead_runs":[{"id":17,"kind":"portal","reason":"worker_lost","#))
    #expect(text.contains(#""resumable_count":1"#))
    #expect(text.hasSuffix(#""total_stuck":2}"#))
  }
}
