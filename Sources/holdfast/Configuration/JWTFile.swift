import HoldfastCore
import HoldfastServer
import HoldfastStorage
import Yams

/// Reads the `jwt` of `holdfast.yaml`: whose access tokens the server accepts, and for what.
struct JWTFile {
  private(set) var issuers: [JWTIssuer] = []
  private(set) var problems: [ConfigurationError.Problem] = []

  private static let known = [
    "issuer", "audience", "keys", "jwks", "role", "role_claim", "roles", "tenant", "tenant_claim",
    "tenants", "leeway_seconds", "longest_life_minutes",
  ]

  init(_ node: Node, file: String) {
    var names = GroupReader(node, path: "jwt", file: file, known: nil)
    for (name, _, value) in names.members {
      guard TokenDraft.isName(name) else {
        names.refuse(
          member: name,
          ".\(DisplayText.escaped(name)): a name has letters, digits, dots, hyphens and underscores"
        )
        continue
      }
      var group = GroupReader(value, path: "jwt.\(name)", file: file, known: Self.known)
      if let issuer = Self.issuer(name, &group) {
        if issuers.contains(where: { $0.issuer == issuer.issuer }) {
          group.refuse(member: "issuer", ".issuer is that of another entry too")
        }
        issuers.append(issuer)
      }
      problems += group.problems
    }
    problems = names.problems + problems
  }

  private static func issuer(_ name: String, _ group: inout GroupReader) -> JWTIssuer? {
    let issuer = group.requiredText("issuer")
    let audience = group.requiredText("audience")
    let keys = group.textsByName("keys") ?? [:]
    let keySet = group.text("jwks")
    if keys.isEmpty, keySet == nil {
      group.refuse(member: "issuer", " needs “keys” (files by kid) or “jwks” (a file)")
    }
    let role = role(&group)
    let tenant = tenant(&group)
    let leeway = group.number("leeway_seconds", in: 0...300)
    let life = group.number("longest_life_minutes", in: 1...1440)
    guard let issuer, let audience, let role else { return nil }
    return JWTIssuer(
      name: name, issuer: issuer, audience: audience, keyFiles: keys, keySetFile: keySet,
      role: role, tenant: tenant, leewaySeconds: leeway ?? JWTIssuer.usualLeewaySeconds,
      longestLifeSeconds: life.map { $0 * 60 } ?? JWTIssuer.usualLongestLifeSeconds)
  }

  private static func role(_ group: inout GroupReader) -> JWTIssuer.RoleRule? {
    let fixed = group.role("role")
    let claim = group.text("role_claim")
    let roles = group.roles("roles")
    guard group.has("role") != group.has("role_claim") else {
      group.refuse(member: "role", " needs either “role” or “role_claim”")
      return nil
    }
    guard let claim else {
      if roles != nil { group.refuse(member: "roles", ".roles belongs to “role_claim”") }
      return fixed.map { .fixed($0) }
    }
    let names = Dictionary(uniqueKeysWithValues: Role.allCases.map { ($0.rawValue, $0) })
    return .claim(claim, roles: roles ?? names)
  }

  private static func tenant(_ group: inout GroupReader) -> JWTIssuer.TenantRule {
    let fixed = group.tenant("tenant")
    let claim = group.text("tenant_claim")
    let tenants = group.texts("tenants")
    for tenant in tenants ?? [] { group.checkTenant(tenant, "tenants") }
    if group.has("tenant"), group.has("tenant_claim") {
      group.refuse(member: "tenant_claim", " takes “tenant” or “tenant_claim”, not both")
    }
    guard let claim else {
      if tenants != nil { group.refuse(member: "tenants", ".tenants belongs to “tenant_claim”") }
      return .fixed(fixed ?? TenantScope.defaultTenant)
    }
    if tenants == nil {
      group.refuse(
        member: "tenant_claim", ".tenant_claim needs “tenants”: those that the issuer may speak for"
      )
    }
    return .claim(claim, allowed: Set(tenants ?? []))
  }
}
