import Foundation
import HoldfastCore
import HoldfastStorage
import Logging
import Synchronization

/// Decides who asks: holds the admin token's hash, the sessions' key, the open codes and the
/// throttle.
final class Authenticator: Sendable {
  let codes = SignInCodes()
  let throttle = SignInThrottle()
  let cache = TokenCache()

  private let store: any ScanStore & AccessStore
  private let services: JWTVerifier
  private let github: GitHubSettings?
  private let secret: String
  private let logger: Logger
  private let state: Mutex<State>

  private struct State {
    var tokenHash: String
    var signer: SessionSigner
    var checkedAt: ContinuousClock.Instant
    var signedOut: SignedOutSessions
    /// Those that are known to be there.
    var tenants: Set<String> = []
  }

  /// How long a token's hash and the sign-outs are believed before the database is asked again: a new
  /// token, and a sign-out on another server, count within this time.
  private static let hashLifetime: Duration = .seconds(5)

  private init(
    store: any ScanStore & AccessStore, services: JWTVerifier, github: GitHubSettings?,
    secret: String, tokenHash: String, signedOut: SignedOutSessions, logger: Logger
  ) {
    self.store = store
    self.services = services
    self.github = github
    self.secret = secret
    self.logger = logger
    state = Mutex(
      State(
        tokenHash: tokenHash, signer: SessionSigner(secret: secret, tokenHash: tokenHash),
        checkedAt: .now, signedOut: signedOut))
  }

  static func start(
    store: any ScanStore & AccessStore, dataDirectory: String, issuers: [JWTIssuer] = [],
    github: GitHubSettings? = nil, logger: Logger
  ) async throws(ServerError) -> Authenticator {
    let services = try await JWTVerifier.start(issuers, logger: logger)
    let hash = try await AdminToken.ensure(
      store: store, dataDirectory: dataDirectory, logger: logger)
    let signedOut: SignedOutSessions
    do {
      signedOut = SignedOutSessions(
        text: try await store.setting(SignedOutSessions.settingName) ?? "")
    } catch {
      throw .store(error)
    }
    return Authenticator(
      store: store, services: services, github: github,
      secret: try SessionSigner.secret(in: dataDirectory), tokenHash: hash, signedOut: signedOut,
      logger: logger)
  }

  /// This machine's clock: sessions are this server's own, the database knows nothing of them.
  static var now: Int64 { Int64(Date().timeIntervalSince1970) }

  var signer: SessionSigner { state.withLock { $0.signer } }

  func isAdminToken(_ text: String) async -> Bool {
    await refresh()
    let hash = state.withLock { $0.tokenHash }
    return Secrets.areEqual(Secrets.hash(text), hash)
  }

  /// Who shows this token; `nil` if nobody has been given it.
  ///
  /// - Throws: ``Problem`` for one that was good once, ``StoreError``.
  func identity(bearing text: String) async throws -> Identity? {
    if await isAdminToken(text) { return .admin(.token) }
    if JWTVerifier.isCandidate(text) { return try await serviceIdentity(bearing: text) }
    // Nothing else can be one, and so is worth no question to the database.
    guard AdminToken.isWellFormed(text) else { return nil }
    let hash = Secrets.hash(text)
    var found = cache.token(hash)
    if found == nil {
      found = try await store.useToken(hash: hash)
      if let found { cache.keep(found, as: hash) }
    }
    guard let token = found else { return nil }
    return try Self.identity(of: token, .token)
  }

  /// Who has this session; `nil` if it is none, or is over.
  ///
  /// - Throws: ``Problem`` where what it was opened with has ended, ``StoreError``.
  func identity(of cookie: String) async throws -> Identity? {
    guard let session = await session(from: cookie) else { return nil }
    switch session.subject {
    case .admin: return .admin(.session(session))
    case .token(let id):
      guard let token = try await token(id: id) else { return nil }
      return try Self.identity(of: token, .session(session))
    case .service: return nil
    case .github(let login, let who):
      guard let entry = github?.entry(for: who) else { return nil }
      return Identity(
        credential: .session(session), subject: session.subject, actor: "github:\(login)",
        role: entry.role, scope: TenantScope(name: entry.tenant))
    case .user(let id, let tenant, let version):
      guard let user = try await store.user(id: id), user.version == version,
        let role = user.roles[tenant]
      else { return nil }
      return Identity(
        credential: .session(session), subject: session.subject, actor: "user:\(user.name)",
        role: role, scope: TenantScope(name: tenant))
    }
  }

  /// Whom a name and a password stand for; `nil` if they do not belong together.
  ///
  /// - Parameter tenant: where the user wants to be; `nil` for the only, or the first, that they have a role in.
  func subject(
    name: String, password: String, tenant: String?
  ) async throws -> Subject? {
    let found = try await store.credentials(ofUser: name)
    guard try await Password.isRight(password, for: found?.passwordHash), let user = found?.user
    else { return nil }
    let first = user.roles.keys.sorted().first
    guard let place = tenant ?? first, user.roles[place] != nil else { return nil }
    return .user(id: user.id, tenant: place, version: user.version)
  }

