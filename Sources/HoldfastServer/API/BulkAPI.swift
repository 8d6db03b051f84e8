import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `POST /api/v1/bulk-actions`: an operator's action on every scan that a filter finds.
struct BulkAPI: Sendable {
  let store: any ScanStore

  /// How many scans one request acts on.
  private static let most = 1000

  func add(to routes: inout Routes) {
    routes.post("/api/v1/bulk-actions", act)
  }

  private struct Result: Encodable {
    struct Refusal: Encodable {
      var number: Int64
      var why: String
    }

    var action: String
    var dryRun: Bool
    var matched: Int
    var more: Bool
    var done: [Int64] = []
    var requested: [Int64] = []
    var refused: [Refusal] = []

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
    let (scans, more) = try await candidates(filter, of: context.caller)
    var result = Result(
      action: action.rawValue, dryRun: dryRun, matched: scans.count, more: more)
    if dryRun {
      result.done = scans.map(\.number)
      return try .json(result)
    }
    for scan in scans {
      do {
        switch try await ScanActions(store: store).act(
          action, on: scan, reason: reason, for: context.caller)
        {
        case .done: result.done.append(scan.number)
        case .requested: result.requested.append(scan.number)
        }
      } catch let problem as Problem {
        // It has moved since it was found; the others are still meant.
        result.refused.append(.init(number: scan.number, why: problem.detail))
      }
    }
    return try .json(result)
  }

  /// Newest first; nothing is found that the action cannot be done to.
  private func candidates(
    _ filter: ScanFilter, of caller: Caller
  ) async throws(StoreError) -> (scans: [Scan], more: Bool) {
    guard !filter.statuses.isEmpty else { return ([], false) }
    let store = store.seen(by: caller)
    var scans: [Scan] = []
    var cursor: String?
    repeat {
      let page = try await store.scans(filter, cursor: cursor, limit: 500)
      scans += page.items
      cursor = page.nextCursor
    } while cursor != nil && scans.count < Self.most
    return (Array(scans.prefix(Self.most)), cursor != nil)
  }

  private static let actions: [OperatorAction] = [
    .cancel, .fail, .pause, .requeue, .resume, .retry,
  ]

  private static func action(_ body: JSONBody) throws(Problem) -> OperatorAction {
    let name = try body.requiredText("action")
    guard let action = OperatorAction(rawValue: name), actions.contains(action) else {
      throw .unknownValue(name, field: "action", known: actions.map(\.rawValue))
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
        "“filter” must be an object that says which scans are meant: status, kind, target.")
    }
    guard !members.isEmpty else {
      throw .invalid(
        "filter", "“filter” is empty; it must have at least one of status, kind, target.")
    }
    let filter = try JSONBody(members: members, known: ["kind", "status", "target"], at: "filter.")
    let wanted = try statuses(filter) ?? ScanStatus.allCases
    return ScanFilter(
      statuses: wanted.filter(action.sources.contains),
      kind: try filter.givenText("kind", most: 64),
      target: try filter.givenText("target", most: 4096))
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
    case .retry, .reset, .revert: Lifecycle.sources(of: .retry)
    case .fail: Lifecycle.sources(of: .fail) + Lifecycle.sources(of: .expire)
    case .requeue: Lifecycle.sources(of: .requeue) + Lifecycle.sources(of: .retry)
    }
  }
}
