import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// What supervision holds and would do: policies, the check ahead of a scan, scopes, the sweep and
/// its plans. The same answers as the commands of these names give with `--json`.
struct SupervisionAPI: Sendable {
  let store: any ScanStore
  let history: any SweepStore
  let cleanup: any CleanupService
  let submitter: Submitter
  let book: PolicyBook
  let pace: WorstCase.Pace

  private var kinds: KindBook { submitter.kinds }

  func add(to routes: inout Routes) {
    routes.get("/api/v1/policies", policies)
    routes.get("/api/v1/policies/{kind}", policy)
    routes.get("/api/v1/check", check)
    routes.post("/api/v1/safe-submissions", submitIfSafe)
    routes.post("/api/v1/unlock", unlock)
    routes.get("/api/v1/sweep", sweep)
    routes.get("/api/v1/sweeps", sweeps)
    routes.post("/api/v1/plans", plan)
    routes.post("/api/v1/plans/{hash}/apply", apply)
  }

  // MARK: Policies

  private struct Policies: Encodable {
    var items: [PolicyDocument]
  }

  @concurrent
  private func policies(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    return try .json(
      Policies(items: book.names(with: kinds).map { document($0, target: nil) }))
  }

  @concurrent
  private func policy(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["target"])
    let target = try query.text("target", most: 4096)
    let kind = context.parameters.get("kind") ?? ""
    let known = book.names(with: kinds)
    guard known.contains(kind) else {
      throw Problem(
        .notFound,
        "There is no kind of scan “\(kind.excerpt)”; known are "
          + "\(known.joined(separator: ", ")).")
    }
    return try .json(document(kind, target: target))
  }

  private func document(_ kind: String, target: String?) -> PolicyDocument {
    PolicyDocument(
      kind: kind, target: target, effective: book.effective(kind: kind, target: target),
      pace: pace)
  }

  // MARK: Ahead of a scan

  @concurrent
  private func check(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["age_hours", "kind", "target"])
    let kind = try query.requiredText("kind", most: 64)
    let target = try canonical(try query.requiredText("target", most: 4096), of: kind)
    let hours = try query.number("age_hours", in: 0...8760)
    return try .json(
      try await cleanup.seen(by: context.caller).check(
        kind: kind, target: target, ageHours: hours))
  }

  /// Starts a scan, lets an unfinished one go on, cleans a dead one and starts, or waits: what the check says, in one
  /// transaction, so that of two such calls at the same time one starts.
  @concurrent
  private func submitIfSafe(
    _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    let body = try await JSONBody(
      request, known: ["age_hours", "kind", "params", "priority", "target"])
    let hours = try body.number("age_hours", in: 0...8760)
    let wanted = try await submitter.request(
      for: try Submitter.Wish(body, request, by: context.actor))
    let submission = try await cleanup.seen(by: context.caller).submitIfSafe(
      wanted, ageHours: hours, by: context.actor)
    let headers: HTTPFields = [.location: "/api/v1/scans/\(submission.scan.id)"]
    switch submission.outcome {
    case .started: return try .json(submission, status: .created, headers: headers)
    case .resumed: return try .json(submission)
    case .existing:
      try Submitter.check(submission.scan, against: wanted)
      return try .json(submission)
    case .ordered: return try .json(submission, status: .accepted)
    case .waiting:
      var problem = Submitter.scopeHeld(by: submission.scan)
      problem.members["check"] = .string(submission.check.reason)
      throw problem
    }
  }

  /// In the canonical form, so that the same thing is always the same scope.
  private func canonical(_ target: String, of kind: String) throws(Problem) -> String {
    do {
      return try kinds.canonicalTarget(kind: kind, target)
    } catch {
      throw Problem(error)
    }
  }

  /// A scope is held by its active scan and freed with it; where that one runs, its worker ends the
  /// process first.
  @concurrent
  private func unlock(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(request, known: ["reason", "scope"])
    let scope = try body.requiredText("scope", most: 4200)
    let reason = try body.requiredText("reason", most: 1000)
    let active = ScanStatus.allCases.filter(\.isActive)
    let holder = try await store.seen(by: context.caller).scans(
      ScanFilter(statuses: active, scope: scope), cursor: nil, limit: 1
    ).items.first
    if let holder {
      switch try await cleanup.seen(by: context.caller).unlock(
        scope, of: holder.tenantID, by: context.actor, reason: reason)
      {
      case .done(let scan): return try .json(scan)
      case .requested(let scan): return try .json(scan, status: .accepted)
      case .notAllowed, .scopeHeld, .notFound: break
      }
    }
    throw Problem(
      .notFound, "No active scan holds the scope “\(String(scope.prefix(200)).visible)”.",
      field: "scope")
  }

  // MARK: The sweep

  private struct Sweep: Encodable {
    var leader: String?
    var healthScore: Int
    var stuck: Int

    enum CodingKeys: String, CodingKey {
      case leader, stuck
      case healthScore = "health_score"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(leader, forKey: .leader)
      try container.encode(healthScore, forKey: .healthScore)
      try container.encode(stuck, forKey: .stuck)
    }
  }

  @concurrent
  private func sweep(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    let health = try await cleanup.seen(by: context.caller).health()
    return try .json(
      Sweep(
        leader: try await cleanup.sweepLeader(), healthScore: health.metrics.healthScore,
        stuck: health.stuckScans.count))
  }

  @concurrent
  private func sweeps(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["cursor", "limit"])
    return try .json(
      try await history.sweeps(cursor: try query.cursor, limit: try query.limit()))
  }

  @concurrent
  private func plan(_ request: Request, _ context: ServerContext) async throws -> Response {
    let wish = try await PlanWish(request)
    return try .json(
      PlanDocument(
        try await cleanup.seen(by: context.caller).plan(wish.filter, wish.limits)))
  }

  @concurrent
  private func apply(_ request: Request, _ context: ServerContext) async throws -> Response {
    let wish = try await PlanWish(request)
    let hash = context.parameters.get("hash") ?? ""
    guard (1...64).contains(hash.utf8.count), hash.allSatisfy(\.isHexDigit) else {
      throw Problem(.notFound, "There is no such plan; POST /api/v1/plans makes one.")
    }
    switch try await cleanup.seen(by: context.caller).apply(
      hash, wish.filter, wish.limits, by: context.actor)
    {
    case .applied(let report):
      return try .json(PlanResult(plan: report.plan, outcomes: report.outcomes))
    case .moved(let fresh):
      throw Problem(
        .planMoved,
        "The plan \(hash) is not what would be done now; what is due now has the hash "
          + "\(fresh.hash).",
        members: ["plan": .string(fresh.hash)])
    }
  }
}

/// Which of the stuck scans a plan is for, and under which limits.
private struct PlanWish {
  var filter: RecoveryPlan.Filter
  var limits: CleanupLimits

  init(_ request: Request) async throws {
    let body = try await JSONBody(
      request,
      known: [
        "heartbeat_stale_minutes", "kind", "max_runtime_minutes", "min_age_hours", "reason",
        "target",
      ])
    let age = try body.number("min_age_hours", in: 0...87_600)
    filter = .init(
      kind: try body.text("kind", most: 64), target: try body.text("target", most: 4096),
      reason: try Self.reason(body), minAgeSeconds: age.map { $0 * 3600 })
    limits = CleanupLimits(
      maxRuntimeMinutes: try body.minutes("max_runtime_minutes"),
      heartbeatStaleMinutes: try body.minutes("heartbeat_stale_minutes"))
  }

  private static func reason(_ body: JSONBody) throws(Problem) -> Reason? {
    guard let text = try body.text("reason") else { return nil }
    guard let reason = Reason(rawValue: text) else {
      throw .unknownValue(text, field: "reason", known: Reason.allCases.map(\.rawValue))
    }
    return reason
  }
}
