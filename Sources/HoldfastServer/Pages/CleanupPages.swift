import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// “Clean Stuck Runs” and “Reset All”: each a page that shows what would be done, and a button that does it.
struct CleanupPages: Sendable {
  let pages: Pages
  let cleanup: any CleanupService

  /// How many scans a preview names.
  private static let mostLines = 50

  func add(to routes: inout Routes) {
    routes.get("/cleanup", previewCleanup)
    routes.post("/cleanup", clean)
    routes.get("/reset", previewReset)
    routes.post("/reset", reset)
  }

  private struct ConfirmView: PageView {
    var template: String { "confirm" }
    var frame: PageFrame
    var heading: String
    var text: String
    var lines: [String] = []
    // Templates see stored properties only.
    var hasLines = false
    var action = ""
    /// `nil` where there is nothing to do.
    var button: String?
    var style = "primary"
  }

  @concurrent
  private func previewCleanup(
    _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    let report = try await cleanup.seen(by: context.caller).clean(
      .init(), dryRun: true, by: context.actor)
    let summary = StuckSummary(of: report.plan)
    let entries = report.plan.entries.filter { $0.decision.action.changes }
    return html(
      ConfirmView(
        frame: pages.frame("Clean stuck runs", context, stream: nil),
        heading: "Clean stuck runs",
        text: entries.isEmpty
          ? "No stuck runs found."
          : "\(summary.total) stuck, of which \(summary.resumable.count) can be resumed and "
            + "\(summary.dead.count) are dead. Nothing is deleted.",
        lines: Self.shown(
          entries.map { "\($0.verdict.sentence) \(Self.words(for: $0.decision.action))" }),
        action: "/cleanup",
        button: entries.isEmpty ? nil : "Clean \(Self.runs(entries.count))"))
  }

  @concurrent
  private func clean(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try await Pages.form(request)
    let report = try await cleanup.seen(by: context.caller).clean(
      .init(), dryRun: false, by: context.actor)
    let done = report.outcomes.values.count { $0 == "recovered" || $0 == "ordered" }
    return html(
      ConfirmView(
        frame: pages.frame("Clean stuck runs", context, stream: nil),
        heading: "Clean stuck runs",
        text: "Cleaned \(done)/\(report.plan.entries.count) stuck runs."))
  }

  @concurrent
  private func previewReset(
    _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    let summary = try await cleanup.seen(by: context.caller).resetFailed(
      dryRun: true, by: context.actor)
    let passed =
      summary.passedOver == 0
      ? "" : " \(summary.passedOver) more have a later scan of the same target, and stay."
    return html(
      ConfirmView(
        frame: pages.frame("Reset all", context, stream: nil), heading: "Reset all",
        text: summary.reset.isEmpty
          ? "No failed scan is left to reset.\(passed)"
          : "\(Self.scans(summary.reset.count)) will go back to pending.\(passed)",
        lines: Self.shown(summary.reset.map { "Scan \($0)" }), action: "/reset",
        button: summary.reset.isEmpty ? nil : "Reset \(Self.scans(summary.reset.count))"))
  }

  @concurrent
  private func reset(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try await Pages.form(request)
    let summary = try await cleanup.seen(by: context.caller).resetFailed(
      dryRun: false, by: context.actor)
    return html(
      ConfirmView(
        frame: pages.frame("Reset all", context, stream: nil), heading: "Reset all",
        text: "\(Self.scans(summary.reset.count)) are back to pending."))
  }

  private func html(_ view: ConfirmView) -> Response {
    var view = view
    view.hasLines = !view.lines.isEmpty
    if !view.frame.mayAct { view.button = nil }
    return .html(pages.templates.render(view))
  }

  private static func shown(_ lines: [String]) -> [String] {
    let shown = lines.prefix(mostLines).map(\.visible)
    return lines.count > mostLines ? shown + ["… and \(lines.count - mostLines) more"] : shown
  }

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

  private static func runs(_ count: Int) -> String { "\(count) run\(count == 1 ? "" : "s")" }
  private static func scans(_ count: Int) -> String { "\(count) scan\(count == 1 ? "" : "s")" }
}
