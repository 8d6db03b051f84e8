/// What to do about a scan that its verdict says is due.
package struct RecoveryDecision: Sendable, Hashable, Codable {
  package enum Action: String, Sendable, Hashable, Codable, CaseIterable {
    /// Back into the queue, to go on from its checkpoint.
    case resume
    /// Back into the queue, to start over. What it produced stays, and is written again under the
    /// same keys.
    case requeue
    case fail
    /// Nothing but a report.
    case alert
    /// Finish the cancel that an operator asked for.
    case cancel
    /// Finish the pause that an operator asked for.
    case pause

    /// Whether the row changes.
    package var changes: Bool { self != .alert }
  }

  package var action: Action
  package var reason: Reason
  /// Why this action and no other: one sentence.
  package var why: String
  /// The death counts against the cap of crashes.
  package var countsAsCrash: Bool
  /// It counts against the cap of attempts that end stuck.
  package var countsAsStuck: Bool

  package init(
    action: Action, reason: Reason, why: String, countsAsCrash: Bool = false,
    countsAsStuck: Bool = false
  ) {
    self.action = action
    self.reason = reason
    self.why = why
    self.countsAsCrash = countsAsCrash
    self.countsAsStuck = countsAsStuck
  }

  /// `nil` where the verdict gives no reason.
  package static func decide(
    _ snapshot: ScanSnapshot, verdict: Verdict, policy: Policy
  ) -> RecoveryDecision? {
    guard let reason = verdict.reason else { return nil }
    switch verdict.kind {
    case .ended: return nil
    case .stuckPending: return pending(verdict, reason, policy)
    case .poison:
      if policy.onStuck == .alert { return alert(reason) }
      return RecoveryDecision(
        action: .fail, reason: reason,
        why: "it is kept from the queue, since it has killed its runner too often",
        countsAsCrash: snapshot.status == .running)
    case .moving, .waiting, .slow, .hung, .dead, .neverStarted, .stuckCancelling:
      return running(snapshot, verdict, reason, policy)
    }
  }

  private static func pending(
    _ verdict: Verdict, _ reason: Reason, _ policy: Policy
  ) -> RecoveryDecision {
    if verdict.cause == .paused {
      return RecoveryDecision(
        action: .alert, reason: reason, why: "what an operator paused, an operator lets go on")
    }
    switch policy.onPendingTimeout {
    case .alert:
      return RecoveryDecision(
        action: .alert, reason: reason,
        why: "it keeps its place; the queue needs an operator, not the scan")
    case .fail:
      return RecoveryDecision(
        action: .fail, reason: reason, why: "its policy fails what nobody claims in time")
    }
  }

  private static func running(
    _ snapshot: ScanSnapshot, _ verdict: Verdict, _ reason: Reason, _ policy: Policy
  ) -> RecoveryDecision {
    // What an operator asked for is carried out first: a cancelled scan must not come back through
    // its own recovery.
    switch snapshot.request {
    case .cancel:
      return RecoveryDecision(
        action: .cancel, reason: reason, why: "an operator has cancelled it")
    case .pause:
      return RecoveryDecision(action: .pause, reason: reason, why: "an operator has paused it")
    case nil: break
    }
    let isCrash = verdict.blamesScan
    func decision(_ action: Action, _ why: String) -> RecoveryDecision {
      RecoveryDecision(
        action: action, reason: reason, why: why, countsAsCrash: isCrash,
        countsAsStuck: !isCrash)
    }
    let stuck = snapshot.stuckAttempts + 1
    switch policy.onStuck {
    case .alert: return alert(reason)
    case .fail: return decision(.fail, "its policy fails what is stuck")
    case .resume, .requeue:
      if !isCrash, stuck >= policy.maxAttempts {
        return decision(
          .fail, "\(stuck) attempts in a row ended stuck, of \(policy.maxAttempts) allowed")
      }
      if policy.onStuck == .resume, snapshot.isResumable {
        return decision(
          .resume,
          snapshot.hasCheckpoint
            ? "it has a checkpoint to go on from" : "it has made progress that is kept")
      }
      return decision(
        .requeue,
        policy.onStuck == .resume
          ? "it has neither a checkpoint nor progress to go on from"
          : "its policy starts stuck scans over")
    }
  }

  private static func alert(_ reason: Reason) -> RecoveryDecision {
    RecoveryDecision(
      action: .alert, reason: reason, why: "its policy only reports what is stuck")
  }

  enum CodingKeys: String, CodingKey {
    case action, reason, why
    case countsAsCrash = "counts_as_crash"
    case countsAsStuck = "counts_as_stuck"
  }
}
