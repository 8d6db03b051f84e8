import HoldfastCore
import HoldfastServer
import HoldfastStorage
import NIOHTTP1
import Testing

/// What the server answers is what `openapi.yaml` says: each member is described, each described one that must be there is.
@Suite(.timeLimit(.minutes(2))) struct APIShapeTests {
  @Test(arguments: TestDatabase.allCases)
  func everyMemberOfEveryAnswerIsDescribed(_ database: TestDatabase) async throws {
    let kinds = try KindBook(declared: [
      "site": KindDeclaration(
        name: "site",
        json: [
          "command": ["/bin/true"], "target": "url",
          "parameters": [
            "depth": ["type": "integer", "minimum": 1, "maximum": 9, "default": 2],
            "mode": ["type": "string", "enum": ["a", "b"], "description": "Which."],
          ],
        ])
    ])
    try await TestServer.run(on: database, kinds: kinds) { server in
      let shapes = try DescribedShapes()
      func check(
        _ method: HTTPMethod, _ path: String, _ described: String? = nil, _ json: JSONValue? = nil,
        as credentials: TestServer.Credentials = .token
      ) async throws {
        let bare = String(path.prefix { $0 != "?" })
        let answer = try await server.send(method, path, json: json, as: credentials)
        let faults = try shapes.faults(method.rawValue, described ?? bare, answer)
        #expect(faults == [], "\(method) \(path): \(answer.status)")
      }
      let numbers = try await Self.fill(server)
      for (name, number) in numbers {
        let path = "/api/v1/scans/\(number)"
        try await check(.GET, path, "/api/v1/scans/{id}")
        for part in ["events", "errors", "items", "progress", "checkpoint", "why?wait=0"] {
          let described = "/api/v1/scans/{id}/\(part.prefix { $0 != "?" })"
          try await check(.GET, "\(path)/\(part)", described)
        }
        #expect(number > 0, "\(name)")
      }
      for path in [
        "/api/v1/scans?limit=3", "/api/v1/kinds", "/api/v1/workers", "/api/v1/queue",
        "/api/v1/policies", "/api/v1/sweep", "/api/v1/sweeps", "/api/v1/me", "/api/v1/tokens",
        "/api/v1/users", "/api/v1/tenants", "/api/v1/audit-log", "/api/v1/activity",
        "/api/v1/schedules", "/api/v1/check?kind=library&target=/srv/stuck",
        "/api/scanner/status", "/api/scanner/history", "/api/admin/cleanup-scans", "/health",
        "/health/detailed", "/health/workers", "/api/v1/worker-protocol",
      ] { try await check(.GET, path) }
      try await check(.GET, "/api/v1/policies/site", "/api/v1/policies/{kind}")
      try await check(.GET, "/api/v1/schedules/daily", "/api/v1/schedules/{name}")
      try await check(.GET, "/api/v1/schedules/daily/next", "/api/v1/schedules/{name}/next")
      for (path, body) in [
        ("/api/v1/plans", [:]), ("/api/admin/cleanup-scans", [:]),
        ("/api/admin/reset-scans", [:]),
        ("/api/v1/bulk-actions", ["action": "cancel", "filter": ["kind": "library"]]),
        ("/api/v1/safe-submissions", ["kind": "site", "target": "https://example.org"]),
        ("/api/v1/safe-submissions", ["kind": "site", "target": "https://example.org"]),
        ("/api/v1/scans", ["kind": "library", "target": "relative"]),
        ("/api/audit", ["url": "https://example.com", "siteId": "7"]),
        ("/api/audit", ["url": "https://example.com", "siteId": "7"]),
        ("/api/v1/sign-in-codes", [:]), ("/api/v1/tokens", ["name": "x", "role": "viewer"]),
        ("/api/v1/tokens", ["name": "x", "role": "viewer"]),
      ] as [(String, JSONValue)] { try await check(.POST, path, nil, body) }
      let running = try #require(numbers["running"])
      try await check(
        .PUT, "/api/admin/cleanup-scans/\(try #require(numbers["pending"]))",
        "/api/admin/cleanup-scans/{id}", [:])
      try await check(.POST, "/api/v1/scans/\(running)/cancel", "/api/v1/scans/{id}/cancel", [:])
      try await check(.POST, "/api/v1/scans/\(running)/pause", "/api/v1/scans/{id}/pause", [:])
      try await check(.POST, "/api/v1/scans/999/pause", "/api/v1/scans/{id}/pause", [:])
      let viewer = try await server.makeToken("v", "viewer").credentials
      try await check(
        .POST, "/api/v1/scans/\(running)/cancel", "/api/v1/scans/{id}/cancel", [:], as: viewer)
      try await check(.GET, "/api/v1/scans", as: .none)
      let ended = try #require(numbers["partial"])
      try await check(
        .DELETE, "/api/v1/scans/\(ended)?confirm=\(ended)", "/api/v1/scans/{id}")
    }
  }

  /// Scans in all that can become of them, and what else the server tells of.
  private static func fill(_ server: TestServer) async throws -> [String: Int64] {
    let worker = try await ScriptedWorker.start(server.store)
    var numbers: [String: Int64] = [:]
    numbers["stuck"] = try await stuck(worker, server)
    numbers["pending"] = try await worker.submit("/srv/pending").number
    let partial = try await worker.submit("/srv/partial")
    numbers["partial"] = partial.number
    try await worker.finish(
      try await worker.claim(partial.id), files: 2,
      errors: [ItemError(path: "/p", type: "oversized", message: "m")])
    let failed = try await worker.submit("/srv/failed")
    numbers["failed"] = failed.number
    try await worker.report(
      AttemptReport(
        lease: try await worker.claim(failed.id),
        end: .failed(error: "broken", reason: nil, summary: nil)))
    let running = try await worker.submit("/srv/running")
    numbers["running"] = running.number
    try await worker.report(
      AttemptReport(
        lease: try await worker.claim(running.id),
        checkpoint: ["at": "m"],
        progress: Progress(
          done: 3, total: 9, unit: "files", bytes: 7, step: "walk", current: "a")))
    for (path, body) in [
      ("/api/v1/tenants", ["name": "acme"]),
      ("/api/v1/users", ["name": "ann", "role": "viewer", "password": "correct horse battery"]),
      (
        "/api/v1/schedules",
        [
          "name": "daily", "kind": "site", "target": "https://example.com", "cron": "@daily",
          "zone": "Europe/Berlin",
        ]
      ),
    ] as [(String, JSONValue)] {
      let answer = try await server.post(path, body)
      guard answer.status == 201 else { throw TestServer.Failure("\(path): \(answer.text)") }
    }
    try await server.store.record(
      SweepRecord(
        tookMilliseconds: 3, leader: "l", looked: 1,
        found: 1, planned: 1, held: 0, applied: 1, moved: 0, refused: 0,
        expired: ExpiredRows()))
    return numbers
  }

  /// A running scan that supervision has held for hung, recovered, and holds for stuck again.
  private static func stuck(_ worker: ScriptedWorker, _ server: TestServer) async throws -> Int64 {
    let scan = try await worker.submit("/srv/stuck")
    for round in 0..<2 {
      _ = try await worker.claim(scan.id)
      let heard = try await server.store.now().adding(seconds: -8 * 60)
      try await server.shell(
        """
        UPDATE scans SET created_at = '\(heard)', claimed_at = '\(heard)', progress_at = '\(heard)',
          last_activity_at = '\(heard)', check_at = '\(heard)' WHERE number = \(scan.number)
        """)
      guard round == 0 else { break }
      _ = try await server.post("/api/admin/cleanup-scans", ["dryRun": false])
      try await server.shell(
        "UPDATE scans SET run_at = '\(heard)' WHERE number = \(scan.number)")
    }
    return scan.number
  }
}
