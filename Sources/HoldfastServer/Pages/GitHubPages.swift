import HTTPTypes
import HoldfastCore
import Hummingbird
import Logging

/// Signing in with GitHub: to there with a state, and back with a code (RFC 6749, 4.1; RFC 7636; RFC 9700).
struct GitHubPages: Sendable {
  let signIn: SignInPages
  /// `nil` where nobody can sign in so.
  let client: GitHubClient?

  private static let callbackPath = "/sign-in/github/callback"

  func add(to routes: inout Routes) {
    routes.getOnly("/sign-in/github", begin)
    routes.getOnly(Self.callbackPath, end)
  }

  @concurrent
  private func begin(_ request: Request, _ context: ServerContext) async throws -> Response {
    let client = try known()
    let signer = signIn.authenticator.signer
    let pending = signer.makePendingSignIn(
      next: SignInPages.next(try Query(request)["next"]), now: Authenticator.now)
    var response = Response.redirect(
      to: client.authorizationAddress(
        of: pending, signer: signer, callback: callback(client, request, context)), type: .found)
    response.headers[.setCookie] = signer.cookie(
      of: pending, isSecure: context.origin.isEncrypted)
    return response
  }

  @concurrent
  private func end(_ request: Request, _ context: ServerContext) async throws -> Response {
    let client = try known()
    let query = try Query(request)
    var response = try await answer(query, client, request, context)
    // One cookie has been set, if somebody is signed in now; this one ends in any case.
    response.headers.append(
      .init(
        name: .setCookie,
        value: SessionSigner.endedPendingCookie(isSecure: context.origin.isEncrypted)))
    return response
  }

  private func answer(
    _ query: Query, _ client: GitHubClient, _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    let authenticator = signIn.authenticator
    if let wait = authenticator.throttle.wait(for: context.network) {
      return signIn.form(next: "/", error: SignInPages.waitText(wait), wait: wait)
    }
    guard let pending = pending(query, request) else {
      return refused(
        "This sign-in was not begun in this browser, or more than ten minutes ago. Try again.",
        next: "/", context)
    }
    if let error = query["error"] {
      let sentence =
        error == "access_denied"
        ? "GitHub was not allowed to tell who you are."
        : "GitHub refused the sign-in. The server's log says why."
      context.logger.notice(
        "GitHub refused a sign-in",
        metadata: ["error": .string(String(error.prefix(60)).visible)])
      return refused(sentence, next: pending.next, context)
    }
    guard let code = query["code"], !code.isEmpty, code.utf8.count <= 512 else {
      return refused("GitHub sent no code. Try again.", next: pending.next, context)
    }
    do {
      let person = try await client.person(
        code: code, verifier: authenticator.signer.codeVerifier(of: pending),
        callback: callback(client, request, context))
      if let tenant = try await missingTenant(of: person, client) {
        return refused("The tenant “\(tenant)” is not there yet.", next: pending.next, context)
      }
      return signIn.opened(
        pending.next, for: .github(login: person.login, who: person.who), context)
    } catch let error as GitHubClient.Failure {
      return refused(Self.sentence(error, context), next: pending.next, context)
    }
  }

  private func missingTenant(
    of person: GitHubClient.Person, _ client: GitHubClient
  ) async throws -> String? {
    guard let name = client.settings.entry(for: person.who)?.tenant,
      let tenant = TenantScope(name: name).tenant,
      try await !signIn.authenticator.isTenant(tenant)
    else { return nil }
    return tenant
  }

  /// The sign-in that this browser began, and that the address is the end of.
  private func pending(_ query: Query, _ request: Request) -> PendingSignIn? {
    guard let cookie = request.cookies[PendingSignIn.cookieName]?.value,
      let pending = signIn.authenticator.signer.pendingSignIn(
        from: cookie, now: Authenticator.now),
      let state = query["state"], Secrets.areEqual(state, pending.state)
    else { return nil }
    return pending
  }

  private func refused(_ sentence: String, next: String, _ context: ServerContext) -> Response {
    signIn.authenticator.throttle.recordFailure(of: context.network)
    return signIn.form(next: next, error: sentence)
  }

  private static func sentence(
    _ failure: GitHubClient.Failure, _ context: ServerContext
  ) -> String {
    switch failure {
    case .codeRefused: return "GitHub did not take its code back; it may be too old. Try again."
    case .notAllowed(let login):
      context.logger.notice(
        "a GitHub account has no access", metadata: ["login": .string(login)])
      return "The GitHub account “\(login)” has no access here. Ask who runs this server."
    case .unavailable(let reason):
      context.logger.error(
        "signing in with GitHub failed", metadata: ["reason": .string(reason)])
      return "GitHub could not be asked who you are. The server's log says why; try again."
    }
  }

  private func known() throws(Problem) -> GitHubClient {
    guard let client else {
      throw Problem(.notFound, "Nobody can sign in with GitHub here: it is not configured.")
    }
    return client
  }

  /// Where GitHub sends the browser back to. The host was found to be one of this server's own names.
  private func callback(
    _ client: GitHubClient, _ request: Request, _ context: ServerContext
  ) -> String {
    if let base = client.settings.publicURL { return base + Self.callbackPath }
    let scheme = context.origin.isEncrypted ? "https" : "http"
    return "\(scheme)://\(request.head.authority ?? "localhost")\(Self.callbackPath)"
  }
}
