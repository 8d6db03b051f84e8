import AsyncHTTPClient
import Foundation
import HoldfastCore
import HoldfastTestKit
import NIOCore
import NIOHTTP1
import Testing

@testable import HoldfastServer

/// Signing in with GitHub, against one that the tests run themselves.
@Suite(.timeLimit(.minutes(2))) struct GitHubSignInTests {
  static let access: [GitHubSettings.Entry] = [
    .init(who: .login("Boss"), role: .admin, tenant: "*"),
    .init(who: .team(organization: "acme-inc", slug: "ops"), role: .operator, tenant: "acme"),
    .init(who: .organization("acme-inc"), role: .viewer, tenant: "acme"),
    .init(who: .organization("nowhere-inc"), role: .viewer, tenant: "nowhere"),
  ]

  @Test func theFirstEntryThatFitsGivesRoleAndTenant() async throws {
    let operators = ["acme-inc": "active", "acme-inc/ops": "active"]
    for (account, role, tenant) in [
      (FakeGitHub.Account(login: "boss"), "admin", "*"),
      (.init(login: "ann", memberships: operators), "operator", "acme"),
      (.init(login: "bob", memberships: ["acme-inc": "active"]), "viewer", "acme"),
    ] {
      try await Self.run(as: account) { server, browser in
        let page = try await server.get("/sign-in?next=/scans/4", as: .none)
        #expect(page.text.contains("href=\"/sign-in/github?next=/scans/4\""))
        let answer = try await browser.signIn(next: "/scans/4")
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.text.contains("url=/scans/4"))
        let cookies = answer.headers["set-cookie"]
        #expect(cookies.count == 2)
        #expect(cookies[0].contains("HttpOnly; SameSite=Strict"))
        #expect(cookies[1].hasPrefix("holdfast_sign_in=; Path=/sign-in/github; Max-Age=0"))
        let session = TestServer.Credentials.cookie(try #require(answer.cookie))
        let me = try await server.get("/api/v1/me", as: session).json
        #expect(
          me == [
            "actor": .string("github:\(account.login)"), "role": .string(role),
            "tenant": .string(tenant),
          ])
        #expect(try await server.get("/", as: session).status == 200)
        #expect(browser.fake.scopes == ["read:org"])
      }
    }
  }

  @Test func whoFitsNoEntryIsToldSo() async throws {
    let pending = FakeGitHub.Account(login: "eve", memberships: ["acme-inc": "pending"])
    try await Self.run(as: pending) { _, browser in
      let answer = try await browser.signIn()
      #expect(answer.status == 401)
      #expect(answer.text.contains("“eve” has no access here"))
      #expect(answer.cookie?.hasPrefix("holdfast_session") != true)
      browser.fake.become(.init(login: "eve", memberships: ["nowhere-inc": "active"]))
      let missing = try await browser.signIn()
      #expect(missing.status == 401)
      #expect(missing.text.contains("The tenant “nowhere” is not there yet"))
    }
  }

  /// Whatever does not end what this browser began opens no session, and nothing is asked of GitHub for it.
  @Test func aSignInEndsWhereItBegan() async throws {
    try await Self.run(as: .init(login: "boss")) { server, browser in
      let mine = try await browser.begin()
      let others = try await browser.begin()
      let (code, state) = try await browser.agree(to: mine.location)
      for (query, cookie) in [
        ("code=\(code)&state=\(state)", nil), ("code=\(code)&state=\(state)x", mine.cookie),
        ("code=\(code)", mine.cookie), ("code=\(code)&state=\(state)", others.cookie),
        ("code=\(code)&state=\(state)", mine.cookie + "x"),
      ] as [(String, String?)] {
        let answer = try await server.get(
          "/sign-in/github/callback?\(query)", as: cookie.map { .cookie($0) } ?? .none)
        // The fifth refusal in a minute is the last that is looked at.
        #expect(answer.status == 401, "\(query)")
        #expect(answer.text.contains("was not begun in this browser"))
        #expect(answer.cookie?.hasPrefix("holdfast_session") != true)
      }
      let throttled = try await server.get(
        "/sign-in/github/callback?code=\(code)&state=\(state)", as: .cookie(mine.cookie))
      #expect(throttled.status == 429)
    }
  }

  @Test func aCodeIsGoodOnceAndForItsOwnSignIn() async throws {
    try await Self.run(as: .init(login: "boss")) { server, browser in
      let first = try await browser.begin()
      let (code, state) = try await browser.agree(to: first.location)
      let second = try await browser.begin()
      let other = try await browser.agree(to: second.location)
      // Somebody else's code, slipped into a sign-in: the verifier is not that of its challenge.
      let slipped = try await server.get(
        "/sign-in/github/callback?code=\(other.code)&state=\(state)", as: .cookie(first.cookie))
      #expect(slipped.status == 401)
      #expect(slipped.text.contains("did not take its code back"))
      let path = "/sign-in/github/callback?code=\(code)&state=\(state)"
      #expect(try await server.get(path, as: .cookie(first.cookie)).status == 200)
      let again = try await server.get(path, as: .cookie(first.cookie))
      #expect(again.status == 401)
    }
  }

  @Test func itLeadsNowhereElseAndTellsWhatWentWrong() async throws {
    try await Self.run(as: .init(login: "boss")) { server, browser in
      for next in ["//evil.example", "https://evil.example/", "/\\evil.example", "/sign-in"] {
        let answer = try await browser.signIn(next: next)
        #expect(answer.text.contains("url=/\""), "\(next)")
      }
      let begun = try await browser.begin(next: "/overview")
      let state = try #require(Self.value("state", in: begun.location))
      let denied = try await server.get(
        "/sign-in/github/callback?error=access_denied&state=\(state)", as: .cookie(begun.cookie))
      #expect(denied.status == 401)
      #expect(denied.text.contains("was not allowed to tell who you are"))
      #expect(denied.text.contains("name=\"next\" value=\"/overview\""))
    }
  }

  @Test func noSecretIsInALogOrAPage() async throws {
    let book = LogBook()
    try await Self.run(as: .init(login: "boss"), log: book) { server, browser in
      let good = try await browser.signIn()
      browser.fake.become(.init(login: "eve"))
      let bad = try await browser.signIn()
      let begun = try await browser.begin()
      let (code, state) = try await browser.agree(to: begun.location)
      // The secret's file is gone, and GitHub cannot be asked.
      try FileManager.default.removeItem(atPath: browser.secretFile)
      let failed = try await server.get(
        "/sign-in/github/callback?code=\(code)&state=\(state)", as: .cookie(begun.cookie))
      #expect(failed.status == 401)
      #expect(failed.text.contains("could not be asked"))
      #expect(book.text.contains("the file of the client secret is missing"))
      let secrets = browser.fake.secrets
      #expect(secrets.count > 6)
      for secret in secrets {
        for text in [book.text, good.text, bad.text, failed.text, begun.location] {
          #expect(!text.contains(secret))
        }
      }
    }
  }

  @Test func withoutSettingsThereIsNoButton() async throws {
    try await TestServer.run { server in
      let page = try await server.get("/sign-in", as: .none)
      #expect(!page.text.contains("GitHub"))
      for path in ["/sign-in/github", "/sign-in/github/callback"] {
        let answer = try await server.get(path, as: .none)
        #expect(answer.status == 404)
      }
    }
  }

  @Test func whatTravelsInTheCookieIsSigned() {
    let signer = SessionSigner(secret: "secret", tokenHash: "hash")
    let pending = signer.makePendingSignIn(next: "/a.b?c=d", now: 1000)
    let value = signer.value(of: pending)
    #expect(signer.pendingSignIn(from: value, now: 1599) == pending)
    #expect(signer.pendingSignIn(from: value, now: 1600) == nil)
    #expect(signer.pendingSignIn(from: value + "x", now: 1001) == nil)
    #expect(
      SessionSigner(secret: "other", tokenHash: "hash").pendingSignIn(from: value, now: 1001)
        == nil)
    #expect(!value.contains(signer.codeVerifier(of: pending)))
    #expect(signer.codeVerifier(of: pending).utf8.count == 43)
    for who in Self.access.map(\.who) {
      let subject = Subject.github(login: "ann", who: who)
      #expect(Subject(subject.text) == subject)
    }
    for text in ["github:ann:login:a.b", "github:a b:login:ann", "github:ann:team:x", "jwt:a:b"] {
      #expect(Subject(text) == nil, "\(text)")
    }
  }

  // MARK: -

  private static func run(
    as account: FakeGitHub.Account, log: LogBook = LogBook(),
    _ body: @Sendable (TestServer, Browser) async throws -> Void
  ) async throws {
    try await FakeGitHub.run(as: account) { fake, port in
      let folder = try TemporaryFolder(prefix: "holdfast-github")
      let secretFile = folder.path("secret")
      try Data(FakeGitHub.secret.utf8).write(to: URL(fileURLWithPath: secretFile))
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o600], ofItemAtPath: secretFile)
      let address = "http://127.0.0.1:\(port)"
      let settings = GitHubSettings(
        clientID: FakeGitHub.clientID, secretFile: secretFile, server: address,
        api: address + "/api/v3", access: access)
      try await TestServer.run(logger: log.logger, configure: { $0.github = settings }) { server in
        try await server.addTenant("acme")
        try await body(server, Browser(server: server, fake: fake, secretFile: secretFile))
      }
      withExtendedLifetime(folder) {}
    }
  }

  private static func value(_ name: String, in address: String) -> String? {
    URLComponents(string: address)?.queryItems?.first { $0.name == name }?.value
  }

  /// What somebody's browser does.
  struct Browser: Sendable {
    let server: TestServer
    let fake: FakeGitHub
    let secretFile: String

    func begin(next: String = "/") async throws -> (location: String, cookie: String) {
      let encoded = LocalPath.encoded(next)
      let answer = try await server.get("/sign-in/github?next=\(encoded)", as: .none)
      #expect(answer.status == 302)
      let cookie = try #require(answer.headers.first(name: "set-cookie"))
      #expect(cookie.contains("Path=/sign-in/github; Max-Age=600; HttpOnly; SameSite=Lax"))
      return (
        try #require(answer.headers.first(name: "location")), try #require(answer.cookie)
      )
    }

    /// What GitHub sends back once its user agrees.
    func agree(to location: String) async throws -> (code: String, state: String) {
      let answer = try await TestServer.client.execute(
        .init(url: location), timeout: .seconds(60))
      let back = try #require(answer.headers.first(name: "location"))
      #expect(back.hasPrefix("\(server.origin)/sign-in/github/callback?"))
      return (
        try #require(GitHubSignInTests.value("code", in: back)),
        try #require(GitHubSignInTests.value("state", in: back))
      )
    }

    func signIn(next: String = "/") async throws -> Answer {
      let begun = try await begin(next: next)
      let (code, state) = try await agree(to: begun.location)
      return try await server.get(
        "/sign-in/github/callback?code=\(code)&state=\(state)", as: .cookie(begun.cookie))
    }
  }
}
