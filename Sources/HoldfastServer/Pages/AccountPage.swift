import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `/account`: as whom somebody has signed in, and another password of their own.
struct AccountPage: Sendable {
  let pages: Pages
  let password: OwnPassword

  func add(to routes: inout Routes) {
    routes.get("/account", show)
    routes.post("/account", change)
    routes.post("/api/v1/me/password", changeByProgram)
  }

  private struct AccountView: PageView {
    var template: String { "account" }
    var frame: PageFrame
    var actor: String
    var role: String
    var tenant: String
    var hasPassword: Bool
    var leastLength: Int
    var error: String?
  }

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    return .html(pages.templates.render(try view(context)))
  }

  private func view(_ context: ServerContext, error: String? = nil) throws -> AccountView {
    guard let identity = context.identity else { throw Problem.notSignedIn() }
    let hasPassword = if case .user = identity.subject { true } else { false }
    return AccountView(
      frame: pages.frame("Account", context, stream: nil), actor: identity.actor.visible,
      role: identity.role.rawValue,
      tenant: identity.scope == .all ? "all tenants" : identity.scope.name.visible,
      hasPassword: hasPassword, leastLength: Password.leastLength, error: error)
  }

  @concurrent
  private func change(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await Pages.form(request)
    do {
      try await password.change(
        from: fields["current_password"] ?? "", to: fields["password"] ?? "", context)
    } catch let problem as Problem {
      let view = try view(context, error: problem.detail)
      return .html(
        pages.templates.render(view), status: problem.kind.status, headers: problem.headers)
    }
    // The session has ended with the password.
    return .redirect(to: "/sign-in")
  }

  @concurrent
  private func changeByProgram(
    _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    let body = try await JSONBody(request, known: ["current_password", "password"])
    try await password.change(
      from: try body.requiredText("current_password", most: Password.mostBytes),
      to: try body.requiredText("password"), context)
    return Response(status: .noContent)
  }
}
