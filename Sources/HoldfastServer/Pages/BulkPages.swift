import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `/bulk`: an action on many scans. First what it would do to each, then, confirmed, that and nothing else: where a scan has
/// moved meanwhile, the preview is shown anew.
struct BulkPages: Sendable {
  let pages: Pages

  /// How many scans a page names.
  private static let mostRows = 200

  func add(to routes: inout Routes) {
    routes.get("/bulk", preview)
    routes.post("/bulk", act)
  }

  static let choices = BulkActions.actions.map {
    ListView.Choice(value: $0.rawValue, label: $0.label)
  }

  // MARK: Preview

  @concurrent
  private func preview(_ request: Request, _ context: ServerContext) async throws -> Response {
    let wish = try Wish(try Query(request))
    let meant = try await scans(of: wish, context)
    return .html(pages.templates.render(view(of: wish, meant, context, notice: nil)))
  }

  private func view(
    of wish: Wish, _ meant: Meant, _ context: ServerContext, notice: String?
  ) -> BulkView {
    let count = meant.possible.count
    let rows = meant.scans.prefix(Self.mostRows).map { BulkView.Row($0, wish.action) }
    let notes =
      [
        meant.scans.count > count
          ? "\(Words.plural(Int64(meant.scans.count - count), "scan", "scans")) cannot be "
            + "\(wish.action.participle) and will be left as they are." : nil,
        meant.more
          ? "More match than one turn takes: these are the newest \(BulkActions.most)." : nil,
        meant.scans.count > rows.count
          ? "Here are the first \(rows.count) of \(Words.number(Int64(meant.scans.count)))." : nil,
      ].compactMap { $0 }
    return BulkView(
      frame: pages.frame("\(wish.action.label) many scans", context, stream: nil),
      heading: count == 0
        ? "No scan can be \(wish.action.participle)"
        : "\(wish.action.label): \(Words.plural(Int64(count), "scan", "scans"))?",
      notice: notice,
      consequence: count == 0 ? "" : wish.action.consequenceForMany, notes: notes, rows: rows,
      hasRows: !rows.isEmpty, canAct: count > 0,
      fields: wish.fields + [.init(name: "hash", value: meant.hash(for: wish.action))],
      button: "\(wish.action.label): \(Words.plural(Int64(count), "scan", "scans"))",
      style: wish.action == .cancel || wish.action == .fail ? "danger" : "primary",
      backHref: wish.address.href)
  }

  // MARK: Act

  @concurrent
  private func act(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await Pages.form(request)
    let wish = try Wish(fields)
    let reason = try fields.text("reason", most: 1000).flatMap { $0.isEmpty ? nil : $0 }
    let meant = try await scans(of: wish, context)
    guard fields["hash"] == meant.hash(for: wish.action) else {
      let fresh = view(
        of: wish, meant, context,
        notice: "Scans have moved since you looked. Nothing was changed; this is what would be "
          + "done now.")
      return .html(pages.templates.render(fresh), status: .conflict)
    }
    let outcome = try await BulkActions(store: pages.store).act(
      wish.action, on: meant.possible, reason: reason, for: context.caller)
    return .html(pages.templates.render(done(wish, outcome, meant, context)))
  }

  private func done(
    _ wish: Wish, _ outcome: BulkActions.Outcome, _ meant: Meant, _ context: ServerContext
  ) -> BulkDoneView {
    func rows(_ numbers: [Int64]) -> [BulkDoneView.Row] {
      numbers.prefix(Self.mostRows).map { .init(number: $0, why: nil) }
    }
    let total = Int64(outcome.done.count + outcome.requested.count)
    let groups = [
      BulkDoneView.Group(heading: "Done", count: outcome.done.count, rows: rows(outcome.done)),
      BulkDoneView.Group(
        heading: "Asked of their workers, which end the processes first",
        count: outcome.requested.count, rows: rows(outcome.requested)),
      BulkDoneView.Group(
        heading: "Not done", count: outcome.refused.count,
        rows: outcome.refused.prefix(Self.mostRows).map {
          .init(number: $0.number, why: $0.why.visible)
        }),
    ]
    return BulkDoneView(
      frame: pages.frame("\(wish.action.label) many scans", context, stream: nil),
      heading: "\(wish.action.label): \(Words.plural(total, "scan", "scans"))",
      groups: groups.filter { !$0.rows.isEmpty },
      moreHref: meant.more ? ListAddress.address("/bulk", wish.fields) : nil,
      backHref: wish.address.href)
  }

  // MARK: Which scans

  /// What a form asks for: the action, and the scans by number or by filter.
  private struct Wish {
    var action: OperatorAction
    var numbers: [Int64]
    /// All that the filters find, and not the numbers.
    var isAll: Bool
    var address: ListAddress

