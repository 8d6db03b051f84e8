import HoldfastCore

/// A scan as a worker gets it when it claims it.
func makeClaim(
  attempt: Int = 1, crashes: Int = 0, heartbeatIntervalSeconds: Double = 30,
  checkpoint: JSONValue? = nil
) -> Claim {
  let time = Timestamp(unixMilliseconds: 1_700_000_000_000)
  return Claim(
    scan: Scan(
      id: ScanID(high: 1, low: 2), number: 7, tenantID: "default", kind: "library",
      target: "/data", params: ["a": 1], status: .running, priority: 0, scope: "library:/data",
      idempotencyKey: nil, attempt: attempt, leaseToken: Int64(attempt), crashes: crashes,
      workerID: "w", workerName: "worker", createdAt: time, updatedAt: time, runAt: time,
      claimedAt: time, startedAt: time, lastActivityAt: nil, progressAt: nil, endedAt: nil,
      progress: nil, progressMessage: nil, waitingFor: nil, checkpoint: checkpoint,
      checkpointAt: nil, counts: ItemCounts(), summary: .object([:]), message: nil,
      errorMessage: nil, cleanupReason: nil, recoveryInfo: nil, maxRuntimeMinutes: 30,
      heartbeatIntervalSeconds: heartbeatIntervalSeconds, requestedAction: nil,
      requestedAt: nil, createdBy: nil))
}
