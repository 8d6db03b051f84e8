package import HoldfastCore
package import HoldfastStorage

/// Who looks at what is stuck and cleans it: the server asks, the engine does.
package protocol CleanupService: Sendable {
  /// This service as one caller sees it.
  func seen(by caller: Caller) -> Self
  func health() async throws(StoreError) -> HealthReport
  /// Plans, and applies the plan unless this is a dry run.
  func clean(
    _ limits: CleanupLimits, dryRun: Bool, by actor: String
  ) async throws(StoreError) -> CleanupReport
  /// Puts failed scans back to pending, or tells which it would put back.
  func resetFailed(
    dryRun: Bool, by actor: String
  ) async throws(StoreError) -> ResetSummary
}

/// A cleanup's plan, and what became of each entry.
package struct CleanupReport: Sendable {
  package var plan: RecoveryPlan
  /// By scan: `recovered`, `ordered`, `reported`, `moved`, `refused`; empty after a dry run.
  package var outcomes: [ScanID: String]

  package init(plan: RecoveryPlan, outcomes: [ScanID: String] = [:]) {
    self.plan = plan
    self.outcomes = outcomes
  }
}

/// Which failed scans went, or would go, back to pending.
package struct ResetSummary: Sendable {
  package var reset: [Int64]
  package var passedOver: Int

  package init(reset: [Int64], passedOver: Int) {
    self.reset = reset
    self.passedOver = passedOver
  }
}
