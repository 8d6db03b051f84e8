import HTTPTypes
import HoldfastCore
import Hummingbird

/// `GET /policies`: what holds for a kind of scan, where each value is from, and how long each fault can last at most.
struct PoliciesPage: Sendable {
  let pages: Pages
  let book: PolicyBook
  let pace: WorstCase.Pace

  func add(to routes: inout Routes) {
    routes.get("/policies", show)
  }

  private struct PoliciesView: PageView {
    var template: String { "policies" }
    var frame: PageFrame
    var tabs: [Tab]
    var kind: String
    var target: String
    var heading: String
    var rows: [Row]
    var worstCases: [Case]
  }

  private struct Row: Sendable {
    var field: String
    var value: String
    var from: String
    var place: String?
    var isOwn: Bool
  }

  private struct Case: Sendable {
    var fault: String
    var atMost: String
    var formula: String
  }

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["kind", "target"])
    let kinds = book.names(with: pages.submitter.kinds)
    let kind = query["kind"] ?? "library"
    guard kinds.contains(kind) else {
      throw Problem.unknownValue(kind, field: "kind", known: kinds)
    }
    let target = try query.text("target", most: 1000)?.trimmed ?? ""
    let document = PolicyDocument(
      kind: kind, target: target.isEmpty ? nil : target,
      effective: book.effective(kind: kind, target: target.isEmpty ? nil : target), pace: pace)
    let tabs = kinds.map { name in
      Tab(
        label: name.visible, href: "/policies?kind=\(LocalPath.encoded(name))",
        isCurrent: name == kind, count: nil)
    }
    return .html(
      pages.templates.render(
        PoliciesView(
          frame: pages.frame("Policies", context, stream: nil), tabs: tabs, kind: kind.visible,
          target: target,
          heading: target.isEmpty
            ? "What holds for \(kind.visible) scans"
            : "What holds for the \(kind.visible) scan of \(target.visible)",
          rows: document.policy.map(Self.row), worstCases: document.worstCase.map(Self.worst))))
  }

  private static func row(_ row: EffectivePolicy.Row) -> Row {
    Row(
      field: row.field.rawValue, value: text(of: row.value), from: row.from.visible,
      place: row.place?.visible, isOwn: !row.from.hasPrefix("built-in"))
  }

  private static func text(of value: JSONValue) -> String {
    switch value {
    case .string(let text): text.visible
    case .double(let number): "\(PolicyValue.number(number))"
    default: value.serialized
    }
  }

  private static func worst(_ fault: WorstCase) -> Case {
    Case(
      fault: HeldView.words(fault.fault.rawValue), atMost: Words.duration(fault.seconds),
      formula: fault.formula)
  }
}
