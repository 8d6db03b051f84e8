/// Why a scan was recovered, requeued or failed by the system or an operator, as stored in `cleanup_reason` and shown.
package enum Reason: String, Codable, Sendable, CaseIterable {
  case heartbeatStale = "heartbeat_stale"
  case progressStalled = "progress_stalled"
  case runtimeTimeout = "runtime_timeout"
  case pendingTimeout = "pending_timeout"
  case workerLost = "worker_lost"
  case workerRestarted = "worker_restarted"
  /// A worker that was asked to stop gave its scan back. Not a failure.
  case workerDrained = "worker_drained"
  case runnerCrashed = "runner_crashed"
  case orphanedLock = "orphaned_lock"
  case manualIntervention = "manual_intervention"
}

extension Reason {
  /// The reasons of a scan that was cleaned: supervision gave up on it. The others are a runner's crash, an operator's hand, or no
  /// failure at all.
  package static let cleanups: [Reason] = [
    .heartbeatStale, .progressStalled, .runtimeTimeout, .pendingTimeout, .workerLost,
    .workerRestarted,
  ]
}

extension Scan {
  /// Whether supervision gave up on it.
  package var isCleaned: Bool {
    status == .failed
      && (cleanupReason.flatMap(Reason.init(rawValue:)).map(Reason.cleanups.contains) ?? false)
  }
}
