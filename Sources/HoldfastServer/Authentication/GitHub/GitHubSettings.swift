package import HoldfastCore

/// How people sign in with their accounts at GitHub, or at a GitHub of one's own, and who may.
package struct GitHubSettings: Sendable, Hashable {
  /// The OAuth app's id; its secret is in a file that only its owner may read.
  package var clientID: String
  package var secretFile: String
  /// Where people sign in: `https://github.com`. Without a slash at its end, as the next two.
  package var server: String
  /// Where the API is: `https://api.github.com`.
  package var api: String
  /// Where browsers reach this server; `nil` for the address that the request bears.
  package var publicURL: String?
  /// The first that fits somebody is theirs.
  package var access: [Entry]

  /// Who may sign in, and as what.
  package struct Entry: Sendable, Hashable {
    package var who: Who
    package var role: Role
    /// A tenant's name; `*` for all of them.
    package var tenant: String

    package init(who: Who, role: Role, tenant: String) {
      self.who = who
      self.role = role
      self.tenant = tenant
    }
  }

  package enum Who: Sendable, Hashable {
    case login(String)
    case organization(String)
    case team(organization: String, slug: String)
  }

  package static let publicServer = "https://github.com"
  package static let publicAPI = "https://api.github.com"

  package init(
    clientID: String, secretFile: String, server: String = publicServer, api: String = publicAPI,
    publicURL: String? = nil, access: [Entry]
  ) {
    self.clientID = clientID
    self.secretFile = secretFile
    self.server = server
    self.api = api
    self.publicURL = publicURL
    self.access = access
  }

  /// Whether a text can be the name of an account, an organization or a team: letters, digits, hyphens and underscores. It is safe in
  /// addresses and in sessions.
  package static func isName(_ text: some StringProtocol) -> Bool {
    (1...100).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
          || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
      }
  }

  /// The entry for whom a session was opened, as the settings are now.
  func entry(for who: Who) -> Entry? { access.first { $0.who == who } }
}

extension GitHubSettings.Who {
  /// Reads ``text``.
  init?(kind: String, name: String) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.allSatisfy(GitHubSettings.isName) else { return nil }
    switch (kind, parts.count) {
    case ("login", 1): self = .login(name)
    case ("organization", 1): self = .organization(name)
    case ("team", 2): self = .team(organization: parts[0], slug: parts[1])
    default: return nil
    }
  }

  /// `login:octocat`, `organization:acme`, `team:acme/operators`
  var text: String {
    switch self {
    case .login(let login): "login:\(login)"
    case .organization(let name): "organization:\(name)"
    case .team(let organization, let slug): "team:\(organization)/\(slug)"
    }
  }
}
