/// How an attempt ended, decided by its worker, and what is to become of the scan.
package enum AttemptEnd: Sendable, Hashable, Codable {
  /// The runner came to the end: `completed`, or `partial` if item errors are recorded.
  case completed(message: String?, summary: JSONValue)
  /// A fatal error of the scan itself.
  case failed(error: String, reason: Reason?, summary: JSONValue?)
  /// Back into the queue, to be resumed from its checkpoint: a drain, a crash, a worker that starts again.
  ///
  /// - `countsAsCrash`: whether it counts against the cap of crashes.
  case requeued(reason: Reason, message: String, delaySeconds: Double, countsAsCrash: Bool)
  /// An operator's pause has been carried out.
  case paused
  /// An operator's cancel has been carried out.
  case cancelled(message: String)
  /// A stuck attempt's process has been ended on the sweep's order.
  ///
  /// - `diagnosis`: why it hung, as its worker found out before it ended the process.
  case recovered(RecoveryOrder, diagnosis: JSONValue?)

  /// The event of the lifecycle that this is; a completed attempt is `.complete` here, and the store turns it into
  /// `.completePartially` when it counts item errors.
  package var event: Lifecycle.Event {
    switch self {
    case .completed: .complete
    case .failed: .fail
    case .requeued: .requeue
    case .paused: .pause
    case .cancelled: .cancel
    case .recovered(let order, _): order.event ?? .fail
    }
  }

  /// What becomes of a scan whose runner died: back into the queue after a backoff until the cap of crashes is reached.
  ///
  /// - Parameters:
  ///   - crashes: how often a runner of this scan died before this time.
  ///   - jitter: 0 to 1, from the caller's source of randomness (full jitter).
  package static func afterCrash(
    crashes: Int, policy: Policy, message: String, jitter: Double
  ) -> AttemptEnd {
    guard crashes + 1 < policy.maxCrashes else {
      return .failed(
        error: "\(message); its runner died \(crashes + 1) times", reason: .runnerCrashed,
        summary: nil)
    }
    let delay = Backoff.delaySeconds(failures: crashes, policy: policy, jitter: jitter)
    return .requeued(
      reason: .runnerCrashed, message: message, delaySeconds: delay,
      countsAsCrash: true)
  }
}
