import HoldfastCore
import HoldfastEngine
import HoldfastServer
import HoldfastStorage

/// The engine's operator desk as the server asks for it.
struct EngineCleanup: CleanupService {
  let desk: OperatorDesk
  let investigation: Investigation

  func seen(by caller: Caller) -> EngineCleanup {
    EngineCleanup(desk: desk.seen(by: caller), investigation: investigation)
  }

  func health() async throws(StoreError) -> HealthReport { try await desk.health() }

  func clean(
    _ limits: CleanupLimits, dryRun: Bool, by actor: String
  ) async throws(StoreError) -> CleanupReport {
    let planned = try await desk.plan(request: limits)
    return dryRun ? CleanupReport(plan: planned.plan) : await carryOut(planned, by: actor)
  }

  func plan(
    _ filter: RecoveryPlan.Filter, _ limits: CleanupLimits
  ) async throws(StoreError) -> RecoveryPlan {
    try await desk.plan(filter: filter, request: limits).plan
  }

  func apply(
    _ hash: String, _ filter: RecoveryPlan.Filter, _ limits: CleanupLimits, by actor: String
  ) async throws(StoreError) -> PlanApplication {
    let planned = try await desk.plan(filter: filter, request: limits)
    guard planned.plan.hash == hash else { return .moved(planned.plan) }
    return .applied(await carryOut(planned, by: actor))
  }

  private func carryOut(
    _ planned: SweepPlanner.Planned, by actor: String
  ) async -> CleanupReport {
    let results = await desk.apply(planned, by: actor)
    let outcomes = results.map { ($0.entry.scanID, $0.outcome.rawValue) }
    return CleanupReport(plan: planned.plan, outcomes: Dictionary(outcomes) { $1 })
  }

  func check(
    kind: String, target: String, ageHours: Double?
  ) async throws(StoreError) -> PreScanCheck {
    try await desk.check(kind: kind, target: target, ageHours: ageHours)
  }

  func submitIfSafe(
    _ request: ScanRequest, ageHours: Double?, by actor: String
  ) async throws(StoreError) -> SafeSubmission {
    try await desk.submitIfSafe(request, ageHours: ageHours, by: actor)
  }

  func sweepLeader() async throws(StoreError) -> String? { try await desk.sweepLeader() }

  func resetFailed(
    kind: String?, dryRun: Bool, by actor: String
  ) async throws(StoreError) -> ResetSummary {
    let candidates = try await desk.resettable().filter { kind == nil || $0.scan.kind == kind }
    if dryRun {
      let reset = candidates.filter { $0.supersededBy == nil }.map(\.scan.number)
      return ResetSummary(reset: reset, passedOver: candidates.count - reset.count)
    }
    let report = try await desk.reset(candidates, by: actor)
    return ResetSummary(reset: report.reset, passedOver: report.passedOver.count)
  }

  func resumeStuck(
    _ id: ScanID, by actor: String, reason: String?
  ) async throws(StoreError) -> StuckResumption {
    switch try await desk.resumeStuck(id, by: actor, reason: reason) {
    case .recovered: .done
    case .ordered: .ordered
    case .moved, .refused: .moved
    case .reported, nil: .notStuck
    }
  }

  func unlock(
    _ scope: String, of tenantID: String, by actor: String, reason: String
  ) async throws(StoreError) -> ActionOutcome {
    try await desk.unlock(scope, of: tenantID, by: actor, reason: reason)
  }

  func why(
    _ scan: Scan, waitSeconds: Double
  ) async throws(StoreError) -> any Encodable & Sendable {
    try await investigation.why(scan, waitingAtMost: waitSeconds)
  }
}
