import HoldfastCore

/// Who asks, and what they may do.
struct Identity: Sendable, Hashable {
  enum Credential: Sendable, Hashable {
    /// A program with the admin token, or with an API token.
    case token
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
  var isProgram: Bool { credential == .token }

  /// Whether it runs the installation: an admin of all tenants.
  var isInstallationAdmin: Bool { role == .admin && scope == .all }
}

/// Whom a session is for, as its cookie says: never what they may do, which is asked anew each time.
enum Subject: Sendable, Hashable {
  /// Whoever holds the admin token.
  case admin
  /// Whoever holds the API token with this id.
  case token(id: String)

  /// Reads ``text``.
  init?(_ text: some StringProtocol) {
    if text == "admin" {
      self = .admin
      return
    }
    let parts = text.split(separator: ":", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    switch parts[0] {
    case "token": self = .token(id: String(parts[1]))
    default: return nil
    }
  }

  /// Without a dot, which parts the fields of a cookie.
  var text: String {
    switch self {
    case .admin: "admin"
    case .token(let id): "token:\(id)"
    }
  }
}
