import HoldfastCore
import HoldfastStorage
import Testing

/// What can be asked and done through the API about a running scan that is stuck, and one that is not.
@Suite(.timeLimit(.minutes(2))) struct StuckScansAPITests {
  /// A running scan that last moved, and was last heard of, so long ago.
  private func running(
    _ server: TestServer, movedAgo: Double, heardAgo: Double
  ) async throws -> Scan {
    let worker = try await ScriptedWorker.start(server.store)
    let scan = try await worker.submit("/srv/a")
    let lease = try await worker.claim(scan.id)
    try await worker.report(
      AttemptReport(lease: lease, checkpoint: ["at": 1], progress: Progress(done: 1)))
    let now = try await server.store.now()
    let (moved, heard) = (
      now.adding(seconds: -movedAgo), now.adding(seconds: -heardAgo)
    )
    try await server.shell(
      """
      UPDATE scans SET created_at = '\(moved)', claimed_at = '\(moved)', progress_at = '\(moved)',
        last_activity_at = '\(heard)', check_at = '\(moved)'
      """)
    return scan
  }

  @Test(arguments: TestDatabase.allCases)
  func aDeadScanIsResumedAtOnce(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let scan = try await running(server, movedAgo: 400, heardAgo: 300)
      let answer = try await server.post(
        "/api/v1/scans/\(scan.number)/resume", ["reason": "its machine is gone"])
      #expect(answer.status == 200)
      let resumed = try answer.decoded(as: Scan.self)
      #expect(resumed.status == .pending && resumed.checkpoint == ["at": 1])
      let told = try await server.store.events(of: scan.id, cursor: nil, limit: 20).items.last
      #expect(told?.eventType == "scan_requeued")
      #expect(told?.eventData["action"] == "resume" && told?.eventData["by"] == "api")
      let message = try #require(told?.eventData["message"]?.stringValue)
      #expect(message.contains("is dead") && message.hasSuffix("by api: its machine is gone"))
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func aHungScansProcessIsEndedFirst(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let scan = try await running(server, movedAgo: 700, heardAgo: 0)
      for _ in 1...2 {
        let answer = try await server.post("/api/v1/scans/\(scan.id)/resume", [:])
        #expect(answer.status == 202)
        #expect(try answer.decoded(as: Scan.self).status == .running)
      }
    }
  }

  @Test func aScanThatMovesIsLeftAlone() async throws {
    try await TestServer.run { server in
      let scan = try await running(server, movedAgo: 5, heardAgo: 0)
      let answer = try await server.post("/api/v1/scans/\(scan.id)/resume", [:])
      #expect(answer.status == 409 && answer.problem == "action-not-allowed")
      #expect(try answer.json["detail"]?.stringValue?.contains("not stuck") == true)
      #expect(try await server.store.scan(.id(scan.id))?.status == .running)
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func whyIsAnswered(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let scan = try await running(server, movedAgo: 700, heardAgo: 0)
      let path = "/api/v1/scans/\(scan.number)/why"
      let answer = try await server.get(path + "?wait=0").json
      #expect(answer["verdict"]?["verdict"] == "hung")
      #expect(answer["verdict"]?["reason"] == "progress_stalled")
      #expect(answer["sentence"] == answer["verdict"]?["sentence"])
      #expect(answer["scan"]?["id"] == .string("\(scan.id)"))
      #expect(answer["source"] == "none")
      #expect(answer["note"]?.stringValue?.contains("scripted did not answer") == true)
      #expect(try await server.get(path + "?wait=x").problem == "invalid-value")
      #expect(try await server.get(path + "?x=1").problem == "unknown-field")
      #expect(try await server.get("/api/v1/scans/99/why").status == 404)
      #expect(try await server.get(path, as: .none).status == 401)
    }
  }
}
