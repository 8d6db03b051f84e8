import HoldfastCore
import NIOHTTP1
import Testing

@testable import HoldfastServer

/// What clients hold already is not sent again, and what they send twice is done once.
@Suite(.timeLimit(.minutes(2))) struct ConditionalReadTests {
  @Test func aReadIsSentOnceWhileNothingChanges() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      _ = try await worker.submit("/srv/a")
      for path in ["/api/v1/scans", "/api/v1/scans/1", "/api/v1/scans/1/events"] {
        let first = try await server.get(path)
        let tag = try #require(first.headers.first(name: "etag"), "\(path)")
        let again = try await server.get(path, headers: [("If-None-Match", tag)])
        #expect(again.status == 304, "\(path)")
        #expect(again.text.isEmpty && again.headers.first(name: "etag") == tag)
        #expect(again.headers.first(name: "content-security-policy") != nil)
        let weak = try await server.get(path, headers: [("If-None-Match", "\"x\", W/\(tag)")])
        #expect(weak.status == 304, "\(path)")
      }
      let tag = try #require(try await server.get("/api/v1/scans/1").headers.first(name: "etag"))
      _ = try await server.post("/api/v1/scans/1/cancel")
      let changed = try await server.get("/api/v1/scans/1", headers: [("If-None-Match", tag)])
      #expect(changed.status == 200)
      #expect(try changed.json["status"] == "cancelled")
    }
  }

  @Test func onlyReadsHaveTags() async throws {
    try await TestServer.run { server in
      let done = try await server.post("/api/v1/plans", headers: [("If-None-Match", "*")])
      #expect(done.status == 200)
      #expect(done.headers.first(name: "etag") == nil)
      let head = try await server.send(.HEAD, "/api/v1/workers")
      #expect(head.headers.first(name: "etag") != nil)
    }
  }

  @Test(arguments: [
    (#""a""#, true), (#"W/"a""#, true), ("*", true), (#""b", "a""#, true), (#""b""#, false),
    ("", false), ("a", false),
  ])
  func tagsAreComparedWeakly(header: String, matches: Bool) {
    #expect(EntityTag.matches(header, #""a""#) == matches)
  }

  @Test func aLibraryScanIsStartedOnceByKey() async throws {
    try await TestServer.run { server in
      let headers = [("Idempotency-Key", "one"), ("Prefer", "respond-async")]
      let first = try await server.post(
        "/api/scanner/scan", ["root_path": "/srv/a"], headers: headers)
      #expect(first.status == 202)
      let second = try await server.post(
        "/api/scanner/scan", ["root_path": "/srv/a"], headers: headers)
      #expect(second.status == 202)
      #expect(try first.json == second.json)
      let bad = try await server.post(
        "/api/scanner/scan", ["root_path": "/srv/b"], headers: [("Idempotency-Key", "ä")])
      #expect(bad.status == 400)
    }
  }

  @Test func zeroBytesAreRefused() async throws {
    try await TestServer.run(on: .postgres) { server in
      let listed = try await server.get("/api/v1/scans?kind=%00")
      #expect(listed.status == 400)
      let cancelled = try await server.post("/api/v1/scans/1/cancel", ["reason": "a\u{0}"])
      #expect(cancelled.status == 400)
    }
  }
}
