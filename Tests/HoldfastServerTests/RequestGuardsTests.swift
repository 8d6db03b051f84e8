import HTTPTypes
import HoldfastCore
import Hummingbird
import NIOCore
import Testing

@testable import HoldfastServer

/// The guards that look at a request before anything else does.
@Suite struct RequestGuardsTests {
  @Test(arguments: [
    ("localhost", true), ("localhost:8710", true), ("127.0.0.1:1", true), ("[::1]:8710", true),
    ("LOCALHOST:80", true), ("scans.example:443", true), ("", false), ("evil.example", false),
    ("127.0.0.1.evil.example", false), ("localhost.evil.example:8710", false),
    ("192.168.1.5:8710", false), ("[fe80::1]:8710", false), ("a:b:c", false), ("[::1", false),
  ])
  func onLoopbackOnlyItsOwnNamesAreServed(authority: String, isServed: Bool) {
    let guardian = HostMiddleware(boundTo: "127.0.0.1", names: ["Scans.example"])
    #expect(guardian.accepts(authority) == isServed)
  }

  @Test(arguments: [
    ("192.168.1.5:8710", true), ("[fe80::1]:8710", true), ("scans.lan:8710", true),
    ("evil.example", false), ("1.2.3.4.5", false), ("1.2.3.400", false),
  ])
  func elsewhereAddressesAreServedToo(authority: String, isServed: Bool) {
    let guardian = HostMiddleware(boundTo: "0.0.0.0", names: ["scans.lan"])
    #expect(guardian.accepts(authority) == isServed)
  }

  @Test(
    arguments: [
      (nil, nil, false), ("same-origin", nil, true), ("same-origin", "null", true),
      ("same-site", nil, false), ("cross-site", "http://127.0.0.1:8710", false),
      ("none", nil, false), (nil, "http://127.0.0.1:8710", true),
      (nil, "https://127.0.0.1:8710", true), (nil, "http://127.0.0.1:9999", false),
      (nil, "null", false), ("same-origin", "http://evil.example", false),
    ] as [(String?, String?, Bool)])
  func writesOfASessionComeFromOurOwnPages(site: String?, origin: String?, isOurs: Bool) {
    var headers: HTTPFields = [:]
    headers[.secFetchSite] = site
    headers[.origin] = origin
    let request = Request(
      head: HTTPRequest(
        method: .post, scheme: "http", authority: "127.0.0.1:8710", path: "/scans",
        headerFields: headers),
      body: .init(buffer: .init()))
    #expect(SameOrigin.isSame(request) == isOurs)
  }

  @Test(arguments: [
    ("/", true), ("/scans/4?change=added", true), ("//evil.example", false),
    ("/\\evil.example", false), ("https://evil.example", false), ("", false), ("/a b", false),
    ("/\u{1}", false),
  ])
  func onlyAddressesHereAreLedTo(path: String, isSafe: Bool) {
    #expect(LocalPath.isSafe(path) == isSafe)
  }

  @Test func queriesAreDecoded() throws {
    let query = Query(encoded: "a=1&b=%2Fsrv%2F%C3%BC+x&status=failed,partial&status=running&c")
    #expect(query["a"] == "1")
    #expect(query["b"] == "/srv/ü x")
    #expect(query["c"] == "")
    #expect(query["d"] == nil)
    #expect(try query.statuses() == [.failed, .partial, .running])
  }

  @Test func methodsOfAnAddressAreKnown() {
    var table = RouteTable()
    table.add(.get, path: "/scans/{id}")
    table.add(.post, path: "/scans/{id}/cancel")
    table.add(.head, path: "/scans/{id}")
    #expect(table.methods(at: "/scans/4") == [.get, .head])
    #expect(table.methods(at: "/scans/4/cancel") == [.post])
    #expect(table.methods(at: "/scans").isEmpty)
  }
}

/// What a proxy and this server could read in two ways is refused, and what comes after it is not taken for another request.
@Suite(.timeLimit(.minutes(2))) struct AmbiguousRequestTests {
  private static let hidden = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

  /// The head's first line, its further fields, and what comes after it.
  private static let ambiguous: [(line: String, fields: String, rest: String)] = [
    ("GET /health", "Host: localhost\r\nHost: evil.example\r\n", ""),
    (
      "POST /sign-in",
      "Host: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"
    ),
    ("POST /sign-in", "Host: localhost\r\nContent-Length: 0\r\nContent-Length: 99\r\n", ""),
    ("POST /sign-in", "Host: localhost\r\nTransfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
    ("POST /sign-in", "Host: localhost\r\nTransfer-Encoding : chunked\r\n", "0\r\n\r\n"),
    ("GET /health", "Host: localhost\r\n X-Folded: a\r\n", ""),
  ]

  @Test func whatCanBeReadInTwoWaysIsRefused() async throws {
    try await TestServer.run { server in
      for (line, fields, rest) in Self.ambiguous {
        let answer = try await RawExchange.run(
          "\(line) HTTP/1.1\r\n\(fields)Connection: close\r\n\r\n\(rest)\(Self.hidden)",
          port: server.port)
        // Of a sign-in it may come out before its body is looked at that no page of ours has sent it.
        #expect(
          ["HTTP/1.1 400 ", "HTTP/1.1 403 "].contains { answer.hasPrefix($0) },
          "\(line) \(fields): \(answer.prefix(200))")
        #expect(!answer.contains("healthy"), "\(line) \(fields): \(answer)")
      }
      let same = try await RawExchange.run(
        "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", port: server.port)
      #expect(same.hasPrefix("HTTP/1.1 200 "))
    }
  }
}

/// A body that never ends.
@Suite(.timeLimit(.minutes(2))) struct BodyDeadlineTests {
  @Test func aBodyThatDoesNotEndIsNotWaitedFor() async throws {
    try await TestServer.run(configure: { $0.longestBody = .milliseconds(200) }) { server in
      let start = ContinuousClock.now
      let answer = try await RawExchange.run(
        "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
          + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\ntoken=",
        port: server.port)
      #expect(!answer.contains("HTTP/1.1 200"))
      // An idle connection would be ended after a minute, too.
      #expect(ContinuousClock.now - start < .seconds(50))
    }
  }
}
