import HoldfastCore
import Testing

@testable import HoldfastServer

/// The rate that pages show, and foretell the end from.
@Suite struct RateMetersTests {
  private let start = Timestamp(unixMilliseconds: 1_000_000)

  /// It has done 100 of 1000 in its first 100 s: one a second on average.
  private func scan(_ status: ScanStatus = .running) -> Scan {
    let moved = start.adding(seconds: 100)
    return Scan(
      id: ScanID(high: 0, low: 1), number: 1, tenantID: "default", kind: "library", target: "/srv",
      params: [:],
      status: status, priority: 0, scope: nil, idempotencyKey: nil, attempt: 1, leaseToken: 1,
      crashes: 0, workerID: nil, workerName: nil, createdAt: start, updatedAt: moved,
      runAt: start, claimedAt: start, startedAt: start, lastActivityAt: moved,
      progressAt: moved, endedAt: status.isTerminal ? moved : nil,
      progress: Progress(done: 100, total: 1000, unit: "entries"), progressMessage: nil,
      waitingFor: nil, checkpoint: Optional<JSONValue>.none, checkpointAt: nil,
      counts: ItemCounts(), summary: [:], message: nil, errorMessage: nil, cleanupReason: nil,
      recoveryInfo: Optional<JSONValue>.none, maxRuntimeMinutes: 30,
      heartbeatIntervalSeconds: 30, requestedAction: nil, requestedAt: nil, createdBy: nil)
  }

  @Test(arguments: [(0.0, true), (60, true), (61, false)])
  func aScanThatHasFallenSilentHasNoRate(silence: Double, isShown: Bool) {
    let now = start.adding(seconds: 100 + silence)
    #expect(RateMeters().presentRate(of: scan(), now: now) == (isShown ? 1 : nil))
  }

  @Test func oneThatIsSlowMayBeSilentForLonger() {
    var slow = scan()
    slow.progress = Progress(done: 1, total: 10, unit: "volumes")
    let meters = RateMeters()
    #expect(meters.presentRate(of: slow, now: start.adding(seconds: 399)) == 0.01)
    #expect(meters.presentRate(of: slow, now: start.adding(seconds: 401)) == nil)
  }

  @Test func whatIsDoubtedOrStandsStillHasNoRate() {
    let meters = RateMeters()
    let now = start.adding(seconds: 101)
    var suspected = scan()
    suspected.suspicion = ["signal": "progress"]
    var hung = scan()
    hung.verdict = ["verdict": "hung"]
    for halted in [suspected, hung, scan(.paused), scan(.pending)] {
      #expect(meters.presentRate(of: halted, now: now) == nil, "\(halted.status)")
    }
    // Of what has ended it is the average, however long ago that was.
    #expect(meters.presentRate(of: scan(.completed), now: now.adding(seconds: 86_400)) == 1)
  }
}
