import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `/api/v1/users`: people who sign in with a name and a password.
struct UsersAPI: Sendable {
  let store: any ScanStore & AccessStore

  func add(to routes: inout Routes) {
    routes.get("/api/v1/users", list)
    routes.post("/api/v1/users", create)
    routes.post("/api/v1/users/{name}/role", setRole)
    routes.post("/api/v1/users/{name}/password", setPassword)
  }

  @concurrent
  private func list(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["cursor", "limit"])
    return try .json(
      try await store.seen(by: context.caller).users(cursor: query.cursor, limit: query.limit()))
  }

  @concurrent
  private func create(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(request, known: ["name", "password", "role", "tenant"])
    let name = try body.requiredText("name")
    guard TokenDraft.isName(name) else { throw AccessWish.badName }
    let role = try AccessWish.roleOfUser(try body.requiredText("role"))
    let scope = try AccessWish.scope(try body.text("tenant"), of: context)
    let hash = try await Self.hash(body)
    var draft = UserDraft(
      name: name, passwordHash: hash, role: role, scope: scope, createdBy: context.actor)
    draft.idempotency = try request.idempotency(of: body, without: ["password"])
    let outcome = try await store.seen(by: context.caller).addUser(draft)
    if case .existing(let user) = outcome { return try .json(user) }
    return try .json(
      try Self.user(outcome, name), status: .created, headers: [.location: "/api/v1/users"])
  }

  /// `null` takes the role away; who has none left is removed.
  @concurrent
  private func setRole(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(request, known: ["role", "tenant"])
    guard body.members["role"] != nil else {
      throw Problem.invalid("role", "“role” is missing; it must be a role, or null for none.")
    }
    let role = try body.text("role").map(AccessWish.roleOfUser)
    let scope = try AccessWish.scope(try body.text("tenant"), of: context)
    let name = context.parameters.get("name") ?? ""
    let outcome = try await store.seen(by: context.caller).setRole(role, of: name, in: scope)
    return try .json(try Self.user(outcome, name))
  }

  @concurrent
  private func setPassword(
    _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    let body = try await JSONBody(request, known: ["password"])
    let hash = try await Self.hash(body)
    let name = context.parameters.get("name") ?? ""
    let outcome = try await store.seen(by: context.caller).setPassword(hash: hash, of: name)
    return try .json(try Self.user(outcome, name))
  }

  private static func hash(_ body: JSONBody) async throws -> String {
    let password = try body.requiredText("password")
    if let problem = Password.problem(with: password) {
      throw Problem.invalid("password", "“password” \(problem).")
    }
    return try await Password.hash(password)
  }

  /// - Throws: ``Problem`` of what stood in the way.
  static func user(_ outcome: UserOutcome, _ name: String) throws(Problem) -> UserRecord {
    switch outcome {
    case .done(let user), .existing(let user): return user
    case .keyUsed: throw .idempotencyKeyUsed
    case .nameTaken:
      throw Problem(.nameTaken, "There is a user “\(name.visible)”.", field: "name")
    case .noSuchTenant: throw .invalid("tenant", "There is no such tenant.")
    case .notFound:
      throw Problem(
        .userNotFound, "There is no user “\(name.excerpt)” to be changed.")
    }
  }
}
