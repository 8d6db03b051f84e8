import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// “Reset All Audits”: every failed scan that no later one has replaced goes back to pending; first which these are, then,
/// confirmed, these.
struct ResetPages: Sendable {
  let pages: Pages
  let cleanup: any CleanupService

  /// How many scans a page names.
  private static let mostRows = 100

  func add(to routes: inout Routes) {
    routes.get("/reset", preview)
    routes.post("/reset", reset)
  }

  private struct ResetView: PageView {
    var template: String { "reset" }
    var frame: PageFrame
    var notice: String?
    var summary: String
    var rows: [Row] = []
    // Templates see stored properties only.
    var hasRows = false
    var more: String?
    var hash = ""
    /// `nil` where there is nothing to do, or nobody who may.
    var button: String?
  }

  private struct Row: Sendable {
    var number: Int64
    var kind: String
    var target: String
    var error: String
  }

  @concurrent
  private func preview(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    let summary = try await cleanup.seen(by: context.caller).resetFailed(
      kind: nil, dryRun: true, by: context.actor)
    return .html(pages.templates.render(try await view(of: summary, context)))
  }

  private func view(
    of summary: ResetSummary, _ context: ServerContext, notice: String? = nil
  ) async throws -> ResetView {
    let count = Int64(summary.reset.count)
    let passed =
      summary.passedOver == 0
      ? "" : " \(summary.passedOver) more have a later scan of the same target, and stay."
    var view = ResetView(
      frame: frame(context), notice: notice,
      summary: count == 0
        ? "No failed scan is left to reset.\(passed)"
        : "\(Words.plural(count, "scan", "scans")) will go back to pending.\(passed)")
    view.rows = try await rows(summary.reset, context)
    view.hasRows = !view.rows.isEmpty
    if summary.reset.count > view.rows.count {
      view.more = "\(Words.number(count - Int64(view.rows.count))) more"
    }
    view.hash = Self.hash(of: summary)
    if count > 0, view.frame.mayAct {
      view.button = "Reset \(Words.plural(count, "scan", "scans"))"
    }
    return view
  }

  @concurrent
  private func reset(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await Pages.form(request)
    let cleanup = cleanup.seen(by: context.caller)
    let planned = try await cleanup.resetFailed(kind: nil, dryRun: true, by: context.actor)
    guard fields["plan"] == Self.hash(of: planned) else {
      let fresh = try await view(
        of: planned, context,
        notice: "Other scans have failed or moved since you looked. Nothing was changed; these "
          + "would be reset now.")
      return .html(pages.templates.render(fresh), status: .conflict)
    }
    let done = try await cleanup.resetFailed(kind: nil, dryRun: false, by: context.actor)
    var view = ResetView(
      frame: frame(context),
      summary: "\(Words.plural(Int64(done.reset.count), "scan is", "scans are")) back to pending.")
    view.rows = try await rows(done.reset, context)
    view.hasRows = !view.rows.isEmpty
    return .html(pages.templates.render(view))
  }

  private func frame(_ context: ServerContext) -> PageFrame {
    pages.frame("Reset all audits", context, stream: nil)
  }

  private func rows(_ numbers: [Int64], _ context: ServerContext) async throws -> [Row] {
    let store = pages.store.seen(by: context.caller)
    var rows: [Row] = []
    for number in numbers.prefix(Self.mostRows) {
      guard let scan = try await store.scan(.number(number)) else { continue }
      rows.append(
        Row(
          number: number, kind: scan.kind.visible, target: scan.target.visible,
          error: (scan.errorMessage ?? "").visible))
    }
    return rows
  }

  /// Names the scans that would be reset.
  private static func hash(of summary: ResetSummary) -> String {
    var hash = StableHash()
    for number in summary.reset { hash.add(number) }
    return hash.description
  }
}
