import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `/tokens`: the tokens of programs. A new one is shown once, on the page that answers its making, and kept by no browser.
struct TokensPage: AccessPage {
  static let prefix = "token"
  static let roles = Role.allCases

  let pages: Pages
  let authenticator: Authenticator

  func add(to routes: inout Routes) {
    routes.get("/tokens", show)
    routes.post("/tokens", create)
    routes.post("/tokens/{id}/revoke", revoke)
    routes.post("/tokens/{id}/rotate", rotate)
  }

  struct View: PageView {
    var template: String { "tokens" }
    var frame: PageFrame
    var form: AccessForm
    var rows: [Row]
    var hasRows: Bool
    var paging: Paging
    var lives: [ListView.Choice]
  }

  struct Row: Sendable {
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

  /// The newest first.
  func view(
    _ context: ServerContext, _ form: AccessForm, after cursor: String?
  ) async throws -> View {
    let page = try await pages.store.seen(by: context.caller).tokens(
      cursor: cursor, limit: Self.mostRows)
    let life = form.fields?["expires_in_days"] ?? "90"
    return View(
      frame: pages.frame("Tokens", context, stream: nil), form: form,
      rows: page.items.map(Row.init), hasRows: !page.items.isEmpty,
      paging: Paging("/tokens", from: cursor, to: page.nextCursor),
      lives: [
        ("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "a year"),
        ("", "without end"),
      ].map { .init(value: $0, label: $1, isChosen: $0 == life) })
  }

  // MARK: Change

  @concurrent
  private func create(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await Pages.form(request)
    return try await answer(fields, context) {
      let token = AdminToken.make()
      let draft = try Self.draft(fields, token: token, context)
      switch try await pages.store.seen(by: context.caller).createToken(draft) {
      case .created(let record): return .made(secret: token, name: record.name.visible)
      case .existing, .keyUsed: throw Problem.idempotencyKeyUsed
      case .nameTaken:
        throw Problem(
          .nameTaken, "Another token that is not revoked is called “\(draft.name)”.",
          field: "name")
      case .noSuchTenant: throw AccessWish.noTenant(draft.scope.name)
      }
    }
  }

  private static func draft(
    _ fields: Query, token: String, _ context: ServerContext
  ) throws -> TokenDraft {
    let name = try AccessForm.name(in: fields)
    let days = fields["expires_in_days"] ?? ""
    let life = Double(days).map { $0 * 86_400 }
    guard
      days.isEmpty || life.map({ $0 >= 1 && $0 <= Double(TokenDraft.longestLifeSeconds) }) == true
    else { throw Problem.invalid("expires_in_days", "Choose one of the lifetimes.") }
    return TokenDraft(
      name: name, hash: Secrets.hash(token),
      role: try AccessWish.role(fields["role"] ?? ""),
      scope: try AccessForm.scope(in: fields, context),
      expiresInSeconds: life, createdBy: context.actor)
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
    let fields = try await Pages.form(request)
    let reference = context.parameters.get("id") ?? ""
    let token = AdminToken.make()
    let rotated = try await pages.store.seen(by: context.caller).rotateToken(
      reference, hash: Secrets.hash(token), by: context.actor)
    guard let rotated else { throw AccessAPI.noToken(reference) }
    authenticator.cache.forget()
    return try await answer(fields, context) {
      .made(secret: token, name: rotated.name.visible)
    }
  }
}
