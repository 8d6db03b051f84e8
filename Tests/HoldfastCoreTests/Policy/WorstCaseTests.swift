import HoldfastCore
import Testing

@Suite struct WorstCaseTests {
  static let pace = WorstCase.Pace(
    sweepSeconds: 18, sweepDurationSeconds: 1, takeoverSeconds: 10, stopSeconds: 15,
    reportSeconds: 1)

  @Test func theFiguresOfASiteScan() {
    let cases = WorstCase.all(under: .default(for: "site"), pace: Self.pace)
    #expect(
      cases.map(\.fault) == [
        .runnerDeath, .workerDeath, .hang, .neverStarted, .pendingUnclaimed, .cancelIgnored,
        .runtimeExceeded,
      ])
    #expect(
      cases.map(\.seconds) == [
        1, 119, 945, 119, 329, 104, 944,
      ])
    #expect(
      cases[1].formula == "heartbeat_interval × stale_multiple + takeover + sweep + sweep_duration")
  }

  @Test func aSparedDeadlineEndsWithTheHangAfterIt() {
    let policy = Policy.default(for: "portal")
    let hang = WorstCase.of(.hang, under: policy, pace: Self.pace)
    let runtime = WorstCase.of(.runtimeExceeded, under: policy, pace: Self.pace)
    #expect(runtime.seconds == policy.maxRuntimeMinutes * 60 + hang.seconds)
    #expect(runtime.formula.hasPrefix("max_runtime + ("))
  }

  @Test func backoffDoublesUpToItsCap() {
    var policy = Policy.default(for: "site")
    policy.backoffBaseSeconds = 3
    policy.backoffCapSeconds = 20
    #expect(
      [-1, 0, 1, 2, 3, 4, 5, 64, .max].map { Backoff.ceilingSeconds(failures: $0, policy: policy) }
        == [0, 0, 3, 6, 12, 20, 20, 20, 20])
    #expect(Backoff.delaySeconds(failures: 2, policy: policy, jitter: 0.5) == 3)
    #expect(Backoff.delaySeconds(failures: 2, policy: policy, jitter: 7) == 6)
    #expect(Backoff.delaySeconds(failures: 2, policy: policy, jitter: -7) == 0)
  }
}
