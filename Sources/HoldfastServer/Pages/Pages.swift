import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// The pages for people: rendered here, complete without scripts, kept current by those of
/// `Assets`.
struct Pages: Sendable {
  let store: any ScanStore & AccessStore & ScheduleStore & RunningStore
  let hub: EventHub
  let submitter: Submitter
  /// Without one, no stuck scan is resumed.
  let cleanup: (any CleanupService)?
  let version: String
  let assets: Assets
  let templates: Templates
  /// Whether there is a page that the frame may lead to.
  var hasOverview = false

  func add(to routes: inout Routes) {
    routes.get("/", list)
    routes.get("/scans/{id}", scan)
    routes.post("/scans", submit)
    for action in OperatorAction.allCases {
      routes.post("/scans/{id}/\(action.rawValue)") { request, context in
        try await act(action, request, context)
      }
    }
    routes.get("/problems/{name}", explain)
  }

  @concurrent
  private func list(_ request: Request, _ context: ServerContext) async throws -> Response {
    let page = ListPage(
      store: store.seen(by: context.caller), hub: hub, kinds: submitter.kinds)
    let view = try await page.view(request, context) { frame($0, context, stream: $1) }
    return .html(templates.render(view))
  }

  @concurrent
  private func scan(_ request: Request, _ context: ServerContext) async throws -> Response {
    let page = ScanPage(
      store: store.seen(by: context.caller), hub: hub, cleanup: cleanup,
      mayAct: context.may(.operator))
    let view = try await page.view(request, context) { frame($0, context, stream: $1) }
    return .html(templates.render(view))
  }

  /// The form of the list, where scripts are off.
  @concurrent
  private func submit(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await Self.form(request)
    let wish = Submitter.Wish(
      kind: fields["kind"] ?? "library", target: (fields["target"] ?? "").trimmed,
      params: .object(Self.params(fields)), createdBy: context.actor)
    switch try await submitter.submit(wish, for: context.caller) {
    case .created(let scan), .existing(let scan):
      return .redirect(to: "/scans/\(scan.number)")
    case .scopeHeld(let holder): throw Submitter.scopeHeld(by: holder)
    }
  }

  private func act(
    _ action: OperatorAction, _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    _ = try await Self.form(request)
    switch try await ScanActions(store: store, cleanup: cleanup).act(
      action, reason: nil, context)
    {
    case .done(let scan), .requested(let scan): return .redirect(to: "/scans/\(scan.number)")
    }
  }

  /// What a problem's `type` leads to.
  @concurrent
  private func explain(_ request: Request, _ context: ServerContext) async throws -> Response {
    guard let name = context.parameters.get("name"), let kind = ProblemKind(rawValue: name) else {
      throw Problem(.notFound, "There is no such kind of problem.")
    }
    let view = ProblemView(
      frame: frame(kind.title, context, stream: nil), status: "Status \(kind.status.code)",
      heading: kind.title, detail: kind.explanation)
    return .html(templates.render(view))
  }

  static func form(_ request: Request) async throws -> Query {
    guard request.mediaType == "application/x-www-form-urlencoded" else {
      throw Problem(.unsupportedMediaType, "This address takes a form; programs use /api/v1.")
    }
    return Query(encoded: String(buffer: try await request.limitedBody()))
  }

  /// The fields of the form as parameters. Those left empty are left out.
  private static func params(_ fields: Query) -> [String: JSONValue] {
    var params: [String: JSONValue] = [:]
    for name in ["allowed_extensions", "exclude"] {
      let list = fields.list(name).filter { !$0.isEmpty }
      if !list.isEmpty { params[name] = .array(list.map(JSONValue.string)) }
    }
    if let text = fields["max_size_bytes"]?.trimmed, !text.isEmpty {
      params["max_size_bytes"] = Int64(text).map(JSONValue.int) ?? .string(text)
    }
    for name in ["follow_links", "hash", "allow_removal"] where fields[name] == "true" {
      params[name] = true
    }
    return params
  }
}

// MARK: Rendering

extension Pages {
  private struct SignInView: PageView {
    var template: String { "signin" }
    var frame: PageFrame
    var next: String
    var error: String?
    /// Where signing in with GitHub begins, if it can.
    var github: String?
  }

  private struct SignedInView: PageView {
    var template: String { "signedin" }
    var assets: Assets.Names
    var next: String
  }

  private struct ProblemView: PageView {
    var template: String { "problem" }
    var frame: PageFrame
    var status: String
    var heading: String
    var detail: String
    var explanation: String?
    var requestID: String?
  }

  func signIn(next: String, error: String?, hasGitHub: Bool) -> String {
    let frame = PageFrame(title: "Sign in", assets: assets.names, version: version)
    return templates.render(
      SignInView(
        frame: frame, next: next, error: error,
        github: hasGitHub ? "/sign-in/github?next=\(LocalPath.encoded(next))" : nil))
  }

  func signedIn(next: String) -> String {
    templates.render(SignedInView(assets: assets.names, next: next))
  }

  func problem(_ problem: Problem, _ context: ServerContext) -> String {
    templates.render(
      ProblemView(
        frame: frame(problem.kind.title, context, stream: nil),
        status: "Status \(problem.kind.status.code)", heading: problem.kind.title,
        detail: problem.detail, explanation: nil, requestID: context.requestID))
  }

  func frame(_ title: String, _ context: ServerContext, stream: String?) -> PageFrame {
    PageFrame(
      title: title, assets: assets.names, version: version, csrfToken: context.csrfToken,
      mayAct: context.may(.operator),
      stream: context.csrfToken == nil ? nil : stream,
      navigation: navigation(title, context))
  }

  /// The pages that the reader may see.
  private func navigation(_ title: String, _ context: ServerContext) -> [PageFrame.Link] {
    guard context.csrfToken != nil else { return [] }
    let main = [
      ("Scans", "/"), ("Workers", "/workers"), ("Schedules", "/schedules"),
      ("Policies", "/policies"),
    ]
    let access = [("Tokens", "/tokens"), ("Users", "/users"), ("Audit log", "/audit-log")]
    let links =
      (hasOverview ? [("Overview", "/overview")] : []) + main
      + (context.may(.admin) ? access : []) + [("Account", "/account")]
    return links.map { label, href in
      PageFrame.Link(label: label, href: href, isCurrent: label == title)
    }
  }
}

extension ServerContext {
  /// `nil` for a program, and for somebody who has not signed in.
  fileprivate var csrfToken: String? {
    if case .session(let session) = identity?.credential { session.csrfToken } else { nil }
  }
}
