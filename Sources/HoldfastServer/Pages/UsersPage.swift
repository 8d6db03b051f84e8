import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `/users`: people who sign in with a name and a password, and what each may do in which tenant.
struct UsersPage: Sendable {
  let pages: Pages

  private static let mostRows = 200

  func add(to routes: inout Routes) {
    routes.get("/users", show)
    routes.post("/users", create)
    routes.post("/users/{name}/role", setRole)
    routes.post("/users/{name}/password", setPassword)
  }

  private struct UsersView: PageView {
    var template: String { "users" }
    var frame: PageFrame
    var error: String?
    var notice: String?
    var rows: [Row]
    var hasRows: Bool
    var isCut: Bool
    var name: String
    var roles: [ListView.Choice]
    var tenants: [ListView.Choice]
    var hasTenants: Bool
    var leastLength: Int
  }

  private struct Row: Sendable {
    var name: String
    var rolePath: String
    var passwordPath: String
    var created: ShownTime
    var createdBy: String
    var roles: [Held]
  }

  /// A role in a tenant, with the form that changes it.
  private struct Held: Sendable {
    var id: String
    var tenant: String
    var tenantText: String
    var choices: [ListView.Choice]
  }

  // MARK: Show

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    return .html(pages.templates.render(try await view(context)))
  }

  private func view(
    _ context: ServerContext, error: String? = nil, notice: String? = nil, fields: Query? = nil
  ) async throws -> UsersView {
    let store = pages.store.seen(by: context.caller)
    let users = try await store.users()
    let tenants = try await AccessChoices.tenants(store, context, chosen: fields?["tenant"])
    return UsersView(
      frame: pages.frame("Users", context, stream: nil), error: error, notice: notice,
      rows: users.prefix(Self.mostRows).enumerated().map(Self.row), hasRows: !users.isEmpty,
      isCut: users.count > Self.mostRows, name: fields?["name"] ?? "",
      roles: AccessChoices.roles(chosen: fields?["role"]), tenants: tenants,
      hasTenants: tenants.count > 1, leastLength: Password.leastLength)
  }

  private static func row(_ index: Int, _ user: UserRecord) -> Row {
    let path = "/users/\(LocalPath.encoded(user.name))"
    return Row(
      name: user.name.visible, rolePath: "\(path)/role", passwordPath: "\(path)/password",
      created: ShownTime(user.createdAt), createdBy: user.createdBy.visible,
      roles: user.roles.sorted { $0.key < $1.key }.enumerated().map { place, entry in
        Held(
          id: "\(index)-\(place)", tenant: entry.key,
          tenantText: entry.key == TenantScope.allName ? "all tenants" : entry.key.visible,
          choices: AccessChoices.roles(chosen: entry.value.rawValue)
            + [.init(value: "", label: "none: remove")])
      })
  }

  // MARK: Change

  @concurrent
  private func create(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await Pages.form(request)
    return try await answer(fields, context) {
      let name = fields["name"]?.trimmed ?? ""
      guard TokenDraft.isName(name) else {
        throw Problem.invalid(
          "name", "“name” must be 1 to 64 letters, digits, dots, hyphens and underscores.")
      }
      let role = try AccessWish.role(fields["role"] ?? "")
      let scope = try AccessWish.scope(AccessChoices.tenant(fields), of: context)
      let draft = UserDraft(
        name: name, passwordHash: try await Self.hash(fields), role: role, scope: scope,
        createdBy: context.actor)
      let outcome = try await pages.store.seen(by: context.caller).addUser(draft)
      _ = try UsersAPI.user(outcome, name)
      return "\(name) can sign in now."
    }
  }

  @concurrent
  private func setRole(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await Pages.form(request)
    let name = context.parameters.get("name") ?? ""
    return try await answer(fields, context) {
      let wish = fields["role"] ?? ""
      let role = wish.isEmpty ? nil : try AccessWish.role(wish)
      let scope = try AccessWish.scope(AccessChoices.tenant(fields), of: context)
      let outcome = try await pages.store.seen(by: context.caller).setRole(
        role, of: name, in: scope)
      let user = try UsersAPI.user(outcome, name)
      if user.roles.isEmpty { return "\(name.visible) cannot sign in any more." }
      return "\(name.visible) is \(role?.rawValue ?? "nothing") in \(scope.name.visible) now."
    }
  }

  @concurrent
  private func setPassword(
    _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    let fields = try await Pages.form(request)
    let name = context.parameters.get("name") ?? ""
    return try await answer(fields, context) {
      let outcome = try await pages.store.seen(by: context.caller).setPassword(
        hash: try await Self.hash(fields), of: name)
      _ = try UsersAPI.user(outcome, name)
      return "\(name.visible) has a new password; their sessions have ended."
    }
  }

  /// The page with what became of a change, or with why it was refused.
  private func answer(
    _ fields: Query, _ context: ServerContext, _ change: () async throws -> String
  ) async throws -> Response {
    do {
      let notice = try await change()
      return .html(pages.templates.render(try await view(context, notice: notice)))
    } catch let problem as Problem {
      let view = try await view(context, error: problem.detail, fields: fields)
      return .html(pages.templates.render(view), status: problem.kind.status)
    }
  }

  private static func hash(_ fields: Query) async throws -> String {
    let password = fields["password"] ?? ""
    if let problem = Password.problem(with: password) {
      throw Problem.invalid("password", "“password” \(problem).")
    }
    return try await Password.hash(password)
  }
}
