import HoldfastCore
import HoldfastServer
import Testing

@testable import holdfast

@Suite struct GitHubFileTests {
  private func load(_ text: String) throws(ConfigurationError) -> Configuration {
    try Configuration.load(flags: [:], file: nil, environment: [:]) {
      (path) throws(ConfigurationError) in path == "holdfast.yaml" ? text : nil
    }
  }

  private func problem(_ text: String) -> String {
    do {
      _ = try load(text)
      return "accepted"
    } catch {
      return "\(error)"
    }
  }

  @Test func whoMaySignInIsRead() throws {
    let settings = try load(
      """
      github:
        client_id: Iv1.0123
        client_secret_file: /etc/holdfast/github-secret
        access:
          - {login: octocat, role: admin, tenant: "*"}
          - {team: acme-inc/operators, role: operator, tenant: acme}
          - {organization: acme-inc, role: viewer}
      """
    ).github
    #expect(
      settings
        == GitHubSettings(
          clientID: "Iv1.0123", secretFile: "/etc/holdfast/github-secret",
          access: [
            .init(who: .login("octocat"), role: .admin, tenant: "*"),
            .init(
              who: .team(organization: "acme-inc", slug: "operators"), role: .operator,
              tenant: "acme"),
            .init(who: .organization("acme-inc"), role: .viewer, tenant: "default"),
          ]))
  }

  @Test func aGitHubOfOnesOwnHasItsAPIBeneathItself() throws {
    let head =
      "github:\n  client_id: a\n  client_secret_file: b\n  access: [{login: c, role: viewer}]\n"
    let own = try load(head + "  server: https://github.example.com/\n").github
    #expect(own?.server == "https://github.example.com")
    #expect(own?.api == "https://github.example.com/api/v3")
    #expect(
      try load(head + "  server: http://127.0.0.1:81\n").github?.server == "http://127.0.0.1:81")
    for (line, said) in [
      ("server: http://github.example.com", "must begin with https://"),
      ("server: github.example.com", "must begin with http://"),
      ("public_url: https://a@b/", "before “@”"), ("acess: []", "did you mean “access”?"),
    ] {
      #expect(problem(head + "  \(line)\n").contains(said), "\(problem(head + "  \(line)\n"))")
    }
    let bare = "github:\n  client_id: a\n  client_secret_file: b\n  access:"
    for (entry, said) in [
      (" []", "needs “access”: a list"),
      (" [{role: viewer}]", "needs one of login, organization, team"),
      (" [{login: a, team: b/c, role: viewer}]", "needs one of"),
      (" [{team: b, role: viewer}]", "takes ORGANIZATION/TEAM"),
      (" [{login: a.b, role: viewer}]", "takes a name"), (" [{login: a}]", "needs “role”"),
      (" [{login: a, role: boss}]", "is no role"),
    ] {
      #expect(problem(bare + entry).contains(said), "\(problem(bare + entry))")
    }
  }

  @Test func whereScansMayLeadIsRead() throws {
    let rules = try load("network:\n  allow: [10.0.0.0/8, \"::1\", a.example, \"*.b.example\"]\n")
      .network
    #expect(
      rules.allowed
        == ["10.0.0.0/8", "::1", "a.example", "*.b.example"].compactMap(
          NetworkRules.Exception.init))
    #expect(rules.allowed.count == 4)
    #expect(try load("network: {allow: localhost}").network.allows(name: "localhost"))
    #expect(problem("network: {allow: [10.0.0.1/8]}").contains("neither a network"))
    #expect(problem("network: {deny: [a]}").contains("there is no “deny”"))
  }
}
