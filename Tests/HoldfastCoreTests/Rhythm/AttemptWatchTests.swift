import HoldfastCore
import Testing

@Suite struct AttemptWatchTests {
  static let limit = LearnedLimit(seconds: 40, scope: .step, scans: 1200, rate: 0.001)

  static var policy: Policy {
    var policy = Policy.default(for: "library")
    policy.suspicionFloorSeconds = 10
    return policy
  }

  /// Limits of 40 s of progress and 20 s of activity, in the step `walk`.
  static let expected = AttemptWatch.Expectation { signal, step in
    guard step == "walk" else { return nil }
    var limit = limit
    if signal == .activity { limit.seconds = 20 }
    return limit
  }

  static func walking(at seconds: Double = 1) -> AttemptWatch {
    var watch = AttemptWatch(claimedAt: 0, last: nil)
    watch.reported(Progress(done: 1, step: "walk"), at: seconds)
    return watch
  }

  @Test func raisedOnceAndWithdrawnOnLateEvidence() throws {
    var watch = Self.walking()
    #expect(watch.judge(Self.expected, policy: Self.policy, at: 41) == nil)
    #expect(watch.judge(Self.expected, policy: Self.policy, at: 42) == .raised)
    let doubt = try #require(watch.doubt)
    #expect(doubt.signal == .progress && doubt.step == "walk")
    #expect(doubt.silenceSeconds == 41 && doubt.overdueSeconds == 1)
    #expect(watch.judge(Self.expected, policy: Self.policy, at: 50) == nil)
    watch.reported(Progress(done: 2, step: "walk"), at: 51)
    #expect(watch.judge(Self.expected, policy: Self.policy, at: 52) == .withdrawn)
    #expect(watch.doubt == nil)
    #expect(watch.finished(at: 60, rate: 0.001).suspectedAtRate == 0.001)
  }

  @Test func whatIsNoAdvanceIsNoSign() {
    var watch = Self.walking()
    watch.reported(Progress(done: 1, step: "walk"), at: 30)
    #expect(watch.judge(Self.expected, policy: Self.policy, at: 42) == .raised)
  }

  @Test func activityIsSoonerAndOnlyWhereItIsSampled() {
    var watch = Self.walking()
    #expect(watch.judge(Self.expected, policy: Self.policy, at: 30) == nil)
    watch.sampled(hasMoved: true, at: 5)
    watch.sampled(hasMoved: false, at: 20)
    #expect(watch.judge(Self.expected, policy: Self.policy, at: 25) == nil)
    #expect(watch.judge(Self.expected, policy: Self.policy, at: 26) == .raised)
    #expect(watch.doubt?.signal == .activity)
  }

  @Test func neverBelowTheFloorNorWhereItIsIgnored() {
    var policy = Self.policy
    policy.suspicionFloorSeconds = 100
    var watch = Self.walking()
    #expect(watch.judge(Self.expected, policy: policy, at: 101) == nil)
    #expect(watch.judge(Self.expected, policy: policy, at: 102) == .raised)
    policy.suspicion = .ignore
    #expect(watch.judge(Self.expected, policy: policy, at: 103) == .withdrawn)
  }

  @Test func declaredWaitsAreNoSilence() {
    var watch = Self.walking()
    watch.waits(atMost: 100, at: 11)
    #expect(watch.judge(Self.expected, policy: Self.policy, at: 111) == nil)
    // It said 100 s; what it waits beyond that is silence.
    #expect(watch.judge(Self.expected, policy: Self.policy, at: 142) == .raised)
    watch.waitEnded(at: 142)
    let rhythm = watch.finished(at: 142, rate: 0.001)
    #expect(rhythm.progress.first { $0.step == "walk" }?.seconds == 41)
    #expect(rhythm.seconds == 42)
  }

  @Test func anotherStepHasItsOwnRhythm() {
    var watch = Self.walking()
    watch.reported(Progress(done: 1, step: "hash"), at: 2)
    #expect(watch.judge(Self.expected, policy: Self.policy, at: 900) == nil)
  }

  @Test func slowAgainstTheUsualRate() {
    let usual = AttemptWatch.Expectation(usualRatePerSecond: 10) { _, _ in nil }
    var watch = AttemptWatch(claimedAt: 0, last: Progress(done: 1000, step: "walk"))
    watch.reported(Progress(done: 1100, step: "walk"), at: 50)
    _ = watch.judge(usual, policy: Self.policy, at: 59)
    #expect(!watch.isSlow, "a rate means little so early")
    _ = watch.judge(usual, policy: Self.policy, at: 60)
    #expect(watch.isSlow, "100 in 60 s, where a quarter of 10 a second is slow")
    watch.reported(Progress(done: 1400, step: "walk"), at: 70)
    _ = watch.judge(usual, policy: Self.policy, at: 80)
    #expect(!watch.isSlow)
    #expect(watch.finished(at: 80, rate: 0.1).done == 400)
  }

  @Test func whatItTeaches() {
    var watch = Self.walking()
    watch.sampled(hasMoved: true, at: 4)
    watch.reported(Progress(done: 5, step: "hash"), at: 11)
    watch.sampled(hasMoved: true, at: 12)
    let rhythm = watch.finished(at: 14, rate: 0.001)
    #expect(
      rhythm.progress == [
        .init(step: "", seconds: 1), .init(step: "hash", seconds: 3),
        .init(step: "walk", seconds: 10),
      ])
    #expect(
      rhythm.activity == [
        .init(step: "", seconds: 1), .init(step: "hash", seconds: 2),
        .init(step: "walk", seconds: 7),
      ])
    #expect(rhythm.suspectedAtRate == nil && rhythm.done == 5 && rhythm.seconds == 14)
  }
}
