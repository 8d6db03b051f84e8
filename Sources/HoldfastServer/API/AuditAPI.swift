import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `POST /api/audit`: starts a scan of a website, as the runbook of stuck website scans does to see that the system is well again.
struct AuditAPI: Sendable {
  let submitter: Submitter

  private static let kind = "site"
  /// The parameter under which a declared kind gets the caller's name of the site.
  private static let siteParameter = "site_id"

  func add(to routes: inout Routes) {
    routes.post("/api/audit", start)
  }

  @concurrent
  private func start(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(request, known: ["siteId", "url"])
    let url = try body.requiredText("url", most: 2000)
    guard Self.isWebAddress(url) else {
      throw Problem.invalid(
        "url", "“url” must be the address of a website, such as https://example.com.")
    }
    let site = try body.text("siteId", most: 200)
    guard submitter.kinds.contains(Self.kind) else {
      throw Problem.invalid(
        "url",
        "Nothing here scans websites: declare the kind “\(Self.kind)” with its program under “kinds” "
          + "in holdfast.yaml.")
    }
    var params: [String: JSONValue] = [:]
    let takesSite = submitter.kinds.declared[Self.kind]?.parameters.contains {
      $0.name == Self.siteParameter
    }
    if let site, takesSite == true { params[Self.siteParameter] = .string(site) }
    let wish = Submitter.Wish(
      kind: Self.kind, target: url, params: .object(params),
      idempotencyKey: try request.idempotencyKey, createdBy: context.actor)
    let submission: Submission
    do {
      submission = try await submitter.submit(wish, for: context.caller)
    } catch var problem as Problem where problem.field == "target" {
      // Here the field has the runbook's name.
      problem.field = "url"
      problem.detail = problem.detail.replacing("target", with: "url", maxReplacements: 1)
      throw problem
    }
    switch submission {
    case .created(let scan): return try Self.answer(scan, site, status: .created)
    case .existing(let scan): return try Self.answer(scan, site, status: .ok)
    case .scopeHeld(let scan): throw Submitter.scopeHeld(by: scan)
    }
  }

  private static func answer(
    _ scan: Scan, _ site: String?, status: HTTPResponse.Status
  ) throws -> Response {
    let answer: JSONValue = [
      "success": true, "scanId": .string("\(scan.id)"), "scanNumber": .int(scan.number),
      "siteId": site.map(JSONValue.string) ?? .null, "url": .string(scan.target),
      "status": .string(scan.status.rawValue),
      "message": .string("Scan \(scan.number) is in the queue"),
    ]
    return try .json(
      answer, status: status, headers: [.location: "/api/v1/scans/\(scan.id)"])
  }

  /// `http` or `https`, a host, and nothing that an address cannot hold.
  private static func isWebAddress(_ text: String) -> Bool {
    guard let scheme = ["https://", "http://"].first(where: text.lowercased().hasPrefix) else {
      return false
    }
    let host = text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
    return !host.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
  }
}
