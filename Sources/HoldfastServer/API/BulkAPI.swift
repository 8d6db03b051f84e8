import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `POST /api/v1/bulk-actions`: an operator's action on every scan that a filter finds.
struct BulkAPI: Sendable {
  let store: any ScanStore

  func add(to routes: inout Routes) {
    routes.post("/api/v1/bulk-actions", act)
  }

  private struct Result: Encodable {
    var action: String
    var dryRun: Bool
    var matched: Int
    var more: Bool
    var done: [Int64] = []
    var requested: [Int64] = []
    var refused: [BulkActions.Refusal] = []

    enum CodingKeys: String, CodingKey {
      case action, matched, more, done, requested, refused
      case dryRun = "dry_run"
    }
  }

  @concurrent
  private func act(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(request, known: ["action", "dry_run", "filter", "reason"])
    let action = try Self.action(body)
    let filter = try Self.filter(body, for: action)
    let dryRun = try body.flag("dry_run") ?? true
    let reason = try body.text("reason", most: 1000)
    let bulk = BulkActions(store: store)
    // Nothing is found that the action cannot be done to.
    let (scans, more) =
      filter.statuses.isEmpty
      ? ([], false) : try await bulk.candidates(filter, of: context.caller)
    var result = Result(
      action: action.rawValue, dryRun: dryRun, matched: scans.count, more: more)
    if dryRun {
      result.done = scans.map(\.number)
      return try .json(result)
    }
    let outcome = try await bulk.act(action, on: scans, reason: reason, for: context.caller)
    result.done = outcome.done
    result.requested = outcome.requested
    result.refused = outcome.refused
    return try .json(result)
  }

  private static func action(_ body: JSONBody) throws(Problem) -> OperatorAction {
    let name = try body.requiredText("action")
    guard let action = OperatorAction(rawValue: name), BulkActions.actions.contains(action)
    else {
      throw .unknownValue(
        name, field: "action", known: BulkActions.actions.map(\.rawValue))
    }
    return action
  }

  /// The scans that are asked for, as far as the action fits them.
  private static func filter(
    _ body: JSONBody, for action: OperatorAction
  ) throws(Problem) -> ScanFilter {
    guard let members = body.members["filter"]?.objectValue else {
      throw .invalid(
        "filter",
        "“filter” must be an object that says which scans are meant: status, kind, target, tenant, "
          + "search, verdict, cleaned.")
    }
    guard !members.isEmpty else {
      throw .invalid(
        "filter",
        "“filter” is empty; it must have at least one of status, kind, target, tenant, search, "
          + "verdict, cleaned.")
    }
    let filter = try JSONBody(
      members: members,
      known: ["cleaned", "kind", "search", "status", "target", "tenant", "verdict"], at: "filter.")
    let wanted = try statuses(filter) ?? ScanStatus.allCases
    let search = try filter.givenText("search", most: 200)?.trimmed
    // An empty part is a part of everything, which nobody means who writes it.
    guard search?.isEmpty != true else {
      throw .invalid("filter.search", "“filter.search” is empty.")
    }
    return ScanFilter(
      tenantID: try filter.givenText("tenant", most: 64),
      statuses: wanted.filter(action.sources.contains),
      kind: try filter.givenText("kind", most: 64),
      target: try filter.givenText("target", most: 4096),
      onlyCleaned: try filter.flag("cleaned") ?? false,
      search: search,
      doubt: try filter.givenText("verdict", most: 64).map { (name) throws(Problem) in
        try ScanDoubt.named(name, field: "filter.verdict")
      })
  }

  private static func statuses(_ filter: JSONBody) throws(Problem) -> [ScanStatus]? {
    guard let value = filter.members["status"] else { return nil }
    guard let names = value.arrayValue, !names.isEmpty else {
      throw .invalid("filter.status", "“filter.status” must be a list of statuses, and not empty.")
    }
    var statuses: [ScanStatus] = []
    for name in names {
      guard let text = name.stringValue, let status = ScanStatus(rawValue: text) else {
        throw .unknownValue(
          name.stringValue ?? name.serialized, field: "filter.status",
          known: ScanStatus.allCases.map(\.rawValue))
      }
      statuses.append(status)
    }
    return statuses
  }
}

extension OperatorAction {
  /// The statuses in which it can be done to a scan.
  var sources: [ScanStatus] {
    switch self {
    case .cancel: Lifecycle.sources(of: .cancel)
    case .pause: Lifecycle.sources(of: .pause)
    case .resume: Lifecycle.sources(of: .unpause)
    case .retry: Lifecycle.sources(of: .retry)
    case .reset, .revert: [.failed]
    case .fail: Lifecycle.sources(of: .fail) + Lifecycle.sources(of: .expire)
    case .requeue: Lifecycle.sources(of: .requeue) + Lifecycle.sources(of: .retry)
    }
  }
}
