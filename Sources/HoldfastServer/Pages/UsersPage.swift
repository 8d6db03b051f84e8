import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `/users`: people who sign in with a name and a password, and what each may do in which tenant.
struct UsersPage: AccessPage {
  static let prefix = "user"
  static let roles = Role.ofPeople

  let pages: Pages

  func add(to routes: inout Routes) {
    routes.get("/users", show)
    routes.post("/users", create)
    routes.post("/users/{name}/role", setRole)
    routes.post("/users/{name}/password", setPassword)
  }

  struct View: PageView {
    var template: String { "users" }
    var frame: PageFrame
    var form: AccessForm
    var rows: [Row]
    var hasRows: Bool
    var paging: Paging
    var leastLength: Int
  }

  struct Row: Sendable {
    var name: String
    var rolePath: String
    var passwordPath: String
    var created: ShownTime
    var createdBy: String
    var roles: [Held]
  }

  /// A role in a tenant, with the form that changes it.
  struct Held: Sendable {
    var id: String
    var tenant: String
    var tenantText: String
    var choices: [ListView.Choice]
  }

  func view(
    _ context: ServerContext, _ form: AccessForm, after cursor: String?
  ) async throws -> View {
    let page = try await pages.store.seen(by: context.caller).users(
      cursor: cursor, limit: Self.mostRows)
    return View(
      frame: pages.frame("Users", context, stream: nil), form: form,
      rows: page.items.enumerated().map(Self.row), hasRows: !page.items.isEmpty,
      paging: Paging("/users", from: cursor, to: page.nextCursor), leastLength: Password.leastLength
    )
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
          choices: AccessForm.roles(of: Role.ofPeople, chosen: entry.value.rawValue)
            + [.init(value: "", label: "none: remove")])
      })
  }

  // MARK: Change

  @concurrent
  private func create(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await Pages.form(request)
    return try await answer(fields, context) {
      let name = try AccessForm.name(in: fields)
      let role = try AccessWish.roleOfUser(fields["role"] ?? "")
      let scope = try AccessForm.scope(in: fields, context)
      let draft = UserDraft(
        name: name, passwordHash: try await Self.hash(fields), role: role, scope: scope,
        createdBy: context.actor)
      let outcome = try await pages.store.seen(by: context.caller).addUser(draft)
      _ = try UsersAPI.user(outcome, name)
      return .done("\(name) can sign in now.")
    }
  }

  @concurrent
  private func setRole(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await Pages.form(request)
    let name = context.parameters.get("name") ?? ""
    return try await answer(fields, context) {
      let wish = fields["role"] ?? ""
      let role = wish.isEmpty ? nil : try AccessWish.roleOfUser(wish)
      let scope = try AccessForm.scope(in: fields, context)
      let outcome = try await pages.store.seen(by: context.caller).setRole(
        role, of: name, in: scope)
      let user = try UsersAPI.user(outcome, name)
      guard let role else {
        // What somebody is in other tenants, this one's admin does not know.
        return .done(
          user.roles.isEmpty && context.caller.scope == .all
            ? "\(name.visible) cannot sign in any more."
            : "\(name.visible) has no role in \(scope.name.visible) any more.")
      }
      return .done("\(name.visible) is \(role.rawValue) in \(scope.name.visible) now.")
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
      return .done("\(name.visible) has a new password; their sessions have ended.")
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
