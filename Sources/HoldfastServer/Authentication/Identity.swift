import HoldfastCore

/// Who asks, and what they may do.
struct Identity: Sendable, Hashable {
  enum Credential: Sendable, Hashable {
    /// A program with the admin token, or with an API token.
    case token
    /// A service with an access token that somebody else has signed.
    case accessToken(JWTGrant)
    /// A person with a session of the page.
    case session(Session)
  }

  var credential: Credential
  /// What the credential stands for; sessions and sign-in codes are made for it.
  var subject: Subject
  /// The name under which it acts, as events keep it.
  var actor: String
  var role: Role
  var scope: TenantScope

  /// Whether a program asks, and no browser that could be led to ask.
  var isProgram: Bool {
    switch credential {
    case .token, .accessToken: true
    case .session: false
    }
  }

  /// Whether it may open sessions: what it shows here can be revoked, and the session with it.
  var mayOpenSessions: Bool { credential == .token && role != .worker }

  /// Whether it may run scans over HTTP.
  var mayWork: Bool { role == .worker || role >= .operator && scope == .all }

  /// Whether it runs the installation: an admin of all tenants.
  var isInstallationAdmin: Bool { role == .admin && scope == .all }
}

/// Whom a session is for, as its cookie says: never what they may do, which is asked anew each time.
enum Subject: Sendable, Hashable {
  /// Whoever holds the admin token.
  case admin
  /// Whoever holds the API token with this id.
  case token(id: String)
  /// This user, in the role that they have in the tenant (`*` for all), until the password changes.
  case user(id: String, tenant: String, version: Int64)
  /// This account at GitHub, in the role and the tenant that the configuration gives to whom it was taken for.
  case github(login: String, who: GitHubSettings.Who)
  /// A service that somebody else vouches for. No session is for one, so that ``init(_:)`` reads none.
  case service(issuer: String, name: String)

  /// Reads ``text``.
  init?(_ text: some StringProtocol) {
    if text == "admin" {
      self = .admin
      return
    }
    let parts = String(text).split(separator: Character(":"), omittingEmptySubsequences: false)
      .map(String.init)
    switch (parts.first, parts.count) {
    case ("token", 2): self = .token(id: parts[1])
    case ("user", 4):
      guard let version = Int64(parts[3]) else { return nil }
      self = .user(id: parts[1], tenant: parts[2], version: version)
    case ("github", 4):
      guard GitHubSettings.isName(parts[1]),
        let who = GitHubSettings.Who(kind: parts[2], name: parts[3])
      else { return nil }
      self = .github(login: parts[1], who: who)
    default: return nil
    }
  }

  /// Without a dot, which parts the fields of a cookie, but for a service, which is in none.
  var text: String {
    switch self {
    case .admin: "admin"
    case .token(let id): "token:\(id)"
    case .user(let id, let tenant, let version): "user:\(id):\(tenant):\(version)"
    case .github(let login, let who): "github:\(login):\(who.text)"
    case .service(let issuer, let name): "jwt:\(issuer):\(name)"
    }
  }
}
