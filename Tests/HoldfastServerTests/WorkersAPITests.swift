import HoldfastCore
import HoldfastStorage
import NIOHTTP1
import Testing

/// What workers without a database ask of a server.
@Suite(.timeLimit(.minutes(3))) struct WorkersAPITests {
  @Test(arguments: TestDatabase.allCases)
  func aScanFromClaimToEnd(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await RemoteHand.register(server)
      let scan = try await worker.submit("/srv/a")
      let claim = try await worker.claim()
      #expect(claim["start"]?["type"] == "start")
      #expect(claim["start"]?["protocol"] == 1)
      #expect(claim["start"]?["target"] == "/srv/a")
      #expect(claim["start"]?["attempt"] == 1)
      #expect(claim["stale_after_seconds"]?.doubleValue ?? 0 > 0)
      let lease = try RemoteHand.lease(claim)
      #expect(lease.scanID == scan.id)

      let outcome = try await worker.report(
        lease, 1,
        [
          ["type": "progress", "done": 1, "total": 2, "unit": "files", "step": "walking"],
          ["type": "items", "items": [["key": "a", "type": "file", "change": "found"]]],
          [
            "type": "item_errors",
            "errors": [["path": "b", "type": "oversized", "message": "It is too large."]],
          ],
          ["type": "checkpoint", "number": 7, "data": ["page": 1]],
          ["type": "of tomorrow"],
        ])
      #expect(outcome.status == 200)
      let told = try #require(try outcome.json["outcomes"]?.arrayValue?.first)
      #expect(told["outcome"] == "applied")
      #expect(told["messages"] == [["type": "checkpointed", "number": 7]])
      let running = try #require(try await server.store.scan(.id(scan.id)))
      #expect(running.checkpoint == ["page": 1])
      #expect(running.progress?.done == 1)
      #expect(running.counts.found == 1 && running.counts.errors == 1)

      let end: JSONValue = [
        "type": "finished", "outcome": "completed", "message": "Two files.",
        "summary": ["files_seen": 2],
      ]
      #expect(try await worker.report(lease, 2, [end]).status == 200)
      let ended = try #require(try await server.store.scan(.id(scan.id)))
      #expect(ended.status == .partial)
      #expect(ended.summary == ["files_seen": 2])
      #expect(ended.message == "Two files.")
      // Its acknowledgement may have been lost: the same again is answered alike.
      #expect(try await worker.report(lease, 2, [end]).status == 200)
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func aReportCountsOnce(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await RemoteHand.register(server)
      let scan = try await worker.submit("/srv/a")
      let lease = try RemoteHand.lease(try await worker.claim())
      let first: [JSONValue] = [
        ["type": "items", "items": [["key": "a", "type": "file", "change": "found"]]],
        ["type": "progress", "done": 1],
      ]
      for _ in 0..<3 { #expect(try await worker.report(lease, 1, first).status == 200) }
      #expect(try await worker.report(lease, 2, [["type": "progress", "done": 5]]).status == 200)
      // An older one that was long on its way sets nothing back.
      #expect(try await worker.report(lease, 1, first).status == 200)
      let now = try #require(try await server.store.scan(.id(scan.id)))
      #expect(now.counts.found == 1)
      #expect(now.progress?.done == 5)
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func aSupersededLeaseIsToldToStop(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await RemoteHand.register(server)
      let scan = try await worker.submit("/srv/a")
      let old = try RemoteHand.lease(try await worker.claim())
      #expect(try await worker.release(old).status == 200)
      let new = try RemoteHand.lease(try await worker.claim())
      #expect(new.scanID == old.scanID && new.token > old.token)

      let before = try await server.store.scan(.id(scan.id))
      let stop: JSONValue = ["type": "stop", "reason": "superseded"]
      let late: [JSONValue] = [
        ["type": "progress", "done": 99],
        ["type": "items", "items": [["key": "z", "type": "file", "change": "found"]]],
        ["type": "checkpoint", "number": 1, "data": ["page": 99]],
      ]
      let answers = [
        try await worker.report(old, 9, late),
        try await worker.report(old, 10, [["type": "finished", "outcome": "completed"]]),
        try await worker.beat([old]),
        try await worker.release(old),
        try await worker.ask(old, ["type": "settle"]),
      ]
      for answer in answers {
        #expect(answer.status == 409, "\(answer.text)")
        #expect(answer.problem == "lease-superseded")
        #expect(try answer.json["stop"] == stop)
      }
      let after = try await server.store.scan(.id(scan.id))
      #expect(after?.progress == before?.progress)
      #expect(after?.checkpoint == nil)
      #expect(after?.counts == before?.counts)
      #expect(after?.status == .running)

      // Beside one that holds, each has its own answer.
      let mixed = try await worker.beat([old, new])
      #expect(mixed.status == 200)
      #expect(
        try mixed.json["scans"]?.arrayValue?.map { $0["messages"] } == [[stop], []])
      let batch = try await worker.post(
        "/reports",
        [
          "reports": [
            RemoteHand.report(old, 11, late), RemoteHand.report(new, 1, [["type": "progress"]]),
          ]
        ])
      #expect(batch.status == 200)
      #expect(
        try batch.json["outcomes"]?.arrayValue?.map { $0["outcome"] }
          == ["superseded", "applied"])
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func aClaimWaitsForAScan(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await RemoteHand.register(server)
      let empty = try await worker.post("/claim", ["limit": 3])
      #expect(try empty.json["claims"] == [])
      async let waiting = worker.post("/claim", ["wait_seconds": 30])
      let scan = try await worker.submit("/srv/a")
      let claims = try await waiting.json["claims"]?.arrayValue
      #expect(claims?.map { $0["start"]?["scan_id"] } == [.string(scan.id.description)])
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func anOperatorsWishComesWithTheHeartbeat(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await RemoteHand.register(server)
      for (action, end) in [("cancel", ScanStatus.cancelled), ("pause", .paused)] {
        let scan = try await worker.submit("/srv/\(action)")
        let lease = try RemoteHand.lease(try await worker.claim())
        let asked = try await server.post("/api/v1/scans/\(scan.id)/\(action)")
        #expect(asked.status == 202)
        let beat = try await worker.beat([lease])
        #expect(beat.status == 200)
        #expect(
          try beat.json["scans"]?.arrayValue?.first?["messages"]
            == [["type": "stop", "reason": .string(action)]])
        // It stops and gives the scan back; what was wished is done.
        let stopped: JSONValue = ["type": "finished", "outcome": "stopped"]
        #expect(try await worker.report(lease, 1, [stopped]).status == 200)
        #expect(try await server.store.scan(.id(scan.id))?.status == end)
      }
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func whatCrashesIsTriedAgain(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await RemoteHand.register(server)
      let scan = try await worker.submit("/srv/a")
      let lease = try RemoteHand.lease(try await worker.claim())
      let wrong = try await worker.release(lease, ["reason": "bored"])
      #expect(try wrong.json["field"] == "reason")
      let crash: [String: JSONValue] = ["reason": "crashed", "message": "It fell over."]
      #expect(try await worker.release(lease, crash).status == 200)
      let now = try #require(try await server.store.scan(.id(scan.id)))
      #expect(now.status == .pending && now.crashes == 1)
      #expect(now.cleanupReason == "runner_crashed")
    }
  }

  /// Signing off gives everything back at once, and the life is over.
  @Test(arguments: TestDatabase.allCases)
  func aWorkerThatSignsOffIsGivenNothingMore(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await RemoteHand.register(server)
      let scan = try await worker.submit("/srv/a")
      let lease = try RemoteHand.lease(try await worker.claim())
      #expect(try await server.get("/api/v1/workers/\(worker.id)").json["status"] == "alive")
      #expect(try await server.send(.DELETE, "/api/v1/workers/\(worker.id)").status == 204)
      #expect(try await server.store.scan(.id(scan.id))?.status == .pending)
      #expect(try await worker.post("/claim", [:]).problem == "worker-retired")
      #expect(try await worker.report(lease, 1, [["type": "progress"]]).status == 409)
    }
  }

  @Test func whatIsWrongIsNamed() async throws {
    try await TestServer.run { server in
      let path = "/api/v1/workers"
      let other = try await server.post(path, ["protocol": 2, "name": "w"])
      #expect(other.status == 400)
      #expect(other.problem == "protocol-version")
      #expect(try other.json["protocol"] == 1)
      #expect(try await server.post(path, ["name": "w"]).json["field"] == "protocol")
      #expect(try await server.post(path, ["protocol": 1]).json["field"] == "name")
      let unknown = try await server.post("\(path)/\(ScanID.make())/claim")
      #expect(unknown.status == 404)
      #expect(unknown.problem == "worker-not-found")
      #expect(try await server.get("/api/v1/worker-protocol").json["protocol"] == 1)

      let worker = try await RemoteHand.register(server)
      _ = try await worker.submit("/srv/a")
      let lease = try RemoteHand.lease(try await worker.claim())
      let item: JSONValue = ["type": "items", "items": [["key": "a", "type": "file"]]]
      for (reports, field) in [
        ([["token": 1]], "reports[0].scan_id"),
        ([["scan_id": "x", "token": 1]], "reports[0].scan_id"),
        ([RemoteHand.report(lease, 1, [item])], "reports[0].messages"),
        ([RemoteHand.report(lease, 0, [])], "reports[0].sequence"),
        (
          [
            RemoteHand.report(
              lease, 1, [["type": "finished", "outcome": "completed"], ["type": "progress"]])
          ], "reports[0].messages"
        ),
      ] as [([JSONValue], String)] {
        let answer = try await worker.post("/reports", ["reports": .array(reports)])
        #expect(answer.status == 400)
        #expect(try answer.json["field"] == .string(field), "\(answer.text)")
      }
      let limited = try await worker.post("/claim", ["wait_seconds": 31])
      #expect(try limited.json["field"] == "wait_seconds")
      let question = try await worker.ask(lease, ["type": "progress"])
      #expect(try question.json["field"] == "message")
    }
  }

  /// An operator of one tenant is no worker, and a worker is nothing else.
  @Test func workersAreARoleOfTheirOwn() async throws {
    try await TestServer.run { server in
      let own = try await server.makeToken("own", "operator")
      let refused = try await server.get("/api/v1/worker-protocol", as: own.credentials)
      #expect(refused.status == 403)
      #expect(refused.text.contains("--role worker"))
      let all = try await server.makeToken("all", "operator", tenant: "*")
      #expect(try await server.get("/api/v1/worker-protocol", as: all.credentials).status == 200)
      let worker = try await server.makeToken("worker", "worker")
      #expect(
        try await server.get("/api/v1/worker-protocol", as: worker.credentials).status == 200)
      let me = try await server.get("/api/v1/me", as: worker.credentials).json
      #expect(me["role"] == "worker")
      for (method, path) in [
        (.GET, "/api/v1/scans"), (.POST, "/api/v1/scans"), (.GET, "/api/v1/workers"),
        (.GET, "/api/v1/events"), (.POST, "/api/v1/sign-in-codes"),
      ] as [(HTTPMethod, String)] {
        let answer = try await server.send(method, path, as: worker.credentials)
        #expect(answer.status == 403, "\(path): \(answer.text)")
      }
      guard case .bearer(let token) = worker.credentials else { return }
      let page = try await server.postForm(
        "/sign-in", "token=\(token)", headers: [("Sec-Fetch-Site", "same-origin")])
      #expect(page.status == 401)
      #expect(page.text.contains("token opens no session"))
      let user = try await server.post(
        "/api/v1/users", ["name": "w", "role": "worker", "password": "correct horse battery"])
      #expect(try user.json["field"] == "role")
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func aTenantsWorkerRunsItsScansAlone(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      var hands: [String: RemoteHand] = [:]
      var scans: [String: JSONValue] = [:]
      for tenant in ["acme", "other"] {
        try await server.addTenant(tenant)
        let submitter = try await server.makeToken("operator", "operator", tenant: tenant)
        scans[tenant] = try await server.post(
          "/api/v1/scans", ["kind": "library", "target": .string("/srv/\(tenant)")],
          as: submitter.credentials
        ).json["id"]
        let worker = try await server.makeToken("worker", "worker", tenant: tenant)
        hands[tenant] = try await RemoteHand.register(server, as: worker.credentials)
      }
      let (acme, other) = (try #require(hands["acme"]), try #require(hands["other"]))
      let claims = try await acme.post("/claim", ["limit": 10]).json["claims"]?.arrayValue
      #expect(claims?.map { $0["start"]?["scan_id"] } == [scans["acme"]])
      let lease = try RemoteHand.lease(try #require(claims?.first))
      let before = try await server.store.scan(.id(lease.scanID))

      // Whoever knows a lease of another tenant's can do nothing with it.
      let answers = [
        try await other.report(lease, 1, [["type": "finished", "outcome": "completed"]]),
        try await other.beat([lease]), try await other.release(lease),
        try await other.ask(lease, ["type": "settle"]),
      ]
      for answer in answers { #expect(answer.problem == "lease-superseded", "\(answer.text)") }
      let diagnosis: JSONValue = [
        "scan_id": .string(lease.scanID.description), "token": .int(lease.token), "attempt": 1,
        "diagnosis": ["class": "spinning"],
      ]
      #expect(try await other.post("/diagnoses", diagnosis).json["stored"] == false)
      let stolen = try await server.impersonate(acme.id)
      for answer in stolen { #expect(answer.problem == "worker-not-found", "\(answer.text)") }
      #expect(try await server.store.scan(.id(lease.scanID)) == before)

      for (tenant, count) in [("acme", 1), ("other", 0)] {
        let viewer = try await server.makeToken("viewer", "viewer", tenant: tenant)
        let seen = try await server.get("/api/v1/workers", as: viewer.credentials).json["items"]
        #expect(seen?.arrayValue?.count { $0["id"] == .string(acme.id) } == count)
      }
      #expect(try await acme.beat([lease]).status == 200)
      let end: JSONValue = ["type": "finished", "outcome": "completed"]
      #expect(try await acme.report(lease, 1, [end]).status == 200)
      #expect(try await server.store.scan(.id(lease.scanID))?.status == .completed)
      let theirs = try await other.post("/claim", ["limit": 10]).json["claims"]?.arrayValue
      #expect(theirs?.map { $0["start"]?["scan_id"] } == [scans["other"]])
    }
  }
}

extension TestServer {
  /// What a worker of the tenant `other` hears that says it were this one.
  fileprivate func impersonate(_ id: String) async throws -> [Answer] {
    let stranger = try await makeToken("stranger", "worker", tenant: "other").credentials
    return [
      try await get("/api/v1/workers/\(id)", as: stranger),
      try await post("/api/v1/workers/\(id)/claim", as: stranger),
      try await send(.DELETE, "/api/v1/workers/\(id)", as: stranger),
    ]
  }
}
