import HoldfastCore
import HoldfastServer
import HoldfastStorage
import Testing

/// `POST /api/audit`, as the runbook of stuck website scans tests the system's health with it.
@Suite(.timeLimit(.minutes(2))) struct AuditAPITests {
  private static let path = "/api/audit"

  private static func kinds(_ parameters: JSONValue = [:]) throws -> KindBook {
    KindBook(
      declared: [
        "site": try KindDeclaration(
          name: "site", json: ["command": ["/bin/true", "{target}"], "parameters": parameters])
      ])
  }

  @Test(arguments: TestDatabase.allCases)
  func theRunbooksCall(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database, kinds: try Self.kinds()) { server in
      let wish: JSONValue = ["url": "https://example.com", "siteId": "7"]
      let answer = try await server.post(Self.path, wish)
      #expect(answer.status == 201)
      let scan = try #require(
        try await server.store.scans(ScanFilter(), cursor: nil, limit: 1).items.first)
      #expect(
        try answer.json == [
          "success": true, "scanId": .string("\(scan.id)"), "scanNumber": .int(scan.number),
          "siteId": "7", "url": "https://example.com", "status": "pending",
          "message": .string("Scan \(scan.number) is in the queue"),
        ])
      #expect(scan.kind == "site" && scan.target == "https://example.com")
      #expect(scan.params == [:])
      #expect(try await server.post(Self.path, wish).problem == "scope-held")
    }
  }

  @Test func theProgramGetsTheSiteIfItAsksForIt() async throws {
    let kinds = try Self.kinds(["site_id": ["type": "string"]])
    try await TestServer.run(kinds: kinds) { server in
      let key = [("Idempotency-Key", "k")]
      let wish: JSONValue = ["url": "https://example.com", "siteId": "7"]
      let first = try await server.post(Self.path, wish, headers: key)
      #expect(first.status == 201)
      let scan = try await server.get("/api/v1/scans/1").json
      #expect(scan["params"] == ["site_id": "7"])
      let again = try await server.post(Self.path, wish, headers: key)
      #expect(again.status == 200)
      #expect(try again.json == first.json)
    }
  }

  @Test func whatIsWrongIsSaid() async throws {
    try await TestServer.run(kinds: try Self.kinds()) { server in
      for url in ["example.com", "ftp://example.com", "https://", "https://a b", "javascript:1"] {
        let answer = try await server.post(Self.path, ["url": .string(url)])
        #expect(answer.status == 400, "\(url)")
        #expect(try answer.json["field"] == "url")
      }
      let inside = try await server.post(Self.path, ["url": "http://127.0.0.1/"])
      #expect(try inside.json["field"] == "url")
      #expect(inside.text.contains("“url”: the address leads to 127.0.0.1"))
      #expect(try await server.post(Self.path, [:]).problem == "invalid-value")
      #expect(
        try await server.post(Self.path, ["url": "https://a.b", "x": 1]).problem == "unknown-field")
    }
    try await TestServer.run { server in
      let answer = try await server.post(Self.path, ["url": "https://example.com"])
      #expect(answer.status == 400)
      #expect(try answer.json["detail"]?.stringValue?.contains("holdfast.yaml") == true)
    }
  }
}
