import HTTPTypes
import HoldfastCore
import Hummingbird

/// Finds out who asks. Lets nobody in without a token or a session, and no write of a session that did not come from our own
/// pages; what somebody may do, each route sees to (``RouteAccess``).
struct AuthenticationMiddleware: RouterMiddleware {
  let authenticator: Authenticator
  let callers: RateLimiter
  let addresses: RateLimiter

  func handle(
    _ request: Request, context: ServerContext,
    next: @concurrent (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    var request = request
    var context = context
    // Health tells of a database that is gone: there, nobody is looked up.
    let isOpen = RouteAccess.isOpen(request, at: context.endpointPath)
    if isOpen, request.uri.path == "/health" { return try await next(request, context) }
    var refusal: Problem?
    do {
      context.identity = try await identity(of: request)
    } catch let problem as Problem {
      // It was good once. Where anybody may come, its holder may, too.
      refusal = problem
    }
    try checkRate(context)
    guard !isOpen else { return try await next(request, context) }
    guard let identity = context.identity else {
      guard Self.leadsToSignIn(request) else { throw refusal ?? Problem.notSignedIn() }
      return .redirect(to: Self.signInAddress(for: request), type: .normal)
    }
    if case .session(let session) = identity.credential, Self.isWrite(request.method) {
      try SameOrigin.check(request)
      try await Self.checkCSRF(&request, session)
    }
    return try await next(request, context)
  }

  private func checkRate(_ context: ServerContext) throws(Problem) {
    let wait =
      if let identity = context.identity {
        callers.take(identity.subject.text)
      } else {
        addresses.take(context.network)
      }
    guard let wait else { return }
    throw Problem(
      .tooManyRequests, "That is more than one caller may ask at a time. Slow down.",
      headers: [.retryAfter: String(max(1, Int(wait.rounded(.up))))])
  }

  private static func leadsToSignIn(_ request: Request) -> Bool {
    request.wantsPage && !isWrite(request.method)
  }

  static func isWrite(_ method: HTTPRequest.Method) -> Bool {
    method != .get && method != .head
  }

  private func identity(of request: Request) async throws -> Identity? {
    if let header = request.headers[.authorization] {
      let parts = header.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
      return try await authenticator.identity(bearing: parts[1].trimmed)
    }
    guard let cookie = request.cookies[SessionSigner.cookieName]?.value else { return nil }
    return try await authenticator.identity(of: cookie)
  }

  /// The sign-in page, and where to go on after it.
  private static func signInAddress(for request: Request) -> String {
    let path = request.uri.string
    guard path != "/", LocalPath.isSafe(path) else { return "/sign-in" }
    return "/sign-in?next=\(LocalPath.encoded(path))"
  }

  private static func checkCSRF(_ request: inout Request, _ session: Session) async throws {
    var given = request.headers[.csrfToken]
    if given == nil, request.mediaType == "application/x-www-form-urlencoded" {
      let body = try await request.limitedBody()
      request.body = .init(buffer: body)
      given = Query(encoded: String(buffer: body))["csrf_token"]
    }
    guard let given, Secrets.areEqual(given, session.csrfToken) else {
      throw Problem(
        .csrf,
        "This write lacks the session's CSRF token, or it is an old one. Reload the page and try "
          + "again."
      )
    }
  }
}

/// Whether a write with a cookie comes from our own pages.
enum SameOrigin {
  static func check(_ request: Request) throws(Problem) {
    guard isSame(request) else {
      throw Problem(
        .crossSite, "This write did not come from this server's own pages, and was refused.")
    }
  }

  /// Browsers say where a request comes from in `Sec-Fetch-Site` (on trustworthy origins) or
  /// `Origin`; one of them must be there, and none may speak against it. A form's `Origin` is
  /// `null` where the referrer is withheld; then the other decides.
  static func isSame(_ request: Request) -> Bool {
    let site = request.headers[.secFetchSite]
    if let site, site != "same-origin" { return false }
    guard let origin = request.headers[.origin] else { return site != nil }
    if origin == "null" { return site != nil }
    guard let authority = request.head.authority else { return false }
    return origin == "http://\(authority)" || origin == "https://\(authority)"
  }
}

/// Addresses within this server.
enum LocalPath {
  /// Whether it leads nowhere else: `//host` and `/\host` would.
  static func isSafe(_ path: String) -> Bool {
    path.hasPrefix("/") && !path.hasPrefix("//") && !path.contains("\\")
      && path.utf8.count <= 1024
      && path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
  }

  static func encoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"), UInt8(ascii: "/"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += "%" + (digits.count == 1 ? "0" + digits : digits)
      }
    }
    return encoded
  }
}
