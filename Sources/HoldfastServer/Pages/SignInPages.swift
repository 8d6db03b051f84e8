import HTTPTypes
import HoldfastCore
import Hummingbird
import Logging

/// Signing in and out: with the token in a form, or with a one-time code in an address.
struct SignInPages: Sendable {
  let authenticator: Authenticator
  let pages: Pages
  /// Whether the page offers to sign in with GitHub.
  var hasGitHub = false

  func add(to routes: inout Routes) {
    routes.getOnly("/sign-in", show)
    routes.post("/sign-in", signIn)
    routes.post("/sign-out", signOut)
    routes.post("/api/v1/sign-in-codes", makeCode)
  }

  private struct Code: Encodable {
    var code: String
    var path: String
    var expiresInSeconds: Int64

    enum CodingKeys: String, CodingKey {
      case code, path
      case expiresInSeconds = "expires_in_seconds"
    }
  }

  /// A code that opens one session within a minute, so that a program which holds the token can
  /// open a browser signed in.
  @concurrent
  private func makeCode(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try await JSONBody(request, known: [])
    guard let identity = context.identity, identity.mayOpenSessions else {
      throw Problem(
        .notSignedIn,
        "Only the admin token or an API token of a person makes sign-in codes, not a session, a "
          + "worker's token or a service's access token.")
    }
    guard let code = authenticator.codes.make(for: identity.subject) else {
      throw Problem(
        .tooManyAttempts, "Too many sign-in codes are open.", headers: [.retryAfter: "60"])
    }
    let answer = Code(
      code: code, path: "/sign-in?code=\(code)",
      expiresInSeconds: SignInCodes.lifetime.components.seconds)
    return try .json(answer, status: .created)
  }

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request)
    let next = Self.next(query["next"])
    if let code = query["code"] {
      // A page elsewhere that leads here would sign its reader in as somebody else (login CSRF). Opened by hand or by a program, there
      // is no such page.
      guard ["none", "same-origin", nil].contains(request.headers[.secFetchSite]) else {
        return form(
          next: next,
          error:
            "A page elsewhere led here. Open the address of the code by hand, or use the token.")
      }
      if let wait = authenticator.throttle.wait(for: context.network) {
        return form(next: next, error: Self.waitText(wait), wait: wait)
      }
      guard let subject = authenticator.codes.redeem(code) else {
        authenticator.throttle.recordFailure(of: context.network)
        return form(
          next: next, error: "This sign-in code has been used or is too old. Use the token instead."
        )
      }
      return opened(next, for: subject, context)
    }
    if context.identity != nil { return .redirect(to: next) }
    return form(next: next, error: nil)
  }

  @concurrent
  private func signIn(_ request: Request, _ context: ServerContext) async throws -> Response {
    try SameOrigin.check(request)
    guard request.mediaType == "application/x-www-form-urlencoded" else {
      throw Problem(.unsupportedMediaType, "The sign-in takes a form.")
    }
    let fields = Query(encoded: String(buffer: try await request.limitedBody()))
    let next = Self.next(fields["next"])
    let attempt: SignInThrottle.Attempt
    do throws(SignInThrottle.Refusal) {
      attempt = try authenticator.throttle.begin(context.network)
    } catch {
      return form(next: next, error: Self.waitText(error.wait), wait: error.wait)
    }
    let (subject, refusal) = try await holder(of: fields)
    guard let subject else {
      context.logger.notice("a sign-in failed", metadata: ["client": .string(context.address)])
      return form(next: next, error: refusal)
    }
    authenticator.throttle.succeeded(attempt)
    return opened(next, for: subject, context)
  }

  /// Whom the form's token, or its name and password, stand for, or why they are refused.
  private func holder(of fields: Query) async throws -> (Subject?, refusal: String) {
    if let name = fields["name"]?.trimmed, !name.isEmpty {
      let tenant = fields["tenant"]?.trimmed ?? ""
      let subject = try await authenticator.subject(
        name: name, password: fields["password"] ?? "", tenant: tenant.isEmpty ? nil : tenant)
      return (subject, "This name and this password do not belong together.")
    }
    do {
      let identity = try await authenticator.identity(bearing: (fields["token"] ?? "").trimmed)
      let subject = identity.flatMap { $0.mayOpenSessions ? $0.subject : nil }
      if subject == nil, identity?.role == .worker {
        return (nil, "A worker's token opens no session.")
      }
      return (subject, "This is neither the admin token nor an API token.")
    } catch let problem as Problem {
      return (nil, problem.detail)
    }
  }

  @concurrent
  private func signOut(_ request: Request, _ context: ServerContext) async throws -> Response {
    if case .session(let session) = context.identity?.credential {
      await authenticator.signOut(session)
    }
    return Response(
      status: .seeOther,
      headers: [
        .location: "/sign-in",
        .setCookie: SessionSigner.expiredCookie(isSecure: context.origin.isEncrypted),
      ])
  }

  /// Opens the session with a page of our own that leads on, not with a redirect: the cookie is
  /// sent only where the way began here, and a redirect from a link elsewhere did not.
  func opened(
    _ next: String, for subject: Subject, _ context: ServerContext
  ) -> Response {
    let signer = authenticator.signer
    let session = signer.makeSession(for: subject, now: Authenticator.now)
    context.logger.info(
      "signed in", metadata: ["client": .string(context.address), "as": .string(subject.text)])
    return .html(
      pages.signedIn(next: next),
      headers: [.setCookie: signer.cookie(of: session, isSecure: context.origin.isEncrypted)])
  }

  func form(next: String, error: String?, wait: Duration? = nil) -> Response {
    var headers: HTTPFields = [:]
    if let wait { headers[.retryAfter] = String(max(1, wait.components.seconds)) }
    let status: HTTPResponse.Status =
      wait != nil ? .tooManyRequests : error != nil ? .unauthorized : .ok
    let page = pages.signIn(next: next, error: error, hasGitHub: hasGitHub)
    return .html(page, status: status, headers: headers)
  }

  static func waitText(_ wait: Duration) -> String {
    "Too many attempts. Try again in \(Words.duration(Double(max(1, wait.components.seconds))))."
  }

  static func next(_ text: String?) -> String {
    guard let text, LocalPath.isSafe(text), !text.hasPrefix("/sign-in") else { return "/" }
    return text
  }
}
