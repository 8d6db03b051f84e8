import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `/tokens`: the tokens of programs. A new one is shown once, on the page that answers its making, and kept by no browser.
struct TokensPage: Sendable {
  let pages: Pages
  let authenticator: Authenticator

  /// How many rows the page has; the newest come first.
  private static let mostRows = 200

  func add(to routes: inout Routes) {
    routes.get("/tokens", show)
    routes.post("/tokens", create)
    routes.post("/tokens/{id}/revoke", revoke)
    routes.post("/tokens/{id}/rotate", rotate)
  }

  private struct TokensView: PageView {
    var template: String { "tokens" }
    var frame: PageFrame
    var error: String?
    /// The token itself, this once.
    var secret: String?
    var secretName: String?
    var rows: [Row]
    var hasRows: Bool
    var isCut: Bool
    var name: String
    var roles: [ListView.Choice]
    var tenants: [ListView.Choice]
    var hasTenants: Bool
    var lives: [ListView.Choice]
  }

  private struct Row: Sendable {
    var name: String
    var role: String
    var tenant: String
    var state: String
    var tone: String
    var created: ShownTime
    var createdBy: String
    var expires: ShownTime?
    var lastUsed: ShownTime?
    var actions: [ScanView.Action]
    var hasActions: Bool

    init(_ token: TokenRecord) {
      name = token.name.visible
      role = token.role.rawValue
      tenant = token.tenant.visible
      state = HeldView.words(token.state.rawValue)
      tone =
        switch token.state {
        case .active: "good"
        case .expired: "warn"
        case .revoked: "calm"
        }
      created = ShownTime(token.createdAt)
      createdBy = token.createdBy.visible
      expires = token.expiresAt.map(ShownTime.init)
      lastUsed = token.lastUsedAt.map(ShownTime.init)
      actions = token.state == .revoked ? [] : Self.actions(token)
      hasActions = !actions.isEmpty
    }

    private static func actions(_ token: TokenRecord) -> [ScanView.Action] {
      let href = "/tokens/\(LocalPath.encoded(token.id))"
      return [
        ScanView.Action(
          id: "rotate-\(token.id)", name: "rotate", label: "Rotate", href: "\(href)/rotate",
          style: "", confirmStyle: "primary", question: "Give \(token.name) a new secret?",
          consequence: "The old one ends at once. The new one is shown once."),
        ScanView.Action(
          id: "revoke-\(token.id)", name: "revoke", label: "Revoke", href: "\(href)/revoke",
          style: "danger", confirmStyle: "danger", question: "Revoke \(token.name)?",
          consequence: "Whoever holds it is refused from now on. This cannot be taken back."),
      ]
    }
  }

