import HoldfastCore
import HoldfastEngine

/// How plans and what became of them look to people.
enum CleanupText {
  static func plan(_ plan: RecoveryPlan) -> String {
    let summary = StuckSummary(of: plan)
    var lines = plan.entries.map { entry in
      "  \(entry.decision.action.rawValue)  \(DisplayText.escaped(entry.verdict.sentence))\n"
        + "          \(entry.decision.reason.rawValue): \(entry.decision.why)"
    }
    if plan.entries.isEmpty { lines = ["No stuck runs found."] }
    lines.append(
      "Total stuck: \(summary.total)  Resumable: \(summary.resumable.count)  "
        + "Dead: \(summary.dead.count)")
    if !plan.held.isEmpty { lines.append("Held back: \(plan.held.count), \(plan.heldBecause)") }
    lines.append("Plan \(plan.hash)")
    return lines.joined(separator: "\n") + "\n"
  }

  static func results(_ results: [RecoveryApplier.Result]) -> String {
    if results.isEmpty { return "No stuck runs found.\n" }
    return results.map { result($0) + "\n" }.joined()
  }

  static func result(_ result: RecoveryApplier.Result) -> String {
    let scan = "Scan \(result.entry.number): \(result.entry.decision.action.rawValue)"
    return switch result.outcome {
    case .recovered: "\(scan), done"
    case .ordered: "\(scan), ordered: its worker ends its process first"
    case .reported: "\(scan), nothing but this report"
    case .moved: "\(scan), not done: it has moved since it was looked at"
    case .refused: "\(scan), not done: the database refused"
    }
  }

  static func status(_ results: [RecoveryApplier.Result]) -> ExitStatus {
    results.contains { $0.outcome == .refused || $0.outcome == .moved } ? .partial : .success
  }
}
