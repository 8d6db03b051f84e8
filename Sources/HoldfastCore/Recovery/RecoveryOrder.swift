/// What the sweep tells the worker that holds a stuck scan: find out why it hangs, end its process, and report this end. The process
/// ends first and the row after, so that what is recovered does not still run.
package struct RecoveryOrder: Sendable, Hashable, Codable {
  package var action: RecoveryDecision.Action
  package var reason: Reason
  package var countsAsCrash: Bool
  package var countsAsStuck: Bool
  package var delaySeconds: Double
  /// The verdict's sentence, or the operator's reason.
  package var sentence: String
  /// The operator who gave it; `nil` for the sweep.
  package var actor: String?

  package init(
    action: RecoveryDecision.Action, reason: Reason, countsAsCrash: Bool, countsAsStuck: Bool,
    delaySeconds: Double, sentence: String, actor: String? = nil
  ) {
    self.action = action
    self.reason = reason
    self.countsAsCrash = countsAsCrash
    self.countsAsStuck = countsAsStuck
    self.delaySeconds = delaySeconds
    self.sentence = sentence
    self.actor = actor
  }

  package init(_ entry: RecoveryPlan.Entry, delaySeconds: Double) {
    self.init(
      action: entry.decision.action, reason: entry.decision.reason,
      countsAsCrash: entry.decision.countsAsCrash,
      countsAsStuck: entry.decision.countsAsStuck, delaySeconds: delaySeconds,
      sentence: entry.verdict.sentence)
  }

  /// What happens to the running scan; `nil` where nothing does.
  package var event: Lifecycle.Event? {
    switch action {
    case .resume, .requeue: .requeue
    case .fail: .fail
    case .cancel: .cancel
    case .pause: .pause
    case .alert: nil
    }
  }

  enum CodingKeys: String, CodingKey {
    case action, reason, sentence, actor
    case countsAsCrash = "counts_as_crash"
    case countsAsStuck = "counts_as_stuck"
    case delaySeconds = "delay_seconds"
  }
}
