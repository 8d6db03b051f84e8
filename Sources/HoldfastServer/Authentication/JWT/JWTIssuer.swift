package import HoldfastCore

/// Somebody who signs access tokens for services, and what such a token is worth here.
package struct JWTIssuer: Sendable, Hashable {
  /// The operator's own name for it; who comes with its tokens acts as `jwt:NAME:SUBJECT`.
  package var name: String
  /// What the claim `iss` must be, to the letter.
  package var issuer: String
  /// What the claim `aud` must be, or hold.
  package var audience: String
  /// Files of public keys in PEM, by `kid`.
  package var keyFiles: [String: String]
  /// The file of a JSON Web Key Set (RFC 7517).
  package var keySetFile: String?
  package var role: RoleRule
  package var tenant: TenantRule
  /// How far the issuer's clock may be from this machine's.
  package var leewaySeconds: Double
  /// A token that would live longer is refused: none can be revoked but with its key.
  package var longestLifeSeconds: Double

  package static let usualLeewaySeconds = 30.0
  package static let usualLongestLifeSeconds = 3600.0

  /// Whence a token's role.
  package enum RoleRule: Sendable, Hashable {
    case fixed(Role)
    /// The highest of what the claim's values stand for.
    case claim(String, roles: [String: Role])
  }

  /// Whence a token's tenant.
  package enum TenantRule: Sendable, Hashable {
    /// A tenant's name; `*` for all of them.
    case fixed(String)
    /// The claim's value, which must be one of these.
    case claim(String, allowed: Set<String>)
  }

  package init(
    name: String, issuer: String, audience: String, keyFiles: [String: String] = [:],
    keySetFile: String? = nil, role: RoleRule, tenant: TenantRule,
    leewaySeconds: Double = usualLeewaySeconds,
    longestLifeSeconds: Double = usualLongestLifeSeconds
  ) {
    self.name = name
    self.issuer = issuer
    self.audience = audience
    self.keyFiles = keyFiles
    self.keySetFile = keySetFile
    self.role = role
    self.tenant = tenant
    self.leewaySeconds = leewaySeconds
    self.longestLifeSeconds = longestLifeSeconds
  }
}
