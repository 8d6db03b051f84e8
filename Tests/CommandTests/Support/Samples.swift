import HoldfastCore

@testable import holdfast

extension Scan {
  /// A library scan for tests, of which only the named things matter.
  static func sample(
    number: Int64 = 42, target: String = "/data/library", status: ScanStatus = .running,
    attempt: Int = 1, progress: Progress? = nil, counts: ItemCounts = ItemCounts(),
    startedAt: Timestamp? = Timestamp(unixMilliseconds: 1_000_000),
    endedAt: Timestamp? = nil, waitingFor: String? = nil, errorMessage: String? = nil
  ) -> Scan {
    let created = Timestamp(unixMilliseconds: 999_000)
    return Scan(
      id: ScanID(high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0001), number: number,
      tenantID: "default", kind: "library", target: target, params: .object([:]), status: status,
      priority: 0, scope: "library:\(target)", idempotencyKey: nil, attempt: attempt,
      leaseToken: Int64(attempt), crashes: 0, workerID: nil, workerName: nil, createdAt: created,
      updatedAt: created, runAt: created, claimedAt: startedAt, startedAt: startedAt,
      lastActivityAt: startedAt, progressAt: nil, endedAt: endedAt, progress: progress,
      progressMessage: nil, waitingFor: waitingFor, checkpoint: nil, checkpointAt: nil,
      counts: counts, summary: .object([:]), message: nil, errorMessage: errorMessage,
      cleanupReason: nil, recoveryInfo: nil, maxRuntimeMinutes: 30, heartbeatIntervalSeconds: 30,
      requestedAction: nil, requestedAt: nil, createdBy: "cli")
  }
}
