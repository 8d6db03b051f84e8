import HTTPTypes
import HoldfastCore
import HoldfastStorage
import NIOCore
import NIOHTTP1
import Testing

@testable import HoldfastServer

/// Whatever goes wrong is told in the same form, and every answer carries the same headers.
@Suite(.timeLimit(.minutes(2))) struct ProblemTests {
  @Test func everyAnswerHasTheStrictHeaders() async throws {
    try await TestServer.run { server in
      let style = try #require(
        try await server.get("/sign-in", as: .none).text.firstMatch(of: /\/assets\/style[^"]+/))
      for (path, credentials) in [
        ("/health", TestServer.Credentials.none), ("/sign-in", .none), ("/", .none),
        ("/api/v1/scans", .token), ("/api/v1/scans/999", .token), ("/nowhere", .token),
        (String(style.output), .none),
      ] {
        let headers = try await server.get(path, as: credentials).headers
        let policy = headers.first(name: "content-security-policy")
        #expect(policy == SecurityHeaders.contentSecurityPolicy, "\(path)")
        #expect(headers.first(name: "x-content-type-options") == "nosniff", "\(path)")
        #expect(headers.first(name: "referrer-policy") == "no-referrer", "\(path)")
        #expect(headers.first(name: "cross-origin-opener-policy") == "same-origin", "\(path)")
        #expect(headers.first(name: "cross-origin-resource-policy") == "same-origin", "\(path)")
        #expect(headers.first(name: "permissions-policy") != nil, "\(path)")
        let caching = headers.first(name: "cache-control")
        #expect(
          caching
            == (path.contains("/assets/") ? "public, max-age=31536000, immutable" : "no-store"),
          "\(path)")
      }
    }
  }

  @Test func assetsAreKeptByTheirHash() async throws {
    try await TestServer.run { server in
      let text = try await server.get("/sign-in", as: .none).text
      let style = String(try #require(text.firstMatch(of: /\/assets\/style[^"]+/)).output)
      let first = try await server.get(style, as: .none)
      let tag = try #require(first.headers.first(name: "etag"))
      #expect(first.headers.first(name: "content-type") == "text/css; charset=utf-8")
      let second = try await server.get(style, headers: [("If-None-Match", tag)], as: .none)
      #expect(second.status == 304)
      #expect(second.body.readableBytes == 0)
      #expect(try await server.get("/assets/style-0.css", as: .none).status == 404)
      let head = try await server.send(.HEAD, style, as: .none)
      #expect(head.status == 200)
    }
  }

  @Test func modulesImportEachOtherByTheirHashedNames() async throws {
    try await TestServer.run { server in
      let (cookie, _) = try await server.signIn()
      let page = try await server.get("/", as: .cookie(cookie)).text
      let app = String(try #require(page.firstMatch(of: /\/assets\/app-[^"]+/)).output)
      let source = try await server.get(app, as: .none).text
      let imports = source.matches(of: /from '([^']+)'/).map { String($0.output.1) }
      #expect(imports.count == 5)
      for path in imports {
        let module = try await server.get(path, as: .none)
        #expect(module.status == 200, "\(path)")
        #expect(module.headers.first(name: "content-type") == "text/javascript; charset=utf-8")
      }
    }
  }

  @Test func requestIDsGoInAndOut() async throws {
    try await TestServer.run { server in
      let given = try await server.get(
        "/api/v1/scans/999", headers: [("X-Request-ID", "abc-1.2_3")])
      #expect(given.headers.first(name: "x-request-id") == "abc-1.2_3")
      #expect(try given.json["instance"] == "urn:request:abc-1.2_3")
      for bad in ["with space", String(repeating: "x", count: 129), "a\"b"] {
        let answer = try await server.get("/health", headers: [("X-Request-ID", bad)], as: .none)
        let id = try #require(answer.headers.first(name: "x-request-id"))
        #expect(id != bad && !id.isEmpty)
      }
    }
  }

  @Test func unknownAddressesAndMethodsAreToldApart() async throws {
    try await TestServer.run { server in
      let unknown = try await server.get("/api/v1/nothing")
      #expect(unknown.status == 404)
      #expect(unknown.problem == "not-found")
      let method = try await server.send(.PUT, "/api/v1/scans/1")
      #expect(method.status == 405)
      #expect(method.problem == "method-not-allowed")
      #expect(method.headers.first(name: "allow") == "GET, HEAD, DELETE")
      #expect(try await server.send(.PUT, "/api/scanner/scan").status == 405)
      let page = try await server.get("/nowhere", headers: [("Accept", "text/html")])
      #expect(page.status == 404)
      #expect(page.headers.first(name: "content-type") == "text/html; charset=utf-8")
    }
  }

  /// What follows the header of such an answer would be taken for the next answer on its connection.
  @Test(arguments: ["/sign-in?code=x", "/api/v1/scans", "/nowhere", "/health"])
  func answersToHeadHaveNoContent(path: String) async throws {
    try await TestServer.run { server in
      let answer = try await RawExchange.run(
        "HEAD \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nConnection: close\r\n\r\n",
        port: server.port)
      #expect(answer.hasPrefix("HTTP/1.1 "))
      #expect(answer.lowercased().contains("content-length: "))
      #expect(answer.hasSuffix("\r\n\r\n"))
    }
  }

  @Test func problemsHaveOneShape() async throws {
    try await TestServer.run { server in
      let answer = try await server.get("/api/v1/scans/nonsense")
      let problem = try answer.json
      #expect(answer.headers.first(name: "content-type") == "application/problem+json")
      #expect(problem["type"] == "/problems/scan-not-found")
      #expect(problem["title"] == "No such scan")
      #expect(problem["status"] == 404)
      #expect(problem["detail"]?.stringValue?.contains("nonsense") == true)
    }
  }

  @Test(arguments: ProblemKind.allCases)
  func everyProblemExplainsItself(kind: ProblemKind) {
    #expect(kind.status.code >= 400)
    #expect(!kind.title.isEmpty && !kind.explanation.isEmpty)
  }

  @Test func foreignHostsAreRefused() async throws {
    try await TestServer.run { server in
      let answer = try await server.get("/health", headers: [("Host", "evil.example")], as: .none)
      #expect(answer.status == 421)
      #expect(answer.problem == "host-not-served")
      let own = try await server.get("/health", headers: [("Host", "localhost:1")], as: .none)
      #expect(own.status == 200)
    }
  }

  @Test func largeBodiesAndQueriesAreRefused() async throws {
    try await TestServer.run { server in
      let large = String(repeating: "x", count: (1 << 20) + 1)
      let body = try await server.send(
        .POST, "/api/v1/scans", body: "{\"kind\": \"\(large)\"}",
        headers: [("Content-Type", "application/json")])
      #expect(body.status == 413)
      #expect(body.problem == "too-large")
      let query = try await server.get("/api/v1/scans?kind=" + large.prefix(20_000))
      #expect(query.status == 413)
    }
  }

  @Test func bodiesMustBeJSON() async throws {
    try await TestServer.run { server in
      for type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let answer = try await server.send(
          .POST, "/api/v1/scans", body: "{}", headers: [("Content-Type", type)])
        #expect(answer.status == 415, "\(type)")
        #expect(answer.problem == "unsupported-media-type")
      }
      #expect(try await server.send(.POST, "/api/v1/scans", body: "{}").status == 415)
      let charset = try await server.send(
        .POST, "/api/v1/scans", body: "{}",
        headers: [("Content-Type", "application/json; charset=utf-8")])
      #expect(charset.status == 400)
    }
  }

  @Test func aDatabaseThatIsGoneIsToldAsSuch() async throws {
    try await TestServer.run { server in
      await server.store.close()
      let list = try await server.get("/api/v1/scans")
      #expect(list.status == 503)
      #expect(list.problem == "store-unavailable")
      #expect(list.headers.first(name: "retry-after") != nil)
      let health = try await server.get("/health", as: .none)
      #expect(health.status == 503)
      #expect(try health.json["components"]?["database"] == "unhealthy")
    }
  }
}
