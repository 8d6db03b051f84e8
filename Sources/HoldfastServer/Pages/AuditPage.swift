import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `GET /audit-log`: who did what to what, from where, and what it was before and after.
struct AuditPage: Sendable {
  let pages: Pages

  private static let rowsPerPage = 50

  func add(to routes: inout Routes) {
    routes.get("/audit-log", show)
  }

  private struct AuditView: PageView {
    var template: String { "audit" }
    var frame: PageFrame
    var actor: String
    var action: String
    var object: String
    var isNarrowed: Bool
    var rows: [Row]
    var hasRows: Bool
    var hasPaging: Bool
    var firstHref: String?
    var olderHref: String?
  }

  private struct Row: Sendable {
    var at: ShownTime
    var actor: String
    var action: String
    var object: String
    /// The page of a scan.
    var href: String?
    /// `nil` for the one that there is without others.
    var tenant: String?
    var address: String
    var requestID: String?
    var before: String?
    var after: String?
    var hasChange: Bool

    init(_ record: AuditRecord) {
      at = ShownTime(record.at)
      actor = record.actor.visible
      action = record.action.visible
      object = record.object.visible
      href = Self.href(of: record.object)
      tenant = record.tenant == TenantScope.defaultTenant ? nil : record.tenant.visible
      address = (record.address ?? "–").visible
      requestID = record.requestID?.visible
      before = Self.text(of: record.before)
      after = Self.text(of: record.after)
      hasChange = before != nil || after != nil
    }

    private static func href(of object: String) -> String? {
      guard object.hasPrefix("scan "), let number = Int64(object.dropFirst(5)) else { return nil }
      return "/scans/\(number)"
    }

    private static func text(of value: JSONValue) -> String? {
      if case .null = value { return nil }
      let text = value.serialized
      return text.utf8.count > 4000 ? String(text.prefix(4000)) + "…" : text
    }
  }

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["action", "actor", "cursor", "object"])
    func given(_ name: String) throws(Problem) -> String? {
      try query.text(name, most: 200).map(\.trimmed).flatMap { $0.isEmpty ? nil : $0 }
    }
    let filter = AuditFilter(
      actor: try given("actor"), action: try given("action"), object: try given("object"))
    let cursor = try query.cursor
    let page = try await pages.store.seen(by: context.caller).auditLog(
      filter, cursor: cursor, limit: Self.rowsPerPage)
    let fields = [
      ("actor", filter.actor), ("action", filter.action), ("object", filter.object),
    ].compactMap { name, value in value.map { ListAddress.Field(name: name, value: $0) } }
    let older = page.nextCursor.map {
      ListAddress.address("/audit-log", fields + [.init(name: "cursor", value: $0)])
    }
    return .html(
      pages.templates.render(
        AuditView(
          frame: pages.frame("Audit log", context, stream: nil), actor: filter.actor ?? "",
          action: filter.action ?? "", object: filter.object ?? "",
          isNarrowed: !fields.isEmpty, rows: page.items.map(Row.init),
          hasRows: !page.items.isEmpty, hasPaging: older != nil || cursor != nil,
          firstHref: cursor == nil ? nil : ListAddress.address("/audit-log", fields),
          olderHref: older)))
  }
}
