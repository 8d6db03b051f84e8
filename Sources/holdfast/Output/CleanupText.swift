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

/// What `cleanup --dry-run --json` prints: the plan, and its summary.
struct PlanView: Encodable {
  var plan: RecoveryPlan

  func encode(to encoder: any Encoder) throws {
    try plan.encode(to: encoder)
    try StuckSummary(of: plan).encode(to: encoder)
  }
}

/// What `cleanup --json` prints once it has acted.
struct CleanupResult: Encodable {
  struct Row: Encodable {
    var number: Int64
    var scanID: ScanID
    var action: RecoveryDecision.Action
    var reason: Reason
    var outcome: RecoveryApplier.Outcome

    enum CodingKeys: String, CodingKey {
      case number, action, reason, outcome
      case scanID = "scan_id"
    }
  }

  var hash: String
  var results: [Row]

  init(plan: RecoveryPlan, results: [RecoveryApplier.Result]) {
    hash = plan.hash
    self.results = results.map {
      Row(
        number: $0.entry.number, scanID: $0.entry.scanID, action: $0.entry.decision.action,
        reason: $0.entry.decision.reason, outcome: $0.outcome)
    }
  }
}