  /// Whether somebody whose stream is open may still read it. While the database cannot be asked, they may.
  func stillHolds(_ identity: Identity) async -> Bool {
    await refresh()
    if case .session(let session) = identity.credential {
      let isOpen = state.withLock { state in
        session.expires > Self.now && state.signer.made(session)
          && !state.signedOut.contains(session)
      }
      guard isOpen else { return false }
    }
    if case .accessToken(let grant) = identity.credential {
      return await services.stillHolds(grant, now: Double(Self.now))
    }
    switch identity.subject {
    case .admin: return true
    case .service: return false
    // What it may do is the configuration's, which does not change while this server runs.
    case .github: return true
    case .token(let id):
      do {
        guard let token = try await token(id: id) else { return false }
        return token.state == .active && token.role == identity.role
          && token.scope == identity.scope
      } catch {
        return true
      }
    case .user(let id, let tenant, let version):
      do {
        let user = try await store.user(id: id)
        return user?.version == version && user?.roles[tenant] == identity.role
      } catch {
        return true
      }
    }
  }

  /// - Throws: ``Problem`` of what is wrong with the access token, ``StoreError``.
  private func serviceIdentity(bearing text: String) async throws -> Identity {
    do {
      let grant = try await services.grant(text, now: Date().timeIntervalSince1970)
      if let tenant = grant.scope.tenant, try await !isTenant(tenant) {
        throw JWTRefusal.tenantNotThere(tenant)
      }
      let subject = Subject.service(issuer: grant.issuer, name: grant.subject)
      return Identity(
        credential: .accessToken(grant), subject: subject, actor: subject.text, role: grant.role,
        scope: grant.scope)
    } catch let refusal as JWTRefusal {
      throw Problem.notSignedIn("\(refusal)", error: "invalid_token")
    }
  }

  /// Whether there is such a tenant. None is ever removed, so that one that was there is there.
  func isTenant(_ name: String) async throws -> Bool {
    if state.withLock({ $0.tenants.contains(name) }) { return true }
    let names = try await store.tenants().map(\.name)
    state.withLock { $0.tenants.formUnion(names) }
    return names.contains(name)
  }

  /// As read within the last ``TokenCache/lifetime``.
  private func token(id: String) async throws(StoreError) -> TokenRecord? {
    let key = "id:\(id)"
    if let known = cache.token(key) { return known }
    guard let found = try await store.token(id: id) else { return nil }
    cache.keep(found, as: key)
    return found
  }

  private static func identity(
    of token: TokenRecord, _ credential: Identity.Credential
  ) throws(Problem) -> Identity {
    switch token.state {
    case .active: break
    case .expired: throw .notSignedIn("The token “\(token.name.visible)” has expired.")
    case .revoked: throw .notSignedIn("The token “\(token.name.visible)” has been revoked.")
    }
    return Identity(
      credential: credential, subject: .token(id: token.id), actor: "token:\(token.name)",
      role: token.role, scope: token.scope)
  }

  private func session(from cookie: String) async -> Session? {
    await refresh()
    let now = Self.now
    return state.withLock { state in
      guard let session = state.signer.session(from: cookie, now: now),
        !state.signedOut.contains(session)
      else { return nil }
      return session
    }
  }

  /// Ends a session here at once, and everywhere else once the database holds it.
  func signOut(_ session: Session) async {
    state.withLock { $0.signedOut.insert(session) }
    do {
      let name = SignedOutSessions.settingName
      let known = SignedOutSessions(text: try await store.setting(name) ?? "")
      let now = Self.now
      let all = state.withLock { state in
        state.signedOut.merge(known, now: now)
        return state.signedOut
      }
      try await store.setSetting(name, to: all.text)
    } catch {
      logger.warning(
        "a sign-out could not be saved; it holds until this server ends",
        metadata: ["error": .string("\(error)")])
    }
  }

  /// Asks the database for the token's hash and the sign-outs now and then. While it cannot be
  /// reached, what was last known goes on.
  private func refresh() async {
    let isDue = state.withLock { state in
      guard ContinuousClock.now - state.checkedAt > Self.hashLifetime else { return false }
      state.checkedAt = .now
      return true
    }
    guard isDue, let hash = try? await store.setting(AdminToken.settingName) else { return }
    let signedOut = try? await store.setting(SignedOutSessions.settingName)
    let now = Self.now
    state.withLock { state in
      state.signedOut.merge(SignedOutSessions(text: signedOut ?? ""), now: now)
      guard state.tokenHash != hash else { return }
      state.tokenHash = hash
      state.signer = SessionSigner(secret: secret, tokenHash: hash)
    }
  }
}

extension Identity {
  /// Whoever holds the admin token.
  fileprivate static func admin(_ credential: Credential) -> Identity {
    Identity(
      credential: credential, subject: .admin, actor: credential == .token ? "api" : "dashboard",
      role: .admin, scope: .all)
  }
}
