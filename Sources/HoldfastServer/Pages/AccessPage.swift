import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// A page that gives access: those who have it, a form for another one, and the changes of each. What is refused is said on the page
/// itself, with what was typed still there.
protocol AccessPage: Sendable {
  associatedtype View: PageView

  /// What ids of the form's fields begin with.
  static var prefix: String { get }
  /// The roles that its form offers.
  static var roles: [Role] { get }
  var pages: Pages { get }

  /// - Parameter cursor: where the page before this one ended.
  func view(
    _ context: ServerContext, _ form: AccessForm, after cursor: String?
  ) async throws -> View
}

extension AccessPage {
  /// How many rows such a page has.
  static var mostRows: Int { 200 }

  @concurrent
  func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["cursor"])
    return try await page(context, after: query.cursor)
  }

  /// The page with what became of a change, or with why it was refused.
  ///
  /// - Parameter change: answers what is to be said of it.
  func answer(
    _ fields: Query, _ context: ServerContext, _ change: () async throws -> AccessForm.News
  ) async throws -> Response {
    do {
      return try await page(context, news: try await change())
    } catch let problem as Problem {
      return try await page(
        context, news: .refused(problem.detail), fields: fields, status: problem.kind.status)
    }
  }

  private func page(
    _ context: ServerContext, after cursor: String? = nil, news: AccessForm.News? = nil,
    fields: Query? = nil, status: HTTPResponse.Status = .ok
  ) async throws -> Response {
    let store = pages.store.seen(by: context.caller)
    let form = AccessForm(
      prefix: Self.prefix, news: news, fields: fields, known: Self.roles,
      tenants: try await AccessForm.tenants(store, context, chosen: fields?["tenant"]))
    return .html(
      pages.templates.render(try await view(context, form, after: cursor)), status: status)
  }
}

/// The form of such a page, and what is to be told above it. Templates see stored properties only.
struct AccessForm: Sendable {
  /// What became of a change.
  enum News: Sendable {
    case done(String)
    /// A secret that is shown this once, and what it is called.
    case made(secret: String, name: String)
    case refused(String)
  }

  let fields: Query?
  var prefix: String
  var error: String?
  var notice: String?
  var secret: String?
  var secretName: String?
  var name: String
  var roles: [ListView.Choice]
  var tenants: [ListView.Choice]
  var hasTenants: Bool

  /// - Parameter known: the roles that it offers.
  init(
    prefix: String, news: News?, fields: Query?, known: [Role], tenants: [ListView.Choice]
  ) {
    self.prefix = prefix
    self.fields = fields
    switch news {
    case .done(let sentence): notice = sentence
    case .made(let secret, let name): (self.secret, secretName) = (secret, name)
    case .refused(let sentence): error = sentence
    case nil: break
    }
    name = fields?["name"] ?? ""
    roles = Self.roles(of: known, chosen: fields?["role"])
    self.tenants = tenants
    hasTenants = tenants.count > 1
  }

  static func roles(of known: [Role], chosen: String?) -> [ListView.Choice] {
    let chosen = chosen ?? Role.viewer.rawValue
    return known.map {
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

  /// The name that a form gives to something new.
  static func name(in fields: Query) throws(Problem) -> String {
    let name = fields["name"]?.trimmed ?? ""
    guard TokenDraft.isName(name) else { throw AccessWish.badName }
    return name
  }

  /// Where a form gives access.
  static func scope(in fields: Query, _ context: ServerContext) throws -> TenantScope {
    try AccessWish.scope(fields["tenant"].flatMap { $0.isEmpty ? nil : $0 }, of: context)
  }
}
