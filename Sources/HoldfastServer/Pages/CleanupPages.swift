import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// “Clean Stuck Runs”: what is stuck, the resumable beside the dead, and what would be done about each; then, confirmed by the
/// plan's hash, that plan and no other.
struct CleanupPages: Sendable {
  let pages: Pages
  let cleanup: any CleanupService

  func add(to routes: inout Routes) {
    routes.get("/cleanup", preview)
    routes.post("/cleanup", clean)
  }

  @concurrent
  private func preview(_ request: Request, _ context: ServerContext) async throws -> Response {
    let wish = try CleanupWish(try Query(request))
    let plan = try await cleanup.seen(by: context.caller).plan(wish.filter, .init())
    return html(CleanupView(frame(context), plan, wish, notice: nil))
  }

  @concurrent
  private func clean(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await Pages.form(request)
    let wish = try CleanupWish(fields)
    let hash = try fields.requiredText("plan", most: 64)
    switch try await cleanup.seen(by: context.caller).apply(
      hash, wish.filter, .init(), by: context.actor)
    {
    case .applied(let report):
      return html(CleanupDoneView(frame(context), report))
    case .moved(let fresh):
      let notice =
        "Scans have moved since you looked. Nothing was changed; this is what would be done now."
      return html(CleanupView(frame(context), fresh, wish, notice: notice), status: .conflict)
    }
  }

  private func frame(_ context: ServerContext) -> PageFrame {
    pages.frame("Clean stuck runs", context, stream: nil)
  }

  private func html(_ view: some PageView, status: HTTPResponse.Status = .ok) -> Response {
    .html(pages.templates.render(view), status: status)
  }

  /// What a recovery makes of a scan.
  static func words(for action: RecoveryDecision.Action) -> String {
    switch action {
    case .resume: "It goes on from where it was."
    case .requeue: "It starts over."
    case .fail: "It is marked as failed."
    case .cancel: "It is cancelled."
    case .pause: "It is paused."
    case .alert: "It is only reported."
    }
  }
}

/// Which of the stuck scans are meant.
struct CleanupWish: Sendable {
  var kind: String?
  var target: String?
  /// Only scans that were submitted so long ago, at least.
  var ageHours: Double?

  init(_ query: Query) throws(Problem) {
    func given(_ name: String, most: Int) throws(Problem) -> String? {
      try query.text(name, most: most).map(\.trimmed).flatMap { $0.isEmpty ? nil : $0 }
    }
    kind = try given("kind", most: 64)
    target = try given("target", most: 4096)
    ageHours =
      try given("age_hours", most: 32) == nil
      ? nil : try query.number("age_hours", in: 0...87_600)
  }

  var filter: RecoveryPlan.Filter {
    .init(kind: kind, target: target, minAgeSeconds: ageHours.map { $0 * 3600 })
  }

  var fields: [ListAddress.Field] {
    [
      ("kind", kind), ("target", target),
      ("age_hours", ageHours.map { "\(PolicyValue.number($0))" }),
    ]
    .compactMap { name, value in value.map { .init(name: name, value: $0) } }
  }
}

// MARK: Views

/// The plan of a cleanup.
struct CleanupView: PageView {
  var template: String { "cleanup" }
  var frame: PageFrame
  var notice: String?
  var summary: String
  var held: String?
  var groups: [Group]
  var hasGroups: Bool
  var kind: String
  var target: String
  var ageHours: String
  /// What confirms the plan.
  var fields: [ListAddress.Field]
  /// `nil` where there is nothing to do, or nobody who may.
  var button: String?
  var hash: String

  struct Group: Sendable {
    var heading: String
    var count: Int
    var hint: String
    var rows: [Row]
    var more: String?
  }

  struct Row: Sendable {
    var number: Int64
    var kind: String
    var target: String
    var sentence: String
    var plan: String
    var age: String
  }

  /// How many scans each part of a preview names.
  private static let mostRows = 100

