import HoldfastCore
import Testing

@Suite struct AttemptEndTests {
  static func policy(maxCrashes: Int) -> Policy {
    Policy(
      heartbeatIntervalSeconds: 30, maxRuntimeMinutes: 30, exclusivity: .target,
      maxCrashes: maxCrashes)
  }

  @Test func eachEndIsAnEventThatARunningScanAllows() {
    let ends: [(AttemptEnd, Lifecycle.Event)] = [
      (.completed(message: nil, summary: .null), .complete),
      (.failed(error: "e", reason: nil, summary: nil), .fail),
      (
        .requeued(reason: .workerDrained, message: "m", delaySeconds: 0, countsAsCrash: false),
        .requeue
      ),
      (.paused, .pause), (.cancelled(message: "m"), .cancel),
    ]
    for (end, event) in ends {
      #expect(end.event == event)
      #expect(Lifecycle.status(after: end.event, from: .running) != nil)
    }
  }

  @Test func theFirstCrashIsTriedAgainAtOnce() {
    let end = AttemptEnd.afterCrash(
      crashes: 0, policy: Self.policy(maxCrashes: 3), message: "signal 9", jitter: 1)
    #expect(
      end
        == .requeued(
          reason: .runnerCrashed, message: "signal 9", delaySeconds: 0, countsAsCrash: true))
  }

  @Test(arguments: [(1, 2.0), (2, 4), (5, 32), (6, 60), (7, 60), (60, 60), (100, 60)])
  func theCeilingDoublesUpToAMinute(crashes: Int, ceiling: Double) {
    for jitter in [0, 0.25, 1] {
      let end = AttemptEnd.afterCrash(
        crashes: crashes, policy: Self.policy(maxCrashes: 1000), message: "m", jitter: jitter)
      #expect(
        end
          == .requeued(
            reason: .runnerCrashed, message: "m", delaySeconds: ceiling * jitter,
            countsAsCrash: true))
    }
  }

  @Test(arguments: [(1, 0), (2, 1), (3, 2), (3, 3), (3, 40)])
  func theCapOfCrashesFailsIt(maxCrashes: Int, crashes: Int) {
    let end = AttemptEnd.afterCrash(
      crashes: crashes, policy: Self.policy(maxCrashes: maxCrashes), message: "signal 11",
      jitter: 1)
    #expect(
      end
        == .failed(
          error: "signal 11; its runner died \(crashes + 1) times", reason: .runnerCrashed,
          summary: nil))
  }
}