    init(_ query: Query) throws(Problem) {
      let name = query["action"] ?? ""
      guard let action = OperatorAction(rawValue: name), BulkActions.actions.contains(action)
      else {
        throw .unknownValue(name, field: "action", known: BulkActions.actions.map(\.rawValue))
      }
      self.action = action
      address = try ListAddress(query)
      isAll = query["all"] == "true"
      var numbers: [Int64] = []
      for text in query.list("scan") {
        guard let number = Int64(text), number > 0 else {
          throw .invalid("scan", "“\(text.excerpt)” is no scan's number.")
        }
        numbers.append(number)
      }
      self.numbers = numbers
      guard isAll || !numbers.isEmpty else {
        throw .invalid(
          "scan", "No scan is selected. Go back and select some, or all that match the filters.")
      }
      guard numbers.count <= BulkActions.most else {
        throw .invalid("scan", "That is more than \(BulkActions.most) scans at once.")
      }
    }

    var fields: [ListAddress.Field] {
      let which =
        isAll
        ? [ListAddress.Field(name: "all", value: "true")]
        : [.init(name: "scan", value: numbers.map(String.init).joined(separator: ","))]
      return [.init(name: "action", value: action.rawValue)] + which + address.filterFields
    }
  }

  private struct Meant {
    var scans: [Scan]
    var possible: [Scan]
    var more = false

    init(_ scans: [Scan], for action: OperatorAction) {
      self.scans = scans
      possible = scans.filter { action.sources.contains($0.status) }
    }

    /// Names what would be done: the action, and each scan in the status and attempt in which it was looked at.
    func hash(for action: OperatorAction) -> String {
      var hash = StableHash()
      hash.add(action.rawValue)
      for scan in possible {
        hash.add(scan.number)
        hash.add(scan.status.rawValue)
        hash.add(Int64(scan.attempt))
      }
      return hash.description
    }
  }

  private func scans(of wish: Wish, _ context: ServerContext) async throws -> Meant {
    guard wish.isAll else {
      let store = pages.store.seen(by: context.caller)
      var scans: [Scan] = []
      for number in wish.numbers {
        // One that was deleted meanwhile is not there.
        if let scan = try await store.scan(.number(number)) { scans.append(scan) }
      }
      return Meant(scans, for: wish.action)
    }
    var filter = wish.address.filter
    let wanted = filter.statuses.isEmpty ? ScanStatus.allCases : filter.statuses
    filter.statuses = wanted.filter(wish.action.sources.contains)
    // Without a status everything would be found.
    guard !filter.statuses.isEmpty else { return Meant([], for: wish.action) }
    let (scans, more) = try await BulkActions(store: pages.store).candidates(
      filter, of: context.caller)
    var meant = Meant(scans, for: wish.action)
    meant.more = more
    return meant
  }
}

// MARK: Views

/// What an action would do to many scans.
struct BulkView: PageView {
  var template: String { "bulk" }
  var frame: PageFrame
  var heading: String
  var notice: String?
  var consequence: String
  var notes: [String]
  var rows: [Row]
  var hasRows: Bool
  var canAct: Bool
  var fields: [ListAddress.Field]
  var button: String
  var style: String
  var backHref: String

  struct Row: Sendable {
    var number: Int64
    var href: String
    var kind: String
    var target: String
    var status: ShownStatus
    var prospect: String

    init(_ scan: Scan, _ action: OperatorAction) {
      number = scan.number
      href = "/scans/\(scan.number)"
      kind = scan.kind.visible
      target = scan.target.visible
      status = ShownStatus(scan)
      prospect =
        if !action.sources.contains(scan.status) {
          "Stays: what is \(scan.status.rawValue) cannot be \(action.participle)."
        } else if scan.status == .running {
          "Its worker is asked, and ends its process first."
        } else {
          "At once."
        }
    }
  }
}

/// What became of an action on many scans.
struct BulkDoneView: PageView {
  var template: String { "bulkdone" }
  var frame: PageFrame
  var heading: String
  var groups: [Group]
  var moreHref: String?
  var backHref: String

  struct Group: Sendable {
    var heading: String
    var count: Int
    var rows: [Row]
  }

  struct Row: Sendable {
    var number: Int64
    var why: String?
  }
}

extension OperatorAction {
  /// As a button says it.
  var label: String {
    switch self {
    case .cancel: "Cancel"
    case .pause: "Pause"
    case .resume: "Resume"
    case .retry: "Retry"
    case .fail: "Mark as failed"
    case .requeue: "Start over"
    case .revert: "Take the cleanup back"
    case .reset: "Reset"
    }
  }

  fileprivate var consequenceForMany: String {
    switch self {
    case .cancel: "They end here. What they found so far is kept, and they can be retried."
    case .pause:
      "They stop at their next checkpoints, and keep their places until they are resumed."
    case .resume: "They go back into the queue, and on from their checkpoints."
    case .retry: "They go back into the queue, and on from their checkpoints where they have one."
    case .fail: "They end here, as failed. What they found so far is kept."
    case .requeue: "They go back into the queue, and begin from the beginning."
    case .revert: "They go back into the queue as if they had not been failed."
    case .reset: "They go back to pending."
    }
  }
}
