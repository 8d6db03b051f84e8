import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `/api/v1/schedules`: scans at certain times.
struct SchedulesAPI: Sendable {
  let store: any ScheduleStore & ScanStore & AccessStore
  let submitter: Submitter

  func add(to routes: inout Routes) {
    routes.get("/api/v1/schedules", list)
    routes.post("/api/v1/schedules", create)
    routes.get("/api/v1/schedules/{name}", show)
    routes.delete("/api/v1/schedules/{name}", query: ["tenant"], remove)
    routes.get("/api/v1/schedules/{name}/next", next)
  }

  @concurrent
  private func list(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["cursor", "limit", "tenant"])
    let tenant = try await tenant(query["tenant"], context)
    return try .json(
      try await store.seen(by: context.caller).schedules(
        tenantID: tenant, cursor: query.cursor, limit: query.limit()))
  }

  /// Its name makes the request safe to send again: the same schedule is answered with itself.
  @concurrent
  private func create(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(
      request,
      known: [
        "cron", "every_seconds", "kind", "missed", "name", "params", "priority", "target",
        "tenant", "zone",
      ])
    var draft = try await Self.draft(body, by: context.actor, submitter)
    draft.tenantID = try await tenant(try body.text("tenant"), context)
    draft.idempotency = try request.idempotency(of: body)
    switch try await store.seen(by: context.caller).add(draft) {
    case .created(let schedule):
      return try .json(
        schedule, status: .created, headers: [.location: "/api/v1/schedules/\(schedule.name)"])
    case .existing(let schedule): return try .json(schedule)
    case .keyUsed: throw Problem.idempotencyKeyUsed
    case .nameTaken(let schedule):
      throw Problem(
        .nameTaken, "Another schedule has the name “\(schedule.name)”.", field: "name")
    }
  }

  /// What is asked for, with the same look at its target and parameters as at those of a scan.
  ///
  /// - Throws: ``Problem`` of the first field that cannot be taken.
  static func draft(
    _ body: JSONBody, by actor: String, _ submitter: Submitter
  ) async throws -> ScheduleDraft {
    let priority = try body.wholeNumber("priority", in: -100...100) ?? 0
    let missed = try body.text("missed") ?? MissedRuns.once.rawValue
    guard let policy = MissedRuns(rawValue: missed) else {
      throw Problem.unknownValue(
        missed, field: "missed", known: MissedRuns.allCases.map(\.rawValue))
    }
    let draft: ScheduleDraft
    do {
      draft = try ScheduleDraft(
        name: try body.requiredText("name"), kind: try body.requiredText("kind"),
        target: try body.requiredText("target", most: 4096),
        params: body.members["params"] ?? .object([:]), priority: Int(priority),
        cron: try body.text("cron", most: 200), zone: try body.text("zone", most: 64),
        everySeconds: try body.wholeNumber("every_seconds", in: ScheduleRule.intervalRange),
        missed: policy, createdBy: actor, kinds: submitter.kinds, knowsZone: Zones.isKnown)
    } catch let refusal as ScheduleDraft.Refusal {
      throw Problem.invalid(refusal.field, refusal.description)
    }
    try await submitter.checkAddresses(draft.kind, draft.target, draft.params)
    return draft
  }

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["tenant"])
    return try .json(try await schedule(in: context, of: query["tenant"]))
  }

  @concurrent
  private func remove(_ request: Request, _ context: ServerContext) async throws -> Response {
    let schedule = try await schedule(in: context, of: try Query(request)["tenant"])
    try request.checkPrecondition(on: schedule)
    _ = try await store.seen(by: context.caller).removeSchedule(
      named: schedule.name, tenantID: schedule.tenantID)
    return Response(status: .noContent)
  }

  private struct Next: Encodable {
    var name: String
    var times: [Timestamp]
  }

  @concurrent
  private func next(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["limit", "tenant"])
    let limit = try query.limit(default: 5, most: 100)
    let schedule = try await schedule(in: context, of: query["tenant"])
    let times = try schedule.upcoming(limit, after: try await store.now())
    return try .json(Next(name: schedule.name, times: times))
  }

  /// Whose schedules are meant: the caller's own. Who is for all tenants can say whose, and else means the default tenant's.
  private func tenant(_ wish: String?, _ context: ServerContext) async throws -> String {
    try await Self.tenant(wish, store, context)
  }

  static func tenant(
    _ wish: String?, _ store: any AccessStore & ScanStore, _ context: ServerContext
  ) async throws -> String {
    guard let wish else { return context.tenant }
    guard let tenant = try AccessWish.scope(wish, of: context).tenant,
      try await store.seen(by: context.caller).tenants().contains(where: { $0.name == tenant })
    else { throw AccessWish.noTenant(wish) }
    return tenant
  }

  private func schedule(
    in context: ServerContext, of wish: String?
  ) async throws -> Schedule {
    let tenant = try await tenant(wish, context)
    let name = context.parameters.get("name") ?? ""
    guard !name.utf8.contains(0),
      let schedule = try await store.seen(by: context.caller).schedule(
        named: name, tenantID: tenant)
    else {
      throw Problem(
        .notFound, "There is no schedule “\(name.excerpt)”.")
    }
    return schedule
  }
}

extension ServerContext {
  /// Whose schedules they are: the caller's own, and of an admin of all tenants the default tenant's.
  var tenant: String { caller.scope.tenant ?? TenantScope.defaultTenant }
}
