import HoldfastCore
import HoldfastServer
import HoldfastStorage
import NIOHTTP1
import Testing

/// Policies, the check ahead of a scan, scopes, plans, bulk actions, and how the parts do.
@Suite(.timeLimit(.minutes(2))) struct SupervisionAPITests {
  @Test func policiesAreShownWithTheirOrigin() async throws {
    try await TestServer.run { server in
      let all = try await server.get("/api/v1/policies").json
      #expect(
        all["items"]?.arrayValue?.map { $0["kind"] }
          == PolicyBook.kindNames.sorted().map { .string($0) })
      let one = try await server.get("/api/v1/policies/library?target=/srv").json
      #expect(one["target"] == "/srv")
      let rows = try #require(one["policy"]?.arrayValue)
      #expect(rows.count == PolicyField.allCases.count)
      #expect(rows.allSatisfy { $0["from"] == "built-in for library" })
      #expect(one["worst_case"]?.arrayValue?.count == WorstCase.Fault.allCases.count)
      #expect(try await server.get("/api/v1/policies/libary").status == 404)
    }
  }

  /// Kinds of an operator's own, and those that are known ahead of their scanners.
  @Test func otherKindsHavePoliciesAndChecksToo() async throws {
    let own = try KindDeclaration(name: "mirror", json: ["command": ["/bin/true", "{target}"]])
    try await TestServer.run(
      kinds: KindBook(declared: ["mirror": own]),
      configure: { $0.policyBook.kinds["mirror"] = own.policy }
    ) { server in
      let all = try await server.get("/api/v1/policies").json["items"]?.arrayValue
      #expect(all?.contains { $0["kind"] == "mirror" } == true)
      let one = try await server.get("/api/v1/policies/mirror").json
      #expect(one["policy"]?.arrayValue?.first?["from"] == "built-in for mirror")
      for kind in ["mirror", "portal"] {
        let check = try await server.get("/api/v1/check?kind=\(kind)&target=a.example").json
        #expect(check["action"] == "start", "\(kind)")
      }
      #expect(try await server.get("/api/v1/check?kind=mirror&target=-x").status == 400)
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func theCheckAheadOfAScan(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let path = "/api/v1/check?kind=library&target=/srv/a"
      #expect(try await server.get(path).json["action"] == "start")
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      _ = try await worker.claim(scan.id)
      let check = try await server.get(path + "/./&age_hours=1").json
      #expect(check["action"] == "wait")
      #expect(check["has_running"] == true)
      #expect(check["run_id"] == .int(scan.number))
      for (query, field) in [
        ("", "kind"), ("?kind=library", "target"), ("?kind=library&target=srv", "target"),
        ("?kind=libary&target=/srv", "kind"),
        ("?kind=library&target=/srv&age_hours=x", "age_hours"),
        ("?kind=library&target=/srv%00", "target"),
      ] {
        let answer = try await server.get("/api/v1/check" + query)
        #expect(answer.status == 400, "\(query)")
        #expect(try answer.json["field"] == .string(field), "\(query)")
      }
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func aScopeIsFreed(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await ScriptedWorker.start(server.store)
      let (waiting, running) = (
        try await worker.submit("/srv/a"), try await worker.submit("/srv/b")
      )
      _ = try await worker.claim(running.id)
      func unlock(_ scope: String) async throws -> Answer {
        try await server.post(
          "/api/v1/unlock", ["scope": .string(scope), "reason": "its disk died"])
      }
      let freed = try await unlock("library:/srv/a")
      #expect(freed.status == 200)
      #expect(try freed.decoded(as: Scan.self).id == waiting.id)
      #expect(try freed.json["status"] == "failed")
      #expect(try freed.json["cleanup_reason"] == "orphaned_lock")
      #expect(try freed.json["error_message"] == "its disk died")
      // The process comes first, and only its worker can end it.
      let asked = try await unlock("library:/srv/b")
      #expect(try asked.decoded(as: Scan.self).number == running.number)
      #expect(asked.status == 202)
      #expect(try await unlock("library:/srv/a").status == 404)
      #expect(try await server.post("/api/v1/unlock", ["scope": "x"]).status == 400)
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func aPlanIsAppliedByItsHash(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let stuck = try await Self.stuck(server)
      let plan = try await server.post("/api/v1/plans", ["kind": "library"]).json
      let hash = try #require(plan["hash"]?.stringValue)
      #expect(plan["entries"]?.arrayValue?.map { $0["number"] } == [.int(stuck.number)])
      #expect(plan["total_stuck"] == 1)
      // A dry run changes nothing.
      #expect(try await server.store.scan(.id(stuck.id))?.status == .running)
      let other = try await server.post("/api/v1/plans/\(hash)/apply", ["kind": "site"])
      #expect(other.status == 409)
      #expect(other.problem == "plan-moved")
      let applied = try await server.post("/api/v1/plans/\(hash)/apply", ["kind": "library"]).json
      #expect(applied["hash"] == .string(hash))
      #expect(applied["results"]?.arrayValue?.map { $0["outcome"] } == ["recovered"])
      #expect(try await server.store.scan(.id(stuck.id))?.status == .pending)
      let again = try await server.post("/api/v1/plans/\(hash)/apply", ["kind": "library"])
      #expect(again.status == 409)
      #expect(try again.json["plan"]?.stringValue != hash)
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func manyAtOnce(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await ScriptedWorker.start(server.store)
      var numbers: [Int64] = []
      for name in ["a", "b", "c"] { numbers.append(try await worker.submit("/srv/\(name)").number) }
      let running = try await worker.submit("/srv/d")
      _ = try await worker.claim(running.id)
      func bulk(_ members: [String: JSONValue]) async throws -> JSONValue {
        let answer = try await server.post("/api/v1/bulk-actions", .object(members))
        #expect(answer.status == 200, "\(answer.text)")
        return try answer.json
      }
      let preview = try await bulk(["action": "cancel", "filter": ["kind": "library"]])
      #expect(preview["dry_run"] == true)
      #expect(preview["matched"] == 4)
      #expect(try await server.store.statusCounts() == [.pending: 3, .running: 1])
      let done = try await bulk([
        "action": "cancel", "filter": ["kind": "library"], "dry_run": false,
      ])
      #expect(done["done"] == .array(numbers.reversed().map { .int($0) }))
      #expect(done["requested"] == [.int(running.number)])
      #expect(done["refused"] == [])
      // Only what it fits is found.
      let retried = try await bulk([
        "action": "retry", "filter": ["target": "/srv/a"], "dry_run": false,
      ])
      #expect(retried["done"] == [.int(numbers[0])])
      let none = try await bulk(["action": "retry", "filter": ["status": ["running"]]])
      #expect(none["matched"] == 0)
    }
  }

  @Test func bulkActionsRefuseWhatIsWrong() async throws {
    try await TestServer.run { server in
      for (body, field) in [
        ([:], "action"), (["action": "explode"], "action"), (["action": "cancel"], "filter"),
        (["action": "cancel", "filter": [:]], "filter"),
        (["action": "cancel", "filter": ["state": "x"]], "filter.state"),
        (["action": "cancel", "filter": ["status": []]], "filter.status"),
        (["action": "cancel", "filter": ["status": ["open"]]], "filter.status"),
        (["action": "cancel", "filter": ["kind": nil]], "filter.kind"),
        (["action": "cancel", "filter": ["kind": "x"], "dry_run": "no"], "dry_run"),
      ] as [(JSONValue, String)] {
        let answer = try await server.post("/api/v1/bulk-actions", body)
        #expect(answer.status == 400, "\(body)")
        #expect(try answer.json["field"] == .string(field), "\(body)")
      }
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func howThePartsDo(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await ScriptedWorker.start(server.store)
      let waiting = try await worker.submit("/srv/a")
      let running = try await worker.submit("/srv/b")
      _ = try await worker.claim(running.id)
      let queue = try await server.get("/api/v1/queue").json
      #expect(queue["depth"] == 1)
      #expect(queue["items"]?.arrayValue?.map { $0["status"] } == ["pending", "running"])
      let first = try #require(queue["items"]?.arrayValue?.first)
      #expect(first["kind"] == "library" && first["count"] == 1 && first["due"] == 1)
      #expect(first["oldest_at"] == .string("\(waiting.createdAt)"))

      let workers = try await server.get("/health/workers")
      #expect(workers.status == 200)
      #expect(try workers.json["alive"] == 1)
      #expect(try workers.json["workers"]?.arrayValue?.first?["name"] == "scripted")
      let health = try await server.get("/health/detailed")
      #expect(health.status == 200)
      let components = try #require(try health.json["components"]?.objectValue)
      // Nothing sweeps here.
      #expect(try health.json["status"] == "degraded")
      #expect(components["sweep"] == "degraded")
      for name in ["database", "cache", "queue", "storage", "workers"] {
        #expect(components[name] == "healthy", "\(name)")
      }
      #expect(try await server.get("/api/v1/sweep").json["leader"] == .some(.null))
      _ = try await server.shell(
        "UPDATE workers SET last_heartbeat_at = '\(try await server.store.now().adding(seconds: -120))'"
      )
      let silent = try await server.get("/health/workers")
      #expect(silent.status == 503)
      #expect(silent.headers.first(name: "retry-after") != nil)
      #expect(try silent.json["silent"] == 1)
      #expect(try await server.get("/health/detailed").json["components"]?["queue"] == "unhealthy")
      #expect(try await server.get("/health/workers", as: .none).status == 401)
    }
  }

  @Test func aCheckpointIsShown() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      let none = try await server.get("/api/v1/scans/1/checkpoint").json
      #expect(none["checkpoint"] == .some(.null) && none["saved_at"] == .some(.null))
      let lease = try await worker.claim(scan.id)
      try await worker.report(AttemptReport(lease: lease, checkpoint: ["at": "m"]))
      let saved = try await server.get("/api/v1/scans/1/checkpoint").json
      #expect(saved["checkpoint"] == ["at": "m"])
      #expect(saved["saved_at"]?.stringValue != nil)
      #expect(saved["attempt"] == 1)
    }
  }

  /// A running scan that has not been heard of for eight minutes.
  private static func stuck(_ server: TestServer) async throws -> Scan {
    let worker = try await ScriptedWorker.start(server.store)
    let scan = try await worker.submit("/srv/stuck")
    _ = try await worker.claim(scan.id)
    let heard = try await server.store.now().adding(seconds: -8 * 60)
    try await server.shell(
      """
      UPDATE scans SET created_at = '\(heard)', claimed_at = '\(heard)', progress_at = '\(heard)',
        last_activity_at = '\(heard)', check_at = '\(heard)';
      """)
    return scan
  }
}
