package import HoldfastCore
package import HoldfastStorage

/// Who looks at what is stuck, says why, and cleans it: the server asks, the engine does.
package protocol CleanupService: Sendable {
  /// This service as one caller sees it.
  func seen(by caller: Caller) -> Self
  func health() async throws(StoreError) -> HealthReport
  /// Plans, and applies the plan unless this is a dry run.
  func clean(
    _ limits: CleanupLimits, dryRun: Bool, by actor: String
  ) async throws(StoreError) -> CleanupReport
  /// Plans, narrowed by a filter and by limits of this request, and changes nothing.
  func plan(
    _ filter: RecoveryPlan.Filter, _ limits: CleanupLimits
  ) async throws(StoreError) -> RecoveryPlan
  /// Makes the plan of the same request again, and applies it if it has this hash.
  func apply(
    _ hash: String, _ filter: RecoveryPlan.Filter, _ limits: CleanupLimits, by actor: String
  ) async throws(StoreError) -> PlanApplication
  /// What to do ahead of a scan of this target.
  func check(
    kind: String, target: String, ageHours: Double?
  ) async throws(StoreError) -> PreScanCheck
  /// Submits a scan only where the check ahead of it allows, else does what the check says, in one transaction.
  func submitIfSafe(
    _ request: ScanRequest, ageHours: Double?, by actor: String
  ) async throws(StoreError) -> SafeSubmission
  /// The process that leads the sweep; `nil` while none does.
  func sweepLeader() async throws(StoreError) -> String?
  /// Puts failed scans back to pending, or tells which it would put back.
  ///
  /// - Parameter kind: only scans of this one; `nil` for every one.
  func resetFailed(
    kind: String?, dryRun: Bool, by actor: String
  ) async throws(StoreError) -> ResetSummary
  /// Lets a running scan that is stuck go on from its checkpoint; its process is ended first.
  func resumeStuck(
    _ id: ScanID, by actor: String, reason: String?
  ) async throws(StoreError) -> StuckResumption
  /// Fails the active scan that holds a scope, as one that was left behind by hand: at once, or through its worker.
  func unlock(
    _ scope: String, of tenantID: String, by actor: String, reason: String
  ) async throws(StoreError) -> ActionOutcome
  /// Why a scan does what it does, in the shape that `holdfast why --json` prints.
  ///
  /// - Parameter waitSeconds: how long to wait for the scan's worker at most.
  func why(
    _ scan: Scan, waitSeconds: Double
  ) async throws(StoreError) -> any Encodable & Sendable
}

/// What became of a stuck scan that was to go on.
package enum StuckResumption: Sendable {
  /// It is back in the queue.
  case done
  /// Its worker ends the process first.
  case ordered
  /// It has moved since it was looked at.
  case moved
  case notStuck
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

/// What became of the wish to apply a plan.
package enum PlanApplication: Sendable {
  case applied(CleanupReport)
  /// Something has moved: this is what would be done now.
  case moved(RecoveryPlan)
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