  init(_ frame: PageFrame, _ plan: RecoveryPlan, _ wish: CleanupWish, notice: String?) {
    self.frame = frame
    self.notice = notice
    let summary = StuckSummary(of: plan)
    let changes = plan.entries.count { $0.decision.action.changes }
    self.summary =
      plan.entries.isEmpty && plan.held.isEmpty
      ? "No stuck runs found."
      : "\(summary.total) stuck, of which \(summary.resumable.count) can be resumed and "
        + "\(summary.dead.count) \(summary.dead.count == 1 ? "is" : "are") dead. Nothing is deleted."
    held =
      plan.held.isEmpty
      ? nil
      : "\(Words.plural(Int64(plan.held.count), "scan is", "scans are")) held back: "
        + plan.heldBecause.visible
    groups = Self.groups(plan)
    hasGroups = !groups.isEmpty
    kind = wish.kind ?? ""
    target = wish.target ?? ""
    ageHours = wish.ageHours.map { "\(PolicyValue.number($0))" } ?? ""
    hash = plan.hash
    fields = wish.fields + [.init(name: "plan", value: plan.hash)]
    button =
      changes == 0 || !frame.mayAct ? nil : "Clean \(Words.plural(Int64(changes), "run", "runs"))"
  }

  private static func groups(_ plan: RecoveryPlan) -> [Group] {
    let all = plan.entries + plan.held
    let running = all.filter { $0.guardian.status == .running }
    let parts: [(String, String, [RecoveryPlan.Entry])] = [
      (
        "Resumable", "They have a checkpoint or have made progress: none of it is lost.",
        running.filter(\.isResumable)
      ),
      ("Dead", "No checkpoint and no progress.", running.filter { !$0.isResumable }),
      (
        "Stuck in the queue", "They wait for longer than their policies allow.",
        all.filter { $0.guardian.status != .running }
      ),
    ]
    return parts.filter { !$0.2.isEmpty }.map { heading, hint, entries in
      Group(
        heading: heading, count: entries.count, hint: hint,
        rows: entries.prefix(mostRows).map(row),
        more: entries.count > mostRows ? "\(entries.count - mostRows) more" : nil)
    }
  }

  private static func row(_ entry: RecoveryPlan.Entry) -> Row {
    Row(
      number: entry.number, kind: entry.kind.visible, target: entry.target.visible,
      sentence: Words.sentence(
        entry.verdict.sentence, number: entry.number, kind: entry.kind, target: entry.target),
      plan: CleanupPages.words(for: entry.decision.action), age: Words.duration(entry.ageSeconds))
  }
}

/// What became of a cleanup's plan.
struct CleanupDoneView: PageView {
  var template: String { "cleanupdone" }
  var frame: PageFrame
  var summary: String
  var rows: [Row]
  var hasRows: Bool

  struct Row: Sendable {
    var number: Int64
    var kind: String
    var target: String
    var action: String
    var outcome: String
    var tone: String
  }

  init(_ frame: PageFrame, _ report: CleanupReport) {
    self.frame = frame
    let entries = report.plan.entries
    func outcome(_ entry: RecoveryPlan.Entry) -> String {
      report.outcomes[entry.scanID] ?? "refused"
    }
    func count(_ what: String, _ part: [RecoveryPlan.Entry]) -> String? {
      guard !part.isEmpty else { return nil }
      let done = part.count { ["recovered", "ordered"].contains(outcome($0)) }
      return "\(done)/\(part.count) \(what)"
    }
    let running = entries.filter { $0.guardian.status == .running }
    let parts = [
      count("dead runs", running.filter { !$0.isResumable }),
      count("resumable runs", running.filter(\.isResumable)),
      count("in the queue", entries.filter { $0.guardian.status != .running }),
    ].compactMap { $0 }
    summary = parts.isEmpty ? "No stuck runs found." : "Cleaned \(parts.joined(separator: ", "))."
    rows = entries.map { entry in
      let (words, tone) = Self.words(forOutcome: outcome(entry))
      return Row(
        number: entry.number, kind: entry.kind.visible, target: entry.target.visible,
        action: CleanupPages.words(for: entry.decision.action), outcome: words, tone: tone)
    }
    hasRows = !rows.isEmpty
  }

  private static func words(forOutcome name: String) -> (String, tone: String) {
    switch name {
    case "recovered": ("Done", "good")
    case "ordered": ("Ordered: its worker ends its process first", "good")
    case "reported": ("Only reported, as its policy says", "calm")
    case "moved": ("Not done: it has moved since it was looked at", "warn")
    default: ("Not done: the database refused", "bad")
    }
  }
}
