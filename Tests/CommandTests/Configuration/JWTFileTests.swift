import HoldfastCore
import HoldfastServer
import Testing

@testable import holdfast

@Suite struct JWTFileTests {
  private func load(_ text: String) throws(ConfigurationError) -> Configuration {
    try Configuration.load(flags: [:], file: nil, environment: [:]) {
      (path) throws(ConfigurationError) in path == "holdfast.yaml" ? text : nil
    }
  }

  private func problem(_ members: String) -> String {
    do {
      _ = try load("jwt:\n  ci:\n" + members.split(separator: "\n").map { "    \($0)\n" }.joined())
      return "accepted"
    } catch {
      return "\(error)"
    }
  }

  @Test func anIssuerIsRead() throws {
    let issuers = try load(
      """
      jwt:
        ci:
          issuer: https://id.example.com/
          audience: holdfast
          keys:
            "2026-01": /etc/holdfast/2026-01.pem
          jwks: /etc/holdfast/jwks.json
          role_claim: groups
          roles: {deployers: operator, auditors: viewer}
          tenant_claim: team
          tenants: [acme, other]
          leeway_seconds: 5
          longest_life_minutes: 15
        short:
          issuer: https://short.example/
          audience: holdfast
          jwks: set.json
          role: viewer
      """
    ).jwtIssuers
    #expect(
      issuers == [
        JWTIssuer(
          name: "ci", issuer: "https://id.example.com/", audience: "holdfast",
          keyFiles: ["2026-01": "/etc/holdfast/2026-01.pem"],
          keySetFile: "/etc/holdfast/jwks.json",
          role: .claim("groups", roles: ["deployers": .operator, "auditors": .viewer]),
          tenant: .claim("team", allowed: ["acme", "other"]), leewaySeconds: 5,
          longestLifeSeconds: 900),
        JWTIssuer(
          name: "short", issuer: "https://short.example/", audience: "holdfast",
          keySetFile: "set.json", role: .fixed(.viewer), tenant: .fixed("default")),
      ])
  }

  @Test func whatIsWrongIsToldWithItsPlace() {
    let sound = "issuer: i\naudience: a\njwks: k\n"
    #expect(problem(sound + "role: viewer") == "accepted")
    for (members, said) in [
      (sound, "either “role” or “role_claim”"),
      (sound + "role: viewer\nrole_claim: r", "either “role” or “role_claim”"),
      (sound + "role: viwer", "did you mean “viewer”?"),
      (sound + "role_claim: r\nroles: {ops: root}", "jwt.ci.roles.ops: “root” is no role"),
      (sound + "role: viewer\nroles: {ops: admin}", "belongs to “role_claim”"),
      (sound + "role: viewer\ntenant_claim: t", "needs “tenants”"),
      (sound + "role: viewer\ntenant: A B", "names no tenant"),
      (sound + "role: viewer\naudiance: b", "did you mean “audience”?"),
      (sound + "role: viewer\nleeway_seconds: 3600", "takes a number from 0 to 300"),
      ("issuer: i\naudience: a\nrole: viewer", "needs “keys” (files by kid) or “jwks” (a file)"),
      ("audience: a\njwks: k\nrole: viewer", "holdfast.yaml:3:5: jwt.ci needs “issuer”"),
    ] {
      #expect(problem(members).contains(said), "\(problem(members))")
    }
    let twice = "jwt:\n  a: {issuer: i, audience: a, jwks: k, role: viewer}\n"
    #expect(throws: ConfigurationError.self) {
      try load(twice + "  b: {issuer: i, audience: a, jwks: k, role: viewer}\n")
    }
  }
}
