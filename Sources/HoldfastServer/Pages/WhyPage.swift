import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `GET /scans/{id}/why`: why a scan does what it does, asked now.
struct WhyPage: Sendable {
  let pages: Pages
  let cleanup: any CleanupService

  /// How long the scan's worker is waited for.
  private static let waitSeconds = 5.0

  func add(to routes: inout Routes) {
    // Asking a scan's worker changes its row.
    routes.getOnly("/scans/{id}/why", show)
  }

  private struct WhyView: PageView {
    var template: String { "why" }
    var frame: PageFrame
    var number: Int64
    var target: String
    var kind: String
    var status: ShownStatus
    var sentence: String
    var note: String?
    var held: HeldView?
    var diagnosis: DiagnosisView?
    var source: String
    var json: String
    var jsonHref: String
  }

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    let scan = try await pages.store.scan(in: context)
    let answer = try await cleanup.why(scan, waitSeconds: Self.waitSeconds)
    let text = try JSONText.string(answer, pretty: true)
    let told = JSONValue(parsing: text) ?? .null
    let at = told["diagnosed_at"]?.stringValue.flatMap { Timestamp($0) }
    return .html(
      pages.templates.render(
        WhyView(
          frame: pages.frame("Why scan #\(scan.number) does what it does", context, stream: nil),
          number: scan.number, target: scan.target.visible, kind: scan.kind.visible,
          status: ShownStatus(scan),
          sentence: Words.sentence(told["sentence"]?.stringValue ?? "", of: scan),
          note: told["note"]?.stringValue?.visible, held: HeldView(told["verdict"], of: scan),
          diagnosis: DiagnosisView(told["diagnosis"], at: at),
          source: Self.words(forSource: told["source"]?.stringValue ?? ""), json: text,
          jsonHref: "/api/v1/scans/\(scan.id)/why")))
  }

  private static func words(forSource name: String) -> String {
    switch name {
    case "here": "The server looked at the process just now."
    case "worker": "Its worker looked at the process just now."
    case "stored": "This was found out earlier."
    default: "Nothing has ever been found out about its process."
    }
  }
}
