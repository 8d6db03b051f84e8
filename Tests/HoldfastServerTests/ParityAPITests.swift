import HoldfastCore
import HoldfastServer
import HoldfastStorage
import NIOHTTP1
import Testing

/// What the commands can do, the API can: safe submissions, removals, resets and reverts of many, declared kinds everywhere.
@Suite(.timeLimit(.minutes(2))) struct ParityAPITests {
  private static func kinds() throws -> KindBook {
    let json: JSONValue = [
      "command": ["/bin/true", "{target}"], "target": "url", "about": "Tender portals",
      "parameters": ["pages": ["type": "integer", "minimum": 1, "required": true]],
    ]
    return KindBook(declared: ["portals": try KindDeclaration(name: "portals", json: json)])
  }

  // MARK: Safe submissions

  @Test(arguments: TestDatabase.allCases)
  func aSafeSubmissionDoesWhatTheCheckSays(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let path = "/api/v1/safe-submissions"
      let wish: JSONValue = ["kind": "library", "target": "/srv/stuck/", "priority": 3]
      let key = [("Idempotency-Key", "k")]
      let started = try await server.post(path, wish, headers: key)
      #expect(started.status == 201, "\(started.text)")
      #expect(try started.json["outcome"] == "started")
      #expect(try started.json["scan"]?["target"] == "/srv/stuck")
      let number = try #require(try started.json["scan"]?["number"]?.intValue)
      let id = try #require(try started.json["scan"]?["id"]?.stringValue)
      #expect(started.headers.first(name: "location") == "/api/v1/scans/\(id)")
      let again = try await server.post(path, wish, headers: key)
      #expect(again.status == 200)
      #expect(try again.json["outcome"] == "existing")
      let other = try await server.post(
        path, ["kind": "library", "target": "/srv/other"], headers: key)
      #expect(other.problem == "idempotency-conflict")
      // There is one to wait for.
      let held = try await server.post(path, wish)
      #expect(held.status == 409 && held.problem == "scope-held")
      #expect(try held.json["scan_id"] == .int(number))
      #expect(try held.json["check"]?.stringValue != nil)

      // It died without a trace a day ago: it is cleaned, and another starts.
      let worker = try await ScriptedWorker.start(server.store)
      _ = try await worker.claim(try #require(ScanID(id)))
      let heard = try await server.store.now().adding(seconds: -25 * 3600)
      try await server.shell(
        """
        UPDATE scans SET created_at = '\(heard)', claimed_at = '\(heard)', started_at = '\(heard)',
          last_activity_at = '\(heard)', check_at = '\(heard)';
        UPDATE workers SET last_heartbeat_at = '\(heard)', status = 'lost'
        """)
      let cleaned = try await server.post(path, wish)
      #expect(cleaned.status == 201, "\(cleaned.text)")
      #expect(try cleaned.json["cleaned"] == .int(number))
      #expect(try await server.get("/api/v1/scans/\(number)").json["status"] == "failed")
      let list = try await server.get("/api/v1/scans?cleaned=true").json["items"]?.arrayValue
      #expect(list?.map { $0["number"] } == [.int(number)])
      let log = try await server.get("/api/v1/audit-log?action=scan.submit_if_safe").json
      #expect(log["items"]?.arrayValue?.count == 2)
    }
  }

  // MARK: Removal

  @Test(arguments: TestDatabase.allCases)
  func anEndedScanIsRemovedForGood(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      try await server.addTenant("acme")
      let acme = try await server.makeToken("a", "admin", tenant: "acme").credentials
      let operators = try await server.makeToken("o", "operator", tenant: "acme").credentials
      let submitted = try await server.post(
        "/api/v1/scans", ["kind": "library", "target": "/srv/a"], as: operators)
      let number = try #require(try submitted.json["number"]?.intValue)
      let path = "/api/v1/scans/\(number)"
      func remove(
        _ query: String, as who: TestServer.Credentials, _ headers: [(String, String)] = []
      ) async throws -> Answer {
        try await server.send(.DELETE, path + query, headers: headers, as: who)
      }
      let worker = try await ScriptedWorker.start(server.store)
      let lease = try await worker.claim(
        try #require(try submitted.json["id"]?.stringValue.flatMap { ScanID($0) }))
      #expect(
        try await remove("?confirm=\(number)", as: acme).problem == "action-not-allowed")
      try await worker.finish(
        lease, files: 3, errors: [ItemError(path: "/p", type: "oversized", message: "m")])

      #expect(try await remove("?confirm=\(number)", as: operators).problem == "not-permitted")
      let unsure = try await remove("", as: acme)
      #expect(unsure.status == 400)
      #expect(try unsure.json["field"] == "confirm")
      #expect(try await remove("?confirm=\(number + 1)", as: acme).status == 400)
      #expect(try await remove("?confirm=\(number)&force=1", as: acme).problem == "unknown-field")
      let stale = try await remove("?confirm=\(number)", as: acme, [("If-Match", "\"old\"")])
      #expect(stale.status == 412 && stale.problem == "precondition-failed")
      let tag = try #require(
        try await server.get(path, as: acme).headers.first(name: "etag"))
      let gone = try await remove(
        "?confirm=\(number)&reason=by+law", as: acme, [("If-Match", tag)])
      #expect(gone.status == 200, "\(gone.text)")
      #expect(try gone.json["number"] == .int(number))
      #expect(try await server.get(path, as: acme).problem == "scan-not-found")
      let left = try await server.read(
        "SELECT 'left=' || ((SELECT count(*) FROM scan_items) + (SELECT count(*) FROM scan_errors))"
      )
      #expect(left.contains("left=0"))
      let log = try await server.get("/api/v1/audit-log?action=scan.delete", as: acme).json
      #expect(log["items"]?.arrayValue?.first?["before"]?["reason"] == "by law")
    }
  }

  // MARK: Many at once

  @Test(arguments: TestDatabase.allCases)
  func manyAreResetAndReverted(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      _ = try await server.post("/api/v1/scans/\(scan.number)/fail")
      func bulk(_ action: String, _ filter: JSONValue) async throws -> JSONValue {
        let answer = try await server.post(
          "/api/v1/bulk-actions",
          ["action": .string(action), "filter": filter, "dry_run": false])
        #expect(answer.status == 200, "\(answer.text)")
        return try answer.json
      }
      // Failed by hand, and so by no cleanup; it can be taken back all the same.
      #expect(try await bulk("revert", ["cleaned": true])["matched"] == 0)
      let reverted = try await bulk("revert", ["tenant": "default"])
      #expect(reverted["done"] == [.int(scan.number)])
      _ = try await server.post("/api/v1/scans/\(scan.number)/fail")
      #expect(try await bulk("reset", ["tenant": "other"])["matched"] == 0)
      #expect(try await bulk("reset", ["kind": "library"])["done"] == [.int(scan.number)])
      #expect(try await server.store.scan(.id(scan.id))?.status == .pending)
      _ = try await server.post("/api/v1/scans/\(scan.number)/fail")
      let none = try await server.post("/api/admin/reset-scans", ["kind": "site"])
      #expect(try none.json["resetCount"] == 0)
      let one = try await server.post("/api/admin/reset-scans", ["kind": "library"])
      #expect(try one.json["scans"] == [.int(scan.number)])
    }
  }

  // MARK: Kinds and activity

  @Test(arguments: TestDatabase.allCases)
  func declaredKindsAreKnownEverywhere(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database, kinds: try Self.kinds()) { server in
      let list = try await server.get("/api/v1/kinds").json["items"]?.arrayValue
      #expect(list?.map { $0["name"] } == ["library", "portals"])
      #expect(
        list?.last == [
          "name": "portals", "about": "Tender portals", "declared": true, "remote": false,
          "target": "url",
          "parameters": [["name": "pages", "type": "integer", "required": true, "minimum": 1]],
        ])
      #expect(
        list?.first?["parameters"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
          == LibraryParameters.names)
      let policies = try await server.get("/api/v1/policies").json["items"]?.arrayValue
      #expect(policies?.contains { $0["kind"] == "portals" } == true)
      #expect(try await server.get("/api/v1/policies/portals").status == 200)
      let check = try await server.get("/api/v1/check?kind=portals&target=https://example.com")
      #expect(try check.json["action"] == "start", "\(check.text)")

      let wish: [String: JSONValue] = [
        "name": "daily", "kind": "portals", "target": "https://example.com", "cron": "0 3 * * *",
        "params": ["pages": 2],
      ]
      let made = try await server.post("/api/v1/schedules", .object(wish))
      #expect(made.status == 201, "\(made.text)")
      #expect(try made.json["params"] == ["pages": 2])
      for (change, field) in [
        (["params": [:]], "params.pages"), (["params": ["pages": 0]], "params.pages"),
        (["target": "http://127.0.0.1/"], "target"),
        (["target": "http://169.254.169.254/latest"], "target"), (["kind": "portal5"], "kind"),
      ] as [([String: JSONValue], String)] {
        let body = wish.merging(change) { $1 }.merging(["name": "x"]) { $1 }
        let answer = try await server.post("/api/v1/schedules", .object(body))
        #expect(answer.status == 400, "\(change): \(answer.text)")
        #expect(try answer.json["field"] == .string(field), "\(change)")
      }
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func theLastDayIsToldInFigures(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      try await worker.finish(try await worker.claim(scan.id))
      let other = try await worker.submit("/srv/b")
      _ = try await server.post("/api/v1/scans/\(other.number)/cancel")
      let activity = try await server.get("/api/v1/activity").json
      let hours = try #require(activity["hours"]?.arrayValue)
      #expect(hours.count == 24)
      #expect(activity["is_cut"] == false)
      #expect(
        hours.last?["ended"] == ["completed": 1, "partial": 0, "failed": 0, "cancelled": 1])
      #expect(hours.last?["p95_seconds"]?.doubleValue != nil)
      #expect(hours.last?["stuck"] == [:] && hours.last?["recovered"] == [:])
      #expect(hours.first?["p50_seconds"] == nil)
    }
  }

  // MARK: Writes say all that they mean

  @Test func aWriteRefusesParametersThatItDoesNotKnow() async throws {
    try await TestServer.run { server in
      for path in ["/api/v1/bulk-actions?dry_run=true", "/api/admin/cleanup-scans?dryRun=true"] {
        let answer = try await server.post(path, [:])
        #expect(answer.status == 400 && answer.problem == "unknown-field", "\(path)")
      }
      // Of two values, neither is taken.
      let twice = try await server.get("/api/v1/scans?limit=1&limit=2")
      #expect(try twice.json["field"] == "limit")
      #expect(try await server.get("/api/v1/scans?status=failed&status=partial").status == 200)
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func aKeyThatComesAgainMustAskForTheSame(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let key = [("Idempotency-Key", "k")]
      let wish: [String: JSONValue] = [
        "kind": "library", "target": "/srv/a", "params": ["hash": true, "max_size_bytes": 100],
      ]
      let first = try await server.post("/api/v1/scans", .object(wish), headers: key)
      #expect(first.status == 201)
      // Written otherwise, it is the same.
      let same = wish.merging(["target": "/srv/./a/"]) { $1 }
      #expect(try await server.post("/api/v1/scans", .object(same), headers: key).status == 200)
      for change in [
        ["params": ["hash": true]], ["priority": 5], ["target": "/srv/b"],
        ["params": ["hash": true, "max_size_bytes": 101]],
      ] as [[String: JSONValue]] {
        let other = try await server.post(
          "/api/v1/scans", .object(wish.merging(change) { $1 }), headers: key)
        #expect(other.problem == "idempotency-conflict", "\(change)")
      }
    }
  }

  @Test func anActionIsDoneOnlyToWhatWasSeen() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      let path = "/api/v1/scans/\(scan.number)"
      let tag = try #require(try await server.get(path).headers.first(name: "etag"))
      _ = try await worker.claim(scan.id)
      let stale = try await server.post("\(path)/cancel", headers: [("If-Match", tag)])
      #expect(stale.status == 412)
      #expect(try await server.store.scan(.id(scan.id))?.requestedAction == nil)
      let now = try #require(stale.headers.first(name: "etag"))
      #expect(now == (try await server.get(path).headers.first(name: "etag")))
      #expect(
        try await server.post("\(path)/cancel", headers: [("If-Match", "\"x\", \(now)")]).status
          == 202)
      #expect(try await server.post("\(path)/cancel", headers: [("If-Match", "*")]).status == 202)
    }
  }
}
