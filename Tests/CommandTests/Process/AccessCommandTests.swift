import Foundation
import HoldfastCore
import HoldfastTestKit
import Testing

/// Tokens, tenants and users, from the command line.
@Suite struct AccessCommandTests {
  @Test func tokensAreMadeShownOnceAndEnded() async throws {
    let stage = try Stage()
    _ = try await stage.run("migrate")
    #expect(try await stage.run("tenant", "add", "acme").status == 0)
    #expect(try await stage.run("tenant", "add", "acme").status == 64)
    #expect(try await stage.run("tenant", "add", "Acme").status == 64)

    let made = try await stage.run(
      "token", "create", "ci", "--role", "operator", "--tenant", "acme", "--expires", "90d")
    #expect(made.status == 0, "\(made.log)")
    let token = made.output.trimmingCharacters(in: .newlines)
    #expect(token.wholeMatch(of: /hf_[A-Za-z0-9_-]{43}/) != nil)
    #expect(!made.log.contains(token))
    let list = try await stage.run("token", "list", "--json")
    #expect(!list.output.contains(token))
    let records = try JSONDecoder().decode([TokenRecord].self, from: Data(list.output.utf8))
    #expect(records.map(\.name) == ["ci"])
    #expect(records.first?.tenant == "acme")
    let life = try #require(records.first?.expiresAt).seconds(
      since: try #require(records.first?.createdAt))
    #expect(abs(life - 90 * 86_400) < 1)

    for arguments in [
      ["token", "create", "ci", "--role", "viewer", "--tenant", "acme"],
      ["token", "create", "x", "--role", "viewer", "--tenant", "nowhere"],
      ["token", "create", "x", "--role", "root"], ["token", "revoke", "nothing"],
      ["token", "create", "x", "--role", "viewer", "--expires", "soon"],
    ] {
      let result = try await HoldfastProcess.run(arguments + ["--data-dir", stage.data])
      #expect(result.end == .exited(64), "\(arguments): \(result.log)")
    }

    let rotated = try await stage.run("token", "rotate", "ci")
    #expect(rotated.status == 0)
    #expect(rotated.output.hasPrefix("hf_"))
    #expect(rotated.output != made.output)
    #expect(try await stage.run("token", "revoke", "ci").status == 0)
    let log = try await stage.run("audit", "--json")
    let page = try JSONDecoder().decode(Page<AuditRecord>.self, from: Data(log.output.utf8))
    #expect(
      page.items.map(\.action)
        == ["token.revoke", "token.rotate", "token.create", "tenant.create"])
    #expect(page.items.allSatisfy { $0.actor == "cli" })
    #expect(!log.output.contains(token))
  }

  @Test func aPasswordIsReadFromStandardInput() async throws {
    let stage = try Stage()
    _ = try await stage.run("migrate")
    // There is none.
    let refused = try await stage.run("user", "add", "ann", "--role", "viewer")
    #expect(refused.status == 64)
    #expect(refused.log.contains("at least 12 characters"))
    #expect(try await stage.run("user", "list").output.isEmpty)
    #expect(try await stage.run("user", "role", "ann", "admin").status == 64)
  }
}
