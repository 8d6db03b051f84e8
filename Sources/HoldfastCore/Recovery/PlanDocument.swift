/// A plan with the summary of what is stuck: what `cleanup --dry-run --json` and the API tell.
package struct PlanDocument: Sendable, Encodable {
  package var plan: RecoveryPlan

  package init(_ plan: RecoveryPlan) { self.plan = plan }

  package func encode(to encoder: any Encoder) throws {
    try plan.encode(to: encoder)
    try StuckSummary(of: plan).encode(to: encoder)
  }
}

/// What became of each scan of a plan that was applied.
package struct PlanResult: Sendable, Encodable {
  package struct Row: Sendable, Encodable {
    package var number: Int64
    package var scanID: ScanID
    package var action: RecoveryDecision.Action
    package var reason: Reason
    /// `recovered`, `ordered`, `reported`, `moved` or `refused`.
    package var outcome: String

    enum CodingKeys: String, CodingKey {
      case number, action, reason, outcome
      case scanID = "scan_id"
    }
  }

  package var hash: String
  package var results: [Row]

  /// - Parameter outcomes: by scan.
  package init(plan: RecoveryPlan, outcomes: [ScanID: String]) {
    hash = plan.hash
    results = plan.entries.compactMap { entry in
      outcomes[entry.scanID].map { outcome in
        Row(
          number: entry.number, scanID: entry.scanID, action: entry.decision.action,
          reason: entry.decision.reason, outcome: outcome)
      }
    }
  }
}
