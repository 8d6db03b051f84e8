import HoldfastCore
import HoldfastStorage
import NIOHTTP1
import Testing

@Suite(.timeLimit(.minutes(2))) struct ScansAPITests {
  @Test func aScanIsCreated() async throws {
    try await TestServer.run { server in
      let answer = try await server.post(
        "/api/v1/scans",
        [
          "kind": "library", "target": "/srv/library/", "priority": 5,
          "params": ["allowed_extensions": ["MP4", ".pdf"]],
        ])
      #expect(answer.status == 201)
      let scan = try answer.decoded(as: Scan.self)
      #expect(answer.headers.first(name: "location") == "/api/v1/scans/\(scan.id)")
      #expect(scan.number == 1)
      #expect(scan.status == .pending)
      #expect(scan.target == "/srv/library")
      #expect(scan.params == ["allowed_extensions": ["mp4", "pdf"]])
      #expect(scan.priority == 5)
      #expect(scan.createdBy == "api")
      #expect(scan.scope == "library:/srv/library")
      for name in ["1", "\(scan.id)", "\(scan.id)".uppercased()] {
        #expect(try await server.get("/api/v1/scans/\(name)").decoded(as: Scan.self) == scan)
      }
    }
  }

  @Test func anIdempotencyKeyIsAnsweredWithItsScan() async throws {
    try await TestServer.run { server in
      func submit(_ target: String) async throws -> Answer {
        try await server.post(
          "/api/v1/scans", ["kind": "library", "target": .string(target)],
          headers: [("Idempotency-Key", "nightly-1")])
      }
      let first = try await submit("/srv/a")
      let second = try await submit("/srv/a")
      #expect(first.status == 201)
      #expect(second.status == 200)
      #expect(try first.json == second.json)
      let other = try await submit("/srv/b")
      #expect(other.status == 409)
      #expect(other.problem == "idempotency-conflict")
      let long = try await server.post(
        "/api/v1/scans", ["kind": "library", "target": "/srv/c"],
        headers: [("Idempotency-Key", String(repeating: "k", count: 256))])
      #expect(long.status == 400)
    }
  }

  @Test func aHeldScopeIsAConflict() async throws {
    try await TestServer.run { server in
      let first = try await server.post(
        "/api/v1/scans", ["kind": "library", "target": "/srv/a"])
      let holder = try first.decoded(as: Scan.self)
      let second = try await server.post(
        "/api/v1/scans", ["kind": "library", "target": "/srv/./a/"])
      #expect(second.status == 409)
      #expect(second.problem == "scope-held")
      let problem = try second.json
      #expect(problem["scan_id"] == .int(holder.number))
      let detail = try #require(problem["detail"]?.stringValue)
      #expect(
        detail.wholeMatch(of: /Scan already in progress \(started at \d\d:\d\d:\d\d\)/) != nil)
      #expect(problem["message"] == problem["detail"])
    }
  }

  /// A body, the problem, and the field that it names.
  static let bad: [(String, String, String?)] = [
    ("", "invalid-value", "kind"),
    ("{", "malformed-request", nil),
    ("[]", "malformed-request", nil),
    ("\"text\"", "malformed-request", nil),
    ("{}", "invalid-value", "kind"),
    (#"{"kind": "library", "target": "/srv", "kind": "library"}"#, "invalid-value", "kind"),
    (
      #"{"kind": "library", "target": "/srv", "params": {"hash": false, "hash": true}}"#,
      "invalid-value", "hash"
    ),
    ("\u{FEFF}{}", "malformed-request", nil),
    (
      #"{"kind": "library", "target": "/srv", "params": "# + String(repeating: "[", count: 5000),
      "malformed-request", nil
    ),
    (
      #"{"kind": "\#(String(repeating: "k", count: 3000))", "target": "/srv"}"#, "invalid-value",
      "kind"
    ),
    (
      #"{"kind": "library", "target": "/srv", "params": {"\#(String(repeating: "p", count: 3000))": 1}}"#,
      "unknown-field", "params." + String(repeating: "p", count: 64)
    ),
    (#"{"kind": 4, "target": "/srv"}"#, "invalid-value", "kind"),
    (#"{"kind": "library"}"#, "invalid-value", "target"),
    (#"{"kind": "library", "target": null}"#, "invalid-value", "target"),
    (#"{"kind": "libary", "target": "/srv"}"#, "invalid-value", "kind"),
    (#"{"kind": "library", "target": ""}"#, "invalid-value", "target"),
    (#"{"kind": "library", "target": "srv"}"#, "invalid-value", "target"),
    (#"{"kind": "library", "target": "/a\u0000b"}"#, "invalid-value", "target"),
    (#"{"kind": "library", "target": "/srv", "parms": {}}"#, "unknown-field", "parms"),
    (#"{"kind": "library", "target": "/srv", "params": []}"#, "invalid-value", "params"),
    (
      #"{"kind": "library", "target": "/srv", "params": {"hsh": true}}"#, "unknown-field",
      "params.hsh"
    ),
    (
      #"{"kind": "library", "target": "/srv", "params": {"hash": "yes"}}"#, "invalid-value",
      "params.hash"
    ),
    (
      #"{"kind": "library", "target": "/srv", "params": {"max_size_bytes": -1}}"#,
      "invalid-value", "params.max_size_bytes"
    ),
    (#"{"kind": "library", "target": "/srv", "priority": 101}"#, "invalid-value", "priority"),
    (#"{"kind": "library", "target": "/srv", "priority": 1.5}"#, "invalid-value", "priority"),
    (#"{"kind": "library", "target": "/srv", "priority": "high"}"#, "invalid-value", "priority"),
  ]

  @Test func whatIsWrongIsNamed() async throws {
    try await TestServer.run { server in
      for (body, kind, field) in Self.bad {
        let answer = try await server.send(
          .POST, "/api/v1/scans", body: body, headers: [("Content-Type", "application/json")])
        #expect(answer.status == 400, "\(body)")
        #expect(answer.problem == kind, "\(body): \(answer.text)")
        #expect(try answer.json["field"]?.stringValue == field, "\(body)")
        #expect(answer.text.utf8.count < 2000, "\(body.prefix(100))")
      }
      let long = String(repeating: "/srv", count: 2000)
      let answer = try await server.post(
        "/api/v1/scans", ["kind": "library", "target": .string(long)])
      #expect(answer.status == 400)
      #expect(try await server.get("/api/v1/scans").json["items"] == [])
    }
  }

  @Test func unknownFieldsAreToldWithTheNearest() async throws {
    try await TestServer.run { server in
      let body = try await server.post(
        "/api/v1/scans", ["kind": "library", "target": "/srv", "parms": [:]])
      #expect(try body.json["detail"]?.stringValue?.contains("“params”") == true)
      let query = try await server.get("/api/v1/scans?stauts=failed")
      #expect(query.problem == "unknown-field")
      #expect(try query.json["detail"]?.stringValue?.contains("“status”") == true)
      let value = try await server.get("/api/v1/scans?status=faild")
      #expect(value.problem == "invalid-value")
      #expect(try value.json["detail"]?.stringValue?.contains("“failed”") == true)
    }
  }

  @Test func limitsAndCursorsAreChecked() async throws {
    try await TestServer.run { server in
      for query in ["limit=0", "limit=501", "limit=x", "limit=-1", "cursor=nonsense"] {
        let answer = try await server.get("/api/v1/scans?\(query)")
        #expect(answer.status == 400, "\(query)")
        #expect(answer.problem == "invalid-value", "\(query)")
      }
      #expect(try await server.get("/api/v1/scans?limit=500").status == 200)
    }
  }

  @Test func listsArePagedToTheirEnd() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      for index in 0..<7 {
        let scan = try await worker.submit("/srv/\(index)")
        if index.isMultiple(of: 2) { try await worker.finish(try await worker.claim(scan.id)) }
      }
      let all = try await Self.pages(server, "/api/v1/scans?limit=3", of: Scan.self)
      #expect(all.map(\.number) == [7, 6, 5, 4, 3, 2, 1])
      let done = try await Self.pages(
        server, "/api/v1/scans?limit=3&status=completed", of: Scan.self)
      #expect(done.map(\.number) == [7, 5, 3, 1])
      let either = try await Self.pages(
        server, "/api/v1/scans?limit=2&status=completed,pending&kind=library", of: Scan.self)
      #expect(either.count == 7)
      let none = try await Self.pages(server, "/api/v1/scans?kind=other", of: Scan.self)
      #expect(none.isEmpty)
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func eventsErrorsAndItemsArePagedToTheirEnd(database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      let errors = (0..<5).map {
        ItemError(path: "bad-\($0).exe", type: "invalid_extension", message: "not allowed")
      }
      try await worker.finish(try await worker.claim(scan.id), files: 12, errors: errors)
      let path = "/api/v1/scans/\(scan.number)"
      let events = try await Self.pages(server, "\(path)/events?limit=1", of: ScanEvent.self)
      #expect(events.map(\.eventType) == ["scan_submitted", "scan_claimed", "scan_partial"])
      let stored = try await Self.pages(server, "\(path)/errors?limit=2", of: ScanErrorRecord.self)
      #expect(stored.map(\.filePath).sorted() == errors.map(\.path))
      let items = try await Self.pages(server, "\(path)/items?limit=5", of: ScanItemRecord.self)
      #expect(items.count == 12)
      #expect(items.map(\.item.key) == items.map(\.item.key).sorted())
      let added = try await Self.pages(
        server, "\(path)/items?limit=5&change=added", of: ScanItemRecord.self)
      #expect(added == items)
      let removed = try await Self.pages(
        server, "\(path)/items?change=removed", of: ScanItemRecord.self)
      #expect(removed.isEmpty)
      #expect(try await server.get("\(path)/items?change=eaten").status == 400)
    }
  }

  @Test func operatorsAct() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      func act(_ action: String, _ body: JSONValue = [:]) async throws -> Answer {
        try await server.post("/api/v1/scans/\(scan.number)/\(action)", body)
      }
      #expect(try await act("resume").problem == "action-not-allowed")
      #expect(try await act("retry").status == 409)
      let cancelled = try await act("cancel", ["reason": "by mistake"])
      #expect(cancelled.status == 200)
      #expect(try cancelled.decoded(as: Scan.self).status == .cancelled)
      #expect(try await act("cancel").status == 409)
      #expect(try await act("retry").decoded(as: Scan.self).status == .pending)
      _ = try await worker.claim(scan.id)
      let asked = try await act("pause")
      #expect(asked.status == 202)
      #expect(try asked.decoded(as: Scan.self).requestedAction == .pause)
      #expect(try await act("cancel", ["raison": "x"]).problem == "unknown-field")
      #expect(try await server.post("/api/v1/scans/99/cancel").status == 404)
      #expect(try await server.post("/api/v1/scans/\(scan.number)/explode").status == 404)
    }
  }

  @Test func workersAreListed() async throws {
    try await TestServer.run { server in
      _ = try await ScriptedWorker.start(server.store)
      let answer = try await server.get("/api/v1/workers")
      let workers = try #require(try answer.json["items"]?.arrayValue)
      #expect(workers.count == 1)
      #expect(workers.first?["name"] == "scripted")
      #expect(workers.first?["slots"] == 4)
    }
  }

  /// Follows the cursors to the end.
  static func pages<Row: Codable & Sendable>(
    _ server: TestServer, _ path: String, of type: Row.Type
  ) async throws -> [Row] {
    var rows: [Row] = []
    var cursor = ""
    repeat {
      let page = try await server.get(path + cursor).decoded(as: Page<Row>.self)
      rows += page.items
      cursor = page.nextCursor.map { (path.contains("?") ? "&" : "?") + "cursor=\($0)" } ?? ""
    } while !cursor.isEmpty
    return rows
  }
}
