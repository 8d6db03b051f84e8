import HoldfastCore
import Testing

@Suite struct ProgressHistoryTests {
  private static func at(_ second: Int64) -> Timestamp {
    Timestamp(unixMilliseconds: 1_700_000_000_000 + second * 1000)
  }

  private static func sample(_ second: Int64, _ done: Int64, attempt: Int = 1) -> ProgressSample {
    ProgressSample(
      at: at(second), attempt: attempt,
      progress: Progress(done: done, total: 40, unit: "files", bytes: done * 100))
  }

  private static func scan(attempt: Int) -> Scan {
    Scan(
      id: ScanID(unixMilliseconds: 0, random: (1, 2)), number: 1, tenantID: "default",
      kind: "library", target: "/a", params: [:], status: .running, priority: 0, scope: nil,
      idempotencyKey: nil, attempt: attempt, leaseToken: 1, crashes: 0, workerID: nil,
      workerName: nil, createdAt: at(0), updatedAt: at(0), runAt: at(0), claimedAt: at(0),
      startedAt: at(0), lastActivityAt: nil, progressAt: nil, endedAt: nil, progress: nil,
      progressMessage: nil, waitingFor: nil, checkpoint: Optional<JSONValue>.none,
      checkpointAt: nil, counts: ItemCounts(), summary: [:], message: nil, errorMessage: nil,
      cleanupReason: nil, recoveryInfo: Optional<JSONValue>.none, maxRuntimeMinutes: 1,
      heartbeatIntervalSeconds: 30, requestedAction: nil, requestedAt: nil, createdBy: nil)
  }

  @Test func ratesAreOfOneAttempt() {
    var scan = Self.scan(attempt: 2)
    scan.progress = Progress(done: 30, total: 40, unit: "files", bytes: 3000)
    scan.progressAt = Self.at(9)
    let history = ProgressHistory(
      of: scan,
      [
        Self.sample(0, 0), Self.sample(2, 10), Self.sample(3, 10), Self.sample(5, 5, attempt: 2),
      ])
    #expect(history.unit == "files")
    #expect(history.items.map(\.ratePerSecond) == [nil, 5, 0, nil, 6.25])
    #expect(history.items.map(\.bytesPerSecond) == [nil, 500, 0, nil, 625])
    #expect(history.items.map(\.percentage) == [0, 25, 25, 12, 75])
    // Where it stands now is the last point.
    #expect(history.items.last?.at == Self.at(9))
  }

  @Test func whereItStandsIsToldOnce() {
    var scan = Self.scan(attempt: 1)
    scan.progress = Progress(done: 10, total: 40, unit: "files", bytes: 1000)
    scan.progressAt = Self.at(3)
    #expect(ProgressHistory(of: scan, [Self.sample(2, 10)]).items.count == 1)
    #expect(ProgressHistory(of: scan, []).items.map(\.done) == [10])
    scan.progress = nil
    #expect(ProgressHistory(of: scan, []).items.isEmpty)
  }
}
