import HoldfastCore
import HoldfastEngine
import HoldfastServer
import HoldfastStorage

/// The engine's operator desk behind the server, with the built-in policies.
struct DeskCleanup: CleanupService {
  let desk: OperatorDesk
  let investigation: Investigation

  func seen(by caller: Caller) -> DeskCleanup {
    DeskCleanup(desk: desk.seen(by: caller), investigation: investigation)
  }

  func health() async throws(StoreError) -> HealthReport { try await desk.health() }

  func clean(
    _ limits: CleanupLimits, dryRun: Bool, by actor: String
  ) async throws(StoreError) -> CleanupReport {
    let planned = try await desk.plan(request: limits)
    if dryRun { return CleanupReport(plan: planned.plan) }
    let results = await desk.apply(planned, by: actor)
    return CleanupReport(
      plan: planned.plan,
      outcomes: Dictionary(results.map { ($0.entry.scanID, $0.outcome.rawValue) }) { $1 })
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
    let results = await desk.apply(planned, by: actor)
    let outcomes = results.map { ($0.entry.scanID, $0.outcome.rawValue) }
    return .applied(CleanupReport(plan: planned.plan, outcomes: Dictionary(outcomes) { $1 }))
  }

  func check(
    kind: String, target: String, ageHours: Double?
  ) async throws(StoreError) -> PreScanCheck {
    try await desk.check(kind: kind, target: target, ageHours: ageHours)
  }

  func sweepLeader() async throws(StoreError) -> String? { try await desk.sweepLeader() }

  func resetFailed(dryRun: Bool, by actor: String) async throws(StoreError) -> ResetSummary {
    let candidates = try await desk.resettable()
    if dryRun { return ResetSummary(reset: candidates.map(\.scan.number), passedOver: 0) }
    return ResetSummary(
      reset: try await desk.reset(candidates, by: actor).reset, passedOver: 0)
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

  func why(
    _ scan: Scan, waitSeconds: Double
  ) async throws(StoreError) -> any Encodable & Sendable {
    try await investigation.why(scan, waitingAtMost: waitSeconds)
  }
}
