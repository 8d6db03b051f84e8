import AsyncHTTPClient
import HoldfastTestKit
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

/// What the server answers over its own TLS has the top grade of Mozilla's Observatory, page by page.
@Suite(.timeLimit(.minutes(2))) struct ObservatoryTests {
  @Test func everyPageHasTheTopGrade() async throws {
    let folder = try TemporaryFolder(prefix: "holdfast-tls")
    let tls = try TLSTests.files(in: folder)
    try await TestServer.run(folder: folder, tls: tls) { server in
      try await Self.withClient { client in
        func fetch(
          _ path: String, _ headers: [(String, String)] = [], form: String? = nil
        ) async throws -> Observatory {
          var request = HTTPClientRequest(url: "https://127.0.0.1:\(server.port)\(path)")
          request.headers.add(name: "Accept", value: "text/html")
          for (name, value) in headers { request.headers.add(name: name, value: value) }
          if let form {
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(ByteBuffer(string: form))
          }
          let answer = try await client.execute(request, timeout: .seconds(60))
          let body = try await answer.body.collect(upTo: 8 << 20)
          return Observatory(headers: answer.headers, page: String(buffer: body))
        }
        let signedIn = try await fetch(
          "/sign-in", [("Sec-Fetch-Site", "same-origin")], form: "token=\(server.token)")
        // A cookie that is as it should be is worth five points more.
        #expect(signedIn.score == 135, "\(signedIn.findings)")
        let cookie = try #require(
          signedIn.headers.first(name: "set-cookie")?.split(separator: ";").first)
        let session = [("Cookie", String(cookie))]
        for path in [
          "/", "/overview", "/cleanup", "/docs", "/problems/scope-held", "/nothing", "/sign-in",
          "/api/v1/scans", "/openapi.yaml", "/favicon.ico",
        ] {
          for headers in [session, []] {
            let scored = try await fetch(path, headers)
            #expect(scored.grade == "A+", "\(path): \(scored.findings)")
            #expect(scored.score >= 130, "\(path): \(scored.findings)")
          }
        }
      }
      // Nothing is to be redirected: plain HTTP is not spoken there.
      await #expect(throws: (any Error).self) {
        try await TestServer.client.execute(
          .init(url: "http://127.0.0.1:\(server.port)/"), timeout: .seconds(60))
      }
    }
  }

  /// The rules themselves find what is wrong.
  @Test func whatIsMissingCosts() {
    let bare = Observatory(headers: [:], page: "")
    #expect(bare.score == 30)
    #expect(bare.grade == "D")
    let good: HTTPHeaders = [
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "strict-transport-security": "max-age=63072000", "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer", "cross-origin-resource-policy": "same-origin",
    ]
    #expect(Observatory(headers: good, page: "").score == 130)
    for (name, value, score) in [
      ("content-security-policy", "default-src 'none'", 80),
      ("content-security-policy", "script-src 'unsafe-inline'; frame-ancestors 'none'", 80),
      (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'", 120
      ),
      ("content-security-policy", "default-src 'self'; frame-ancestors 'none'", 125),
      (
        "content-security-policy",
        "default-src 'none'; connect-src http:; frame-ancestors 'none'", 80
      ),
      ("strict-transport-security", "max-age=3600", 120), ("x-content-type-options", "x", 125),
      ("referrer-policy", "unsafe-url", 120), ("cross-origin-resource-policy", "x", 115),
      ("set-cookie", "a=b; Path=/; HttpOnly; SameSite=Strict", 60),
      ("set-cookie", "a=b; Path=/; Secure; SameSite=Strict", 70),
    ] {
      var headers = good
      headers.replaceOrAdd(name: name, value: value)
      let scored = Observatory(headers: headers, page: "")
      #expect(scored.score == score, "\(name): \(value): \(scored.findings)")
    }
    let foreign = "<script src=\"https://elsewhere.example/a.js\"></script>"
    #expect(Observatory(headers: good, page: foreign).score == 50)
  }

  private static func withClient(
    _ body: (HTTPClient) async throws -> Void
  ) async throws {
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    configuration.tlsConfiguration = .makeClientConfiguration()
    // It is signed by nobody.
    configuration.tlsConfiguration?.certificateVerification = .none
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    do {
      try await body(client)
    } catch {
      try await client.shutdown()
      throw error
    }
    try await client.shutdown()
  }
}
