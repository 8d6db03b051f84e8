package import HoldfastCore
package import HoldfastStorage
package import Logging

/// What operators do about scans that are stuck or in the way. The commands and the API both come here, so that they say and do
/// the same. All operations throw ``StoreError``.
package struct OperatorDesk: Sendable {
  private let store: any ScanStore & SupervisionStore & OperatorStore
  package let planner: SweepPlanner
  private let logger: Logger
  /// Whose targets they are: one scope can be held once in each tenant.
  private var tenantID = TenantScope.defaultTenant

  package init(
    store: any ScanStore & SupervisionStore & OperatorStore, planner: SweepPlanner,
    logger: Logger
  ) {
    self.store = store
    self.planner = planner
    self.logger = logger
  }

  /// This desk as one caller sees it: nothing of other tenants is stuck, cleaned or reset.
  package func seen(by caller: Caller) -> OperatorDesk {
    let own = store.seen(by: caller)
    var desk = OperatorDesk(store: own, planner: planner.asking(own), logger: logger)
    desk.tenantID = caller.scope.tenant ?? tenantID
    return desk
  }

  // MARK: What is stuck

  /// How well the scans do. Only what may be due is looked at one by one; the others are counted.
  package func health() async throws(StoreError) -> HealthReport {
    let (fleet, statuses) = (try await store.fleet(), try await store.statusCounts())
    let planned = try await planner.plan()
    let judged = planned.rows.map { row in
      let policy = planner.effective(row.snapshot)
      let verdict = Supervision.verdict(row.snapshot, policy: policy, now: planned.now)
      return (row.snapshot, verdict)
    }
    let workers = Self.known(fleet)
    return HealthReport(
      totalScans: statuses.values.reduce(0, +), judged: judged, statuses: statuses,
      workers: workers.count, lostWorkers: workers.count { $0.isSilent }, now: planned.now)
  }

  /// The plan for these scans by their policies, or by limits that hold for this request alone.
  package func plan(
    filter: RecoveryPlan.Filter = .init(), request: CleanupLimits = .init()
  ) async throws(StoreError) -> SweepPlanner.Planned {
    try await planner.plan(filter: filter, request: request)
  }

  /// Applies a plan row by row.
  package func apply(
    _ planned: SweepPlanner.Planned, by actor: String
  ) async -> [RecoveryApplier.Result] {
    await RecoveryApplier(store: store, actor: actor, logger: logger).apply(
      planned, patienceSeconds: planner.orderPatienceSeconds,
      jitter: { Double.random(in: 0...1) })
  }

  /// What has moved since `plan` was made.
  package func refusals(
    of plan: RecoveryPlan, now fresh: RecoveryPlan
  ) async throws(StoreError) -> [RecoveryRefusal] {
    let current = try await store.snapshots(of: plan.entries.map(\.scanID))
    return plan.refusals(current: current.rows.map(\.snapshot), now: fresh)
  }

  /// Puts a stuck running scan back into the queue, to go on from its checkpoint.
  ///
  /// - Returns: `nil` if it is not stuck.
  package func resumeStuck(
    _ id: ScanID, by actor: String, reason: String?
  ) async throws(StoreError) -> RecoveryApplier.Outcome? {
    let (page, fleet) = (try await store.snapshots(of: [id]), try await store.fleet())
    var planned = planner.planned(page.rows, fleet: fleet, now: page.now)
    guard let entry = planned.plan.entries.first, entry.guardian.status == .running else {
      return nil
    }
    let why = reason.map { "resumed by \(actor): \($0)" } ?? "resumed by \(actor)"
    var decided = entry.decided(.resume, why: why)
    // Kept with the event, beside what it was stuck on.
    decided.verdict.sentence += " It is \(why)"
    planned.plan.entries = [decided]
    return await apply(planned, by: actor).first?.outcome
  }

  /// Frees a scope by failing the active scan that holds it.
  package func unlock(
    _ scope: String, of tenantID: String, by actor: String, reason: String
  ) async throws(StoreError) -> ActionOutcome {
    try await store.unlock(scope: scope, tenantID: tenantID, by: actor, reason: reason)
  }

  /// The process that leads the sweep; `nil` while none does.
  package func sweepLeader() async throws(StoreError) -> String? {
    try await store.leader(of: "sweep")
  }

  /// A life that fell silent is missed for an hour, unless the worker has been started again.
  private static func known(_ fleet: Fleet) -> [Fleet.Worker] {
    let live = Set(fleet.live.map { [$0.record.name, $0.record.host] })
    return fleet.workers.filter { worker in
      guard worker.isSilent else { return true }
      return worker.heartbeatAgeSeconds < 3600
        && !live.contains([worker.record.name, worker.record.host])
    }
  }

  // MARK: Ahead of a new scan

  /// What to do before a scan of `target` starts.
  ///
  /// - Parameter ageHours: in place of the policy's `check_age_hours`.
  package func check(
    kind: String, target: String, ageHours: Double?
  ) async throws(StoreError) -> PreScanCheck {
    let policy = planner.effective(kind: kind, target: target)
    let fleet = try await store.fleet()
    guard let scope = policy.scope(kind: kind, target: target) else {
      return PreScanCheck.decide(active: nil, policy: policy, now: fleet.now)
    }
    let page = try await store.snapshot(scope: scope, tenantID: tenantID)
    return answer(page, fleet: fleet, policy: policy, ageHours: ageHours).check
  }

  /// Submits a scan, or does what the check says instead, in one transaction.
  package func submitIfSafe(
    _ request: ScanRequest, ageHours: Double?, by actor: String
  ) async throws(StoreError) -> SafeSubmission {
    let policy = planner.effective(kind: request.kind, target: request.target)
    let fleet = try await store.fleet()
    return try await store.submitIfSafe(request, by: actor) { page in
      answer(page, fleet: fleet, policy: policy, ageHours: ageHours)
    }
  }

  private func answer(
    _ page: DuePage, fleet: Fleet, policy: Policy, ageHours: Double?
  ) -> PreScanAnswer {
    let planned = planner.planned(page.rows, fleet: fleet, now: page.now)
    let check = PreScanCheck.decide(
      active: planned.rows.first?.snapshot, policy: policy, now: page.now, ageHours: ageHours)
    guard let row = planned.rows.first,
      let entry = (planned.plan.entries + planned.plan.held).first
    else { return PreScanAnswer(check: check) }
    let decided: RecoveryPlan.Entry? =
      switch check.action {
      case .resume: entry.decided(.resume, why: check.reason)
      case .cleanup: entry.decided(.fail, why: check.reason)
      case .start, .wait: nil
      }
    return PreScanAnswer(
      check: check, entry: decided,
      isWorkerThere: RecoveryApplier.isWorkerThere(entry, row))
  }

  // MARK: Reset

  /// The failed scans, newest first, with what a reset would make of each.
  package func resettable(limit: Int = 10_000) async throws(StoreError) -> [ResetCandidate] {
    try await store.resettable(tenantID: tenantID, limit: limit)
  }

  /// Puts those that no later scan has superseded back to pending, one by one.
  package func reset(
    _ candidates: [ResetCandidate], by actor: String
  ) async throws(StoreError) -> ResetReport {
    var report = ResetReport()
    for candidate in candidates {
      if let later = candidate.supersededBy {
        report.passedOver.append(
          .init(number: candidate.scan.number, why: "scan \(later) of the same target came later"))
        continue
      }
      switch try await store.act(.reset, on: candidate.scan.id, by: actor, reason: "reset of all") {
      case .done, .requested: report.reset.append(candidate.scan.number)
      case .notAllowed(let scan):
        report.passedOver.append(
          .init(number: scan.number, why: "it is \(scan.status.rawValue) now"))
      case .scopeHeld(let holder):
        report.passedOver.append(
          .init(number: candidate.scan.number, why: "scan \(holder.number) holds its target"))
      case .notFound:
        report.passedOver.append(.init(number: candidate.scan.number, why: "it is gone"))
      }
    }
    return report
  }
}

/// What a reset did.
package struct ResetReport: Sendable, Codable {
  package struct PassedOver: Sendable, Codable {
    package var number: Int64
    package var why: String
  }

  package var reset: [Int64] = []
  package var passedOver: [PassedOver] = []

  enum CodingKeys: String, CodingKey {
    case reset
    case passedOver = "passed_over"
  }
}
