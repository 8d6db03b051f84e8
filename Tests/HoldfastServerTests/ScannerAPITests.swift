import HoldfastCore
import HoldfastStorage
import NIOHTTP1
import Testing

/// The library scanner's endpoints, exactly as its document prints them.
@Suite(.timeLimit(.minutes(2))) struct ScannerAPITests {
  static let resultKeys = [
    "categories_found", "courses_found", "errors_count", "files_added", "files_removed",
    "files_updated", "message", "scan_id", "status", "success",
  ]
  static let entryKeys = [
    "categories_found", "completed_at", "courses_found", "errors", "errors_count", "files_added",
    "files_removed", "files_updated", "id", "message", "root_path", "started_at",
    "started_by_id", "status",
  ]

  /// Sends the scan and lets a worker do it meanwhile.
  private func scan(
    _ server: TestServer, _ body: JSONValue, files: Int = 0, errors: [ItemError] = []
  ) async throws -> Answer {
    let worker = try await ScriptedWorker.start(server.store)
    async let answer = server.post("/api/scanner/scan", body)
    let claim = try await worker.claimNext()
    try await worker.finish(claim.lease, files: files, errors: errors)
    return try await answer
  }

  @Test(arguments: TestDatabase.allCases)
  func aScanAnswersWithItsEnd(database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let answer = try await scan(server, ["root_path": "/srv/library"], files: 150)
      #expect(answer.status == 200)
      #expect(
        try answer.json == [
          "success": true, "message": "Scan completed successfully", "categories_found": 5,
          "courses_found": 20, "files_added": 150, "files_updated": 0, "files_removed": 0,
          "errors_count": 0, "scan_id": 1, "status": "completed",
        ])
    }
  }

  @Test func aPartialScanSaysHowManyErrors() async throws {
    try await TestServer.run { server in
      let errors = [
        ItemError(path: "huge_video.mp4", type: "oversized", message: "too large"),
        ItemError(path: "malware.exe", type: "invalid_extension", message: "not allowed"),
      ]
      let answer = try await scan(
        server, ["root_path": "/srv/library", "allowed_extensions": ["mp4"]], files: 98,
        errors: errors)
      let result = try answer.json
      #expect(result["success"] == true)
      #expect(result["message"] == "Scan completed with 2 errors")
      #expect(result["status"] == "partial")
      #expect(result["errors_count"] == 2)
      let stored = try await server.store.scan(.number(1))
      #expect(stored?.params == ["allowed_extensions": ["mp4"]])
    }
  }

  @Test func aFailedScanIsNoSuccess() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      async let answer = server.post("/api/scanner/scan", ["root_path": "/srv/library"])
      let claim = try await worker.claimNext()
      try await worker.report(
        AttemptReport(
          lease: claim.lease,
          end: .failed(error: "Database connection lost", reason: nil, summary: nil)))
      let result = try await answer.json
      #expect(result["success"] == false)
      #expect(result["status"] == "failed")
      #expect(result["message"] == "Scan failed: Database connection lost")
      let last = try await server.get("/api/scanner/status").json["last_scan"]
      #expect(last?["error_message"] == "Database connection lost")
    }
  }

  @Test func aLongScanAnswersWithHowFarItIs() async throws {
    try await TestServer.run(scanWaitSeconds: 0.2) { server in
      let answer = try await server.post("/api/scanner/scan", ["root_path": "/srv/library"])
      #expect(answer.status == 202)
      let result = try #require(try answer.json.objectValue)
      #expect(result.keys.sorted() == Self.resultKeys)
      #expect(result["status"] == "pending")
      #expect(result["success"] == true)
    }
  }

  @Test func aSecondScanIsRefusedWithTheFirstOnesStart() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/library")
      _ = try await worker.claim(scan.id)
      let running = try #require(try await server.store.scan(.id(scan.id)))
      let time = try #require(running.startedAt).description.dropFirst(11).prefix(8)
      let answer = try await server.post("/api/scanner/scan", ["root_path": "/srv/library"])
      #expect(answer.status == 409)
      #expect(answer.headers.first(name: "content-type") == "application/problem+json")
      let message = "Scan already in progress (started at \(time))"
      #expect(try answer.json["detail"] == .string(message))
      #expect(try answer.json["message"] == .string(message))
    }
  }

  @Test func badInputIsNamedInTheScannersWords() async throws {
    try await TestServer.run { server in
      for (body, field) in [
        ([:], "root_path"), (["root_path": "relative"], "root_path"),
        (["root_path": "/srv", "max_size_bytes": "big"], "max_size_bytes"),
        (["root_pth": "/srv"], "root_pth"),
      ] as [(JSONValue, String)] {
        let answer = try await server.post("/api/scanner/scan", body)
        #expect(answer.status == 400, "\(body)")
        #expect(try answer.json["field"] == .string(field), "\(body)")
        #expect(try answer.json["detail"]?.stringValue?.contains("target") == false, "\(body)")
        #expect(try answer.json["detail"]?.stringValue?.contains("params.") == false, "\(body)")
      }
    }
  }

  @Test func theStatusOfAnEmptyServerIsAllNull() async throws {
    try await TestServer.run { server in
      let status = try await server.get("/api/scanner/status").json
      let empty: JSONValue = [
        "is_scanning": false, "current_scan_id": nil, "status": nil, "started_at": nil,
        "locked_by_id": nil, "last_scan": nil,
      ]
      #expect(status == empty)
      #expect(try await server.get("/api/scanner/history").json == [])
    }
  }

  @Test func theStatusTellsTheCurrentAndTheLastScan() async throws {
    try await TestServer.run { server in
      let errors = [ItemError(path: "a.exe", type: "invalid_extension", message: "not allowed")]
      _ = try await scan(server, ["root_path": "/srv/a"], files: 3, errors: errors)
      let worker = try await ScriptedWorker.start(server.store)
      let running = try await worker.submit("/srv/b")
      _ = try await worker.claim(running.id)
      let status = try await server.get("/api/scanner/status").json
      #expect(status["is_scanning"] == true)
      #expect(status["current_scan_id"] == .int(running.number))
      #expect(status["status"] == "running")
      #expect(
        status["started_at"]?.stringValue?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/) != nil)
      #expect(status["locked_by_id"] == .null)
      let last = try #require(status["last_scan"]?.objectValue)
      #expect(last.keys.sorted() == (Self.entryKeys + ["error_message"]).sorted())
      #expect(last["id"] == 1)
      #expect(last["root_path"] == "/srv/a")
      #expect(last["error_message"] == .null)
      #expect(
        last["errors"] == [
          [
            "file_path": "a.exe", "error_type": "invalid_extension",
            "error_message": "not allowed",
          ]
        ])
    }
  }

  @Test func theHistoryIsNewestFirstAndBounded() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      for index in 0..<4 {
        let scan = try await worker.submit("/srv/\(index)")
        try await worker.finish(try await worker.claim(scan.id), files: index)
      }
      let entries = try #require(
        try await server.get("/api/scanner/history?limit=3").json.arrayValue)
      #expect(entries.compactMap { $0["id"]?.intValue } == [4, 3, 2])
      #expect(entries.first?.objectValue?.keys.sorted() == Self.entryKeys)
      #expect(entries.first?["files_added"] == 3)
      #expect(entries.first?["message"] == "Scan completed successfully")
      #expect(try await server.get("/api/scanner/history?limit=0").status == 400)
    }
  }
}
