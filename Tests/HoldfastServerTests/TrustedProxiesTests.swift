import HTTPTypes
import HoldfastCore
import HoldfastServer
import HoldfastTestKit
import NIOHTTP1
import Testing

@testable import HoldfastServer

/// Where requests come from, behind proxies and where somebody only says so.
@Suite(.timeLimit(.minutes(2))) struct TrustedProxiesTests {
  private static func proxies(_ networks: String...) -> TrustedProxies {
    TrustedProxies(networks.compactMap { IPNetwork($0) })
  }

  private static func origin(
    of peer: String, _ forwarded: [String], over protocols: [String] = []
  ) -> TrustedProxies.Origin {
    var headers = HTTPFields()
    for line in forwarded { headers.append(.init(name: .forwardedFor, value: line)) }
    for line in protocols { headers.append(.init(name: .forwardedProtocol, value: line)) }
    return proxies("10.0.0.0/8", "::1", "fd00::/16").origin(peer: peer, headers)
  }

  @Test(
    arguments: [
      // Nobody forwards.
      ("203.0.113.9", [], "203.0.113.9"),
      ("10.0.0.1", [], "10.0.0.1"),
      // A proxy does; what its client claimed stands further left.
      ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
      ("10.0.0.1", ["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
      ("10.0.0.1", ["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
      ("10.0.0.1", ["1.2.3.4", "203.0.113.9, 10.9.9.9", " 10.8.8.8 "], "203.0.113.9"),
      ("10.0.0.1", ["not an address, 203.0.113.9"], "203.0.113.9"),
      ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
      ("::1", ["2001:db8::7"], "2001:db8::7"),
      ("fd00::1", ["[2001:DB8::7]:4711"], "2001:db8::7"),
      ("fd00::1", ["[2001:db8::7]"], "2001:db8::7"),
      ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
      ("10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
      // Somebody within: the first of them.
      ("10.0.0.1", ["10.0.0.7, 10.0.0.2"], "10.0.0.7"),
      // Nothing that can be believed.
      ("10.0.0.1", ["203.0.113.9, unknown"], "10.0.0.1"),
      ("10.0.0.1", ["203.0.113.9, "], "10.0.0.1"),
      ("10.0.0.1", [""], "10.0.0.1"),
      ("10.0.0.1", ["203.0.113.9:port"], "10.0.0.1"),
      ("10.0.0.1", ["[2001:db8::7"], "10.0.0.1"),
      ("10.0.0.1", ["[2001:db8::7]x"], "10.0.0.1"),
      ("10.0.0.1", ["203.0.113.9\u{2028}"], "10.0.0.1"),
      ("10.0.0.1", ["0x7f.1"], "10.0.0.1"),
      // Who is no proxy may say what it likes.
      ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),
      ("203.0.113.9", ["10.0.0.1"], "203.0.113.9"),
      ("64:ff9b::a00:1", ["1.2.3.4"], "64:ff9b::a00:1"),
      ("unknown", ["1.2.3.4"], "unknown"),
    ] as [(String, [String], String)])
  func theClientIsTheLastStranger(peer: String, forwarded: [String], client: String) {
    #expect(Self.origin(of: peer, forwarded).address == client)
  }

  @Test(
    arguments: [
      ("10.0.0.1", ["https"], true), ("10.0.0.1", ["HTTPS "], true), ("10.0.0.1", ["http"], false),
      ("10.0.0.1", ["http, https"], true), ("10.0.0.1", ["https", "http"], false),
      ("10.0.0.1", [], false), ("203.0.113.9", ["https"], false),
    ] as [(String, [String], Bool)])
  func onlyAProxyTellsOfEncryption(peer: String, protocols: [String], isEncrypted: Bool) {
    let origin = Self.origin(of: peer, ["198.51.100.7"], over: protocols)
    #expect(origin.isEncrypted == isEncrypted)
  }

  @Test func limitsAndTheAuditLogAreOfTheClient() async throws {
    let limit = RateLimit(perSecond: 0.001, burst: 3)
    try await TestServer.run(
      addressLimit: limit, configure: { $0.trustedProxies = Self.proxies("127.0.0.0/8") }
    ) { server in
      func asks(_ forwarded: String) async throws -> Int {
        try await server.get(
          "/api/v1/me", headers: [("X-Forwarded-For", forwarded)], as: .none
        ).status
      }
      // A claim ahead of the address does not make somebody else of them.
      for forged in ["203.0.113.7", "1.1.1.1, 203.0.113.7", "2.2.2.2, 203.0.113.7"] {
        #expect(try await asks(forged) == 401)
      }
      #expect(try await asks("3.3.3.3, 203.0.113.7") == 429)
      #expect(try await asks("203.0.113.8") == 401)

      for _ in 0..<5 {
        let wrong = try await server.postForm(
          "/sign-in", "token=x",
          headers: [("Sec-Fetch-Site", "same-origin"), ("X-Forwarded-For", "203.0.113.20")],
          as: .token)
        #expect(wrong.status == 401)
      }
      for (client, status) in [("203.0.113.20", 429), ("203.0.113.21", 401)] {
        let next = try await server.postForm(
          "/sign-in", "token=x",
          headers: [("Sec-Fetch-Site", "same-origin"), ("X-Forwarded-For", client)], as: .token)
        #expect(next.status == status)
      }

      let made = try await server.post(
        "/api/v1/tenants", ["name": "acme"], headers: [("X-Forwarded-For", "2001:DB8::1")])
      #expect(made.status == 201)
      let log = try await server.get("/api/v1/audit-log?limit=1").json
      #expect(log["items"]?.arrayValue?.first?["address"] == "2001:db8::1")
    }
  }

  @Test func aStrangerIsNotBelieved() async throws {
    let book = LogBook()
    let limit = RateLimit(perSecond: 0.001, burst: 2)
    try await TestServer.run(
      addressLimit: limit, logger: book.logger,
      configure: { $0.trustedProxies = Self.proxies("10.0.0.0/8") }
    ) { server in
      let forged = { (address: String) in
        [("X-Forwarded-For", address), ("X-Forwarded-Proto", "https")]
      }
      for address in ["10.0.0.1", "203.0.113.9"] {
        let answer = try await server.get("/health/detailed", headers: forged(address), as: .none)
        #expect(answer.status == 401)
        #expect(answer.headers.first(name: "strict-transport-security") == nil)
      }
      let third = try await server.get(
        "/health/detailed", headers: forged("203.0.113.10"), as: .none)
      #expect(third.status == 429)
      let told = book.text.split(separator: "\n").filter { $0.contains("trusted_proxies") }
      #expect(told.count == 1)
      #expect(told.first?.contains("127.0.0.1") == true)
      #expect(!book.text.contains("203.0.113."))
    }
  }

  @Test func overAProxysTLSCookiesAreSecure() async throws {
    try await TestServer.run(
      configure: { $0.trustedProxies = Self.proxies("127.0.0.1") }
    ) { server in
      for (scheme, isSecure) in [("https", true), ("http", false)] {
        let answer = try await server.postForm(
          "/sign-in", "token=\(server.token)",
          headers: [("Sec-Fetch-Site", "same-origin"), ("X-Forwarded-Proto", scheme)])
        let cookie = try #require(answer.headers.first(name: "set-cookie"))
        #expect(cookie.contains("; Secure") == isSecure)
        #expect(
          (answer.headers.first(name: "strict-transport-security") != nil) == isSecure)
      }
    }
  }
}