  // MARK: Show

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    return .html(pages.templates.render(try await view(context)))
  }

  private func view(
    _ context: ServerContext, error: String? = nil, fields: Query? = nil
  ) async throws -> TokensView {
    let store = pages.store.seen(by: context.caller)
    let tokens = try await store.tokens()
    let tenants = try await AccessChoices.tenants(
      store, context, chosen: fields?["tenant"])
    let life = fields?["expires_in_days"] ?? "90"
    return TokensView(
      frame: pages.frame("Tokens", context, stream: nil), error: error,
      rows: tokens.prefix(Self.mostRows).map(Row.init), hasRows: !tokens.isEmpty,
      isCut: tokens.count > Self.mostRows, name: fields?["name"] ?? "",
      roles: AccessChoices.roles(chosen: fields?["role"]), tenants: tenants,
      hasTenants: tenants.count > 1,
      lives: [
        ("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "a year"),
        ("", "without end"),
      ].map { .init(value: $0, label: $1, isChosen: $0 == life) })
  }

  // MARK: Change

  @concurrent
  private func create(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await Pages.form(request)
    do {
      let token = AdminToken.make()
      let draft = try Self.draft(fields, token: token, context)
      switch try await pages.store.seen(by: context.caller).createToken(draft) {
      case .created(let record): return try await told(token, of: record, context)
      case .existing, .keyUsed: throw Problem.idempotencyKeyUsed
      case .nameTaken:
        throw Problem(
          .nameTaken, "Another token that is not revoked is called “\(draft.name)”.",
          field: "name")
      case .noSuchTenant: throw AccessWish.noTenant(draft.scope.name)
      }
    } catch let problem as Problem {
      let view = try await view(context, error: problem.detail, fields: fields)
      return .html(pages.templates.render(view), status: problem.kind.status)
    }
  }

  private static func draft(
    _ fields: Query, token: String, _ context: ServerContext
  ) throws -> TokenDraft {
    let name = fields["name"]?.trimmed ?? ""
    guard TokenDraft.isName(name) else {
      throw Problem.invalid(
        "name", "“name” must be 1 to 64 letters, digits, dots, hyphens and underscores.")
    }
    let days = fields["expires_in_days"] ?? ""
    let life = Double(days).map { $0 * 86_400 }
    guard
      days.isEmpty || life.map({ $0 >= 1 && $0 <= Double(TokenDraft.longestLifeSeconds) }) == true
    else { throw Problem.invalid("expires_in_days", "Choose one of the lifetimes.") }
    return TokenDraft(
      name: name, hash: Secrets.hash(token),
      role: try AccessWish.role(fields["role"] ?? ""),
      scope: try AccessWish.scope(AccessChoices.tenant(fields), of: context),
      expiresInSeconds: life, createdBy: context.actor)
  }

  /// The one page that holds the token.
  private func told(
    _ token: String, of record: TokenRecord, _ context: ServerContext
  ) async throws -> Response {
    var view = try await view(context)
    view.secret = token
    view.secretName = record.name.visible
    return .html(pages.templates.render(view))
  }

  @concurrent
  private func revoke(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try await Pages.form(request)
    let reference = context.parameters.get("id") ?? ""
    let revoked = try await pages.store.seen(by: context.caller).revokeToken(
      reference, by: context.actor)
    guard revoked != nil else { throw AccessAPI.noToken(reference) }
    authenticator.cache.forget()
    return .redirect(to: "/tokens")
  }

  @concurrent
  private func rotate(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try await Pages.form(request)
    let reference = context.parameters.get("id") ?? ""
    let token = AdminToken.make()
    let rotated = try await pages.store.seen(by: context.caller).rotateToken(
      reference, hash: Secrets.hash(token), by: context.actor)
    guard let rotated else { throw AccessAPI.noToken(reference) }
    authenticator.cache.forget()
    return try await told(token, of: rotated, context)
  }
}

/// What forms offer that give access.
enum AccessChoices {
  static func roles(chosen: String?) -> [ListView.Choice] {
    let chosen = chosen ?? Role.viewer.rawValue
    return Role.allCases.map {
      .init(value: $0.rawValue, label: $0.rawValue, isChosen: $0.rawValue == chosen)
    }
  }

  /// The tenants that the caller may give access to; one alone where it has no choice.
  static func tenants(
    _ store: any AccessStore, _ context: ServerContext, chosen: String?
  ) async throws(StoreError) -> [ListView.Choice] {
    let chosen = chosen ?? context.caller.scope.tenant ?? TenantScope.defaultTenant
    var tenants = try await store.tenants().map {
      ListView.Choice(value: $0.name, label: $0.name.visible, isChosen: $0.name == chosen)
    }
    if context.caller.scope == .all {
      tenants.append(
        .init(
          value: TenantScope.allName, label: "all tenants",
          isChosen: chosen == TenantScope.allName))
    }
    return tenants
  }

  /// The tenant that a form names; `nil` for the caller's own.
  static func tenant(_ fields: Query) -> String? {
    fields["tenant"].flatMap { $0.isEmpty ? nil : $0 }
  }
}
