import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `/api/v1/tokens`, `/api/v1/tenants`, `/api/v1/audit-log` and `/api/v1/me`: who may use this server, and what they did.
struct AccessAPI: Sendable {
  let store: any ScanStore & AccessStore
  let authenticator: Authenticator

  func add(to routes: inout Routes) {
    routes.get("/api/v1/me", me)
    routes.get("/api/v1/tokens", tokens)
    routes.post("/api/v1/tokens", createToken)
    routes.post("/api/v1/tokens/{id}/revoke", revokeToken)
    routes.post("/api/v1/tokens/{id}/rotate", rotateToken)
    routes.get("/api/v1/tenants", tenants)
    routes.post("/api/v1/tenants", addTenant)
    routes.get("/api/v1/audit-log", auditLog)
  }

  private struct Me: Encodable {
    var actor: String
    var role: Role
    var tenant: String
  }

  /// A token's record with the token itself: shown this once.
  private struct NewToken: Encodable {
    var record: TokenRecord
    var token: String

    enum CodingKeys: String, CodingKey { case token }

    func encode(to encoder: any Encoder) throws {
      try record.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(token, forKey: .token)
    }
  }

  @concurrent
  private func me(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    guard let identity = context.identity else { throw Problem.notSignedIn() }
    return try .json(
      Me(actor: identity.actor, role: identity.role, tenant: identity.scope.name))
  }

  // MARK: Tokens

  @concurrent
  private func tokens(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["cursor", "limit"])
    return try .json(
      try await store.seen(by: context.caller).tokens(
        cursor: query.cursor, limit: query.limit()))
  }

  @concurrent
  private func createToken(
    _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    let body = try await JSONBody(
      request, known: ["expires_in_seconds", "name", "role", "tenant"])
    let scope = try AccessWish.scope(try body.text("tenant"), of: context)
    let token = AdminToken.make()
    var draft = TokenDraft(
      name: try Self.name(try body.requiredText("name")), hash: Secrets.hash(token),
      role: try AccessWish.role(try body.requiredText("role")), scope: scope,
      expiresInSeconds: try body.wholeNumber(
        "expires_in_seconds", in: 1...TokenDraft.longestLifeSeconds
      ).map(Double.init), createdBy: context.actor)
    draft.idempotency = try request.idempotency(of: body)
    switch try await store.seen(by: context.caller).createToken(draft) {
    case .created(let record):
      return try .json(
        NewToken(record: record, token: token), status: .created,
        headers: [.location: "/api/v1/tokens"])
    // The first answer had the token, and nobody has kept it.
    case .existing(let record): return try .json(record)
    case .keyUsed: throw Problem.idempotencyKeyUsed
    case .nameTaken:
      throw Problem(
        .nameTaken, "Another token that is not revoked is called “\(draft.name)”.", field: "name")
    case .noSuchTenant: throw AccessWish.noTenant(scope.name)
    }
  }

  @concurrent
  private func revokeToken(
    _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    _ = try await JSONBody(request, known: [])
    let reference = context.parameters.get("id") ?? ""
    let revoked = try await store.seen(by: context.caller).revokeToken(
      reference, by: context.actor)
    guard let revoked else { throw Self.noToken(reference) }
    authenticator.cache.forget()
    return try .json(revoked)
  }

  @concurrent
  private func rotateToken(
    _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    _ = try await JSONBody(request, known: [])
    let reference = context.parameters.get("id") ?? ""
    let token = AdminToken.make()
    let rotated = try await store.seen(by: context.caller).rotateToken(
      reference, hash: Secrets.hash(token), by: context.actor)
    guard let rotated else { throw Self.noToken(reference) }
    authenticator.cache.forget()
    return try .json(NewToken(record: rotated, token: token))
  }

  // MARK: Tenants

  @concurrent
  private func tenants(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["cursor", "limit"])
    return try .json(
      try await store.seen(by: context.caller).tenants(
        cursor: query.cursor, limit: query.limit()))
  }

  @concurrent
  private func addTenant(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(request, known: ["name"])
    let name = try body.requiredText("name")
    guard TenantScope.isTenantName(name) else {
      throw Problem.invalid(
        "name", "“name” must be 1 to 63 lower-case letters, digits and hyphens.")
    }
    let outcome = try await store.seen(by: context.caller).addTenant(
      name, by: context.actor, idempotency: try request.idempotency(of: body))
    switch outcome {
    case .created(let tenant):
      return try .json(tenant, status: .created, headers: [.location: "/api/v1/tenants"])
    case .existing(let tenant): return try .json(tenant)
    case .keyUsed: throw Problem.idempotencyKeyUsed
    case .nameTaken:
      throw Problem(.nameTaken, "There is a tenant “\(name)”.", field: "name")
    }
  }

  // MARK: Audit log

  @concurrent
  private func auditLog(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["action", "actor", "cursor", "limit", "object"])
    let filter = AuditFilter(
      actor: try query.text("actor", most: 200), action: try query.text("action", most: 200),
      object: try query.text("object", most: 200))
    return try .json(
      try await store.seen(by: context.caller).auditLog(
        filter, cursor: try query.cursor, limit: try query.limit()))
  }

  private static func name(_ text: String) throws(Problem) -> String {
    guard TokenDraft.isName(text) else { throw AccessWish.badName }
    return text
  }

  static func noToken(_ reference: String) -> Problem {
    Problem(
      .tokenNotFound,
      "There is no token “\(reference.excerpt)” to be changed; name it by its "
        + "id, or by its name while it is not revoked.")
  }
}

/// What tokens and users are made of, as a body asks for it.
enum AccessWish {
  /// The tenant that something new is for: the one asked for, or the caller's own.
  static func scope(_ wish: String?, of context: ServerContext) throws -> TenantScope {
    let own = context.caller.scope
    guard let wish else { return .only(own.tenant ?? TenantScope.defaultTenant) }
    let scope = TenantScope(name: wish)
    if case .only(let tenant) = scope, !TenantScope.isTenantName(tenant) {
      throw Problem.invalid("tenant", "“tenant” must name a tenant, or be “*” for all of them.")
    }
    // What another tenant is called is nobody's business.
    guard own.includes(scope) else { throw noTenant(wish) }
    return scope
  }

  /// - Parameter known: those that what is made can have.
  static func role(_ text: String, of known: [Role] = Role.allCases) throws(Problem) -> Role {
    guard let role = Role(rawValue: text), known.contains(role) else {
      throw .unknownValue(text, field: "role", known: known.map(\.rawValue))
    }
    return role
  }

  static func roleOfUser(_ text: String) throws(Problem) -> Role {
    try role(text, of: Role.ofPeople)
  }

  static let badName = Problem.invalid(
    "name", "“name” must be 1 to 64 letters, digits, dots, hyphens and underscores.")

  static func noTenant(_ name: String) -> Problem {
    .invalid("tenant", "There is no tenant “\(name.excerpt)”.")
  }
}
