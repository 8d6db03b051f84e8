/// Who decides that a scan is stuck: ``verdict(_:policy:now:)``. What is then done about it is
/// ``RecoveryDecision``'s.
package enum Supervision {
  /// What to hold of a scan at `now`.
  ///
  /// - Parameters:
  ///   - policy: of its kind and target; limits that the scan itself was given replace it.
  ///   - now: the database's clock, read with the snapshot.
  package static func verdict(
    _ snapshot: ScanSnapshot, policy: Policy, now: Timestamp
  ) -> Verdict {
    let policy = policy.bound(to: snapshot)
    let deadlines = Deadlines(snapshot, policy: policy)
    var verdict: Verdict
    switch snapshot.status {
    case .pending:
      verdict =
        PendingJudge(snapshot: snapshot, policy: policy, deadlines: deadlines, now: now).verdict
    case .paused:
      verdict = PausedJudge(snapshot: snapshot, deadlines: deadlines, now: now).verdict
    case .running:
      verdict =
        RunningJudge(snapshot: snapshot, policy: policy, deadlines: deadlines, now: now).verdict
    case .completed, .partial, .failed, .cancelled:
      return Verdict(
        kind: .ended, sentence: "\(snapshot.name) has ended: \(snapshot.status.rawValue).",
        judgedAt: now)
    }
    verdict.exceeded = deadlines.exceeded(at: now)
    return verdict
  }

  /// How long a worker is given to carry out an order before the row is recovered without it.
  ///
  /// Not less than the lease's term: a worker that was cut off before it could hear of the order has had no answer since, so that
  /// its lease runs out by its own clock, and its runner is ended, within that time. Before, its scan would run twice.
  package static func orderPatienceSeconds(_ snapshot: ScanSnapshot, policy: Policy) -> Double {
    let policy = policy.bound(to: snapshot)
    return max(policy.cancellingTimeoutSeconds, policy.staleAfterSeconds)
  }

  /// The first moment at which a scan could be due for a recovery, were nothing heard of it from
  /// now on; `nil` for one that has ended. Until then its verdict gives no reason.
  ///
  /// This is what the index of overdue scans holds. Heartbeats and progress only move the moment
  /// later, so the index may keep an earlier one: the sweep that finds it finds a scan in good
  /// order, and writes the later moment (the lazy re-arming that keeps heartbeats from rewriting
  /// the index). What can bring the moment forward is rare, and has to write the index itself: a
  /// claim, an operator's cancel or pause, the end of a declared wait, a diagnosis, a worker found
  /// to be gone, a policy that changed.
  package static func earliestCheck(
    _ snapshot: ScanSnapshot, policy: Policy
  ) -> Timestamp? {
    Deadlines(snapshot, policy: policy.bound(to: snapshot)).earliest
  }
}
