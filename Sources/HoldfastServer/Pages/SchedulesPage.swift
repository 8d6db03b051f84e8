import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `/schedules`: scans at certain times: what is due when, what became of the last run, and a form for another.
struct SchedulesPage: Sendable {
  let pages: Pages

  private static let fieldNames = [
    "cron", "every_seconds", "kind", "missed", "name", "params", "priority", "target", "zone",
  ]
  private static let upcomingRuns = 3
  private static let rowsPerPage = 200

  func add(to routes: inout Routes) {
    routes.get("/schedules", show)
    routes.post("/schedules", create)
    routes.post("/schedules/{name}/remove", remove)
  }

  private struct SchedulesView: PageView {
    var template: String { "schedules" }
    var frame: PageFrame
    /// Whose schedules there are to be seen; none where the reader has one tenant alone.
    var tabs: [Tab]
    var hasTabs: Bool
    var tenant: String
    var rows: [Row]
    var hasRows: Bool
    var paging: Paging
    var error: String?
    var form: Form
    var kinds: [ListView.Choice]
    var missed: [ListView.Choice]
  }

  /// What was written into the form, as long as it is not taken.
  private struct Form: Sendable {
    var name = ""
    var target = ""
    var cron = ""
    var zone = ""
    var everySeconds = ""
    var priority = ""
    var params = ""
    var isOpen = false
  }

  private struct Row: Sendable {
    var name: String
    var kind: String
    var target: String
    var rule: String
    var passedOver: String?
    var upcoming: [ShownTime]
    var hasUpcoming: Bool
    var lastRun: ShownTime?
    var lastOutcome: String?
    var lastScan: String?
    var actions: [ScanView.Action]
    var hasActions: Bool
  }

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["cursor", "tenant"])
    let tenant = try await SchedulesAPI.tenant(query["tenant"], pages.store, context)
    let view = try await view(tenant, context, after: query.cursor)
    return .html(pages.templates.render(view))
  }

  private func view(
    _ tenant: String, _ context: ServerContext, after cursor: String? = nil,
    error: String? = nil, fields: Query? = nil
  ) async throws -> SchedulesView {
    let now = try await pages.store.now()
    let store = pages.store.seen(by: context.caller)
    let page = try await store.schedules(
      tenantID: tenant, cursor: cursor, limit: Self.rowsPerPage)
    let tabs = try await store.tenants().map { other in
      Tab(
        label: other.name.visible, href: Self.href(of: other.name), isCurrent: other.name == tenant,
        count: nil)
    }
    let rows = page.items.map { Self.row($0, now: now, mayAct: context.may(.operator)) }
    let text = { (name: String) in fields?[name] ?? "" }
    let chosenKind = text("kind").isEmpty ? "library" : text("kind")
    let chosenMissed = text("missed").isEmpty ? MissedRuns.once.rawValue : text("missed")
    return SchedulesView(
      frame: pages.frame("Schedules", context, stream: nil), tabs: tabs,
      hasTabs: tabs.count > 1, tenant: tenant, rows: rows, hasRows: !rows.isEmpty,
      paging: Paging(
        "/schedules", [.init(name: "tenant", value: tenant)], from: cursor, to: page.nextCursor),
      error: error,
      form: Form(
        name: text("name"), target: text("target"), cron: text("cron"), zone: text("zone"),
        everySeconds: text("every_seconds"), priority: text("priority"), params: text("params"),
        isOpen: error != nil || rows.isEmpty),
      kinds: pages.submitter.kinds.names.map {
        .init(value: $0, label: $0, isChosen: $0 == chosenKind)
      },
      missed: [
        (MissedRuns.once, "the newest runs late"), (.skip, "they are passed over"),
      ].map { .init(value: $0.rawValue, label: $1, isChosen: $0.rawValue == chosenMissed) })
  }

  private static func href(of tenant: String) -> String {
    ListAddress.address("/schedules", [.init(name: "tenant", value: tenant)])
  }

  private static func row(_ schedule: Schedule, now: Timestamp, mayAct: Bool) -> Row {
    let rule =
      schedule.cron.map { "\($0) (\(schedule.zone))" }
      ?? "every \(Words.duration(Double(schedule.everySeconds ?? 0)))"
    // A rule that somebody has broken by hand is due at no time, which is what is shown.
    let upcoming = ((try? schedule.upcoming(upcomingRuns, after: now)) ?? []).map(ShownTime.init)
    let remove = ScanView.Action(
      id: "remove-\(schedule.name)", name: "remove", label: "Remove",
      href: "/schedules/\(LocalPath.encoded(schedule.name))/remove?tenant=\(schedule.tenantID)",
      style: "danger",
      confirmStyle: "danger", question: "Remove the schedule \(schedule.name)?",
      consequence: "Nothing is submitted by it any more. The scans that it made stay.")
    return Row(
      name: schedule.name, kind: schedule.kind.visible, target: schedule.target.visible,
      rule: rule.visible,
      passedOver: schedule.missedRuns == 0
        ? nil : Words.plural(schedule.missedRuns, "run was passed over", "runs were passed over"),
      upcoming: upcoming, hasUpcoming: !upcoming.isEmpty,
      lastRun: schedule.lastRunAt.map(ShownTime.init),
      lastOutcome: schedule.lastOutcome?.visible,
      lastScan: schedule.lastScanID.map { "/scans/\($0)" },
      actions: mayAct ? [remove] : [], hasActions: mayAct)
  }

  @concurrent
  private func create(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await Pages.form(request)
    let tenant = try await SchedulesAPI.tenant(fields["tenant"], pages.store, context)
    do {
      var draft = try await SchedulesAPI.draft(
        try Self.body(fields), by: context.actor, pages.submitter)
      draft.tenantID = tenant
      switch try await pages.store.seen(by: context.caller).add(draft) {
      case .created, .existing: return .redirect(to: Self.href(of: tenant))
      case .keyUsed: throw Problem.idempotencyKeyUsed
      case .nameTaken(let schedule):
        throw Problem(
          .nameTaken, "Another schedule has the name “\(schedule.name)”.", field: "name")
      }
    } catch let problem as Problem {
      let view = try await view(tenant, context, error: problem.detail, fields: fields)
      return .html(pages.templates.render(view), status: problem.kind.status)
    }
  }

  /// The form as the API would be told it; what was left empty is left out.
  private static func body(_ fields: Query) throws(Problem) -> JSONBody {
    var members: [String: JSONValue] = [:]
    for name in fieldNames {
      guard let text = fields[name]?.trimmed, !text.isEmpty else { continue }
      switch name {
      case "every_seconds", "priority":
        members[name] = Int64(text).map(JSONValue.int) ?? .string(text)
      case "params":
        guard let params = JSONValue(parsing: text), params.objectValue != nil else {
          throw .invalid("params", "“params” must be a JSON object.")
        }
        members[name] = params
      default: members[name] = .string(text)
      }
    }
    return try JSONBody(members: members, known: fieldNames)
  }

  @concurrent
  private func remove(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try await Pages.form(request)
    let name = context.parameters.get("name") ?? ""
    let tenant = try await SchedulesAPI.tenant(try Query(request)["tenant"], pages.store, context)
    guard !name.utf8.contains(0),
      try await pages.store.seen(by: context.caller).removeSchedule(
        named: name, tenantID: tenant) != nil
    else {
      throw Problem(.notFound, "There is no schedule “\(name.excerpt)”.")
    }
    return .redirect(to: Self.href(of: tenant))
  }
}
