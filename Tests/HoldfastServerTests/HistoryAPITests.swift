import HoldfastCore
import HoldfastEngine
import HoldfastStorage
import HoldfastTestKit
import Testing

@testable import HoldfastServer

/// How scans and sweeps went, through the API.
@Suite(.timeLimit(.minutes(2))) struct HistoryAPITests {
  @Test(arguments: TestDatabase.allCases)
  func progressIsShownWithItsRates(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      let empty = try await server.get("/api/v1/scans/\(scan.number)/progress")
      #expect(
        try empty.json == [
          "scan_id": .string("\(scan.id)"), "number": .int(scan.number), "unit": "items",
          "items": [],
        ])
      let lease = try await worker.claim(scan.id)
      _ = try await server.store.report([
        AttemptReport(
          lease: lease, progress: Progress(done: 5, total: 20, unit: "files", step: "read"))
      ])
      let answer = try await server.get("/api/v1/scans/\(scan.id)/progress")
      #expect(answer.status == 200)
      #expect(try answer.json["unit"] == "files")
      let point = try #require(try answer.json["items"]?.arrayValue?.first)
      #expect(point["done"] == 5 && point["total"] == 20 && point["percentage"] == 25)
      #expect(point["step"] == "read" && point["attempt"] == 1)
      #expect(point["rate_per_second"] == nil)
      #expect(try await server.get("/api/v1/scans/99/progress").status == 404)
      #expect(try await server.get("/api/v1/scans/\(scan.id)/progress?x=1").status == 400)
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func sweepsAreListed(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      #expect(try await server.get("/api/v1/sweeps").json == ["items": []])
      for applied in [1, 2] {
        try await server.store.record(
          SweepRecord(
            tookMilliseconds: 12, leader: "one", looked: 5, found: 3, planned: 2, held: 1,
            applied: applied, moved: 0, refused: 0,
            expired: ExpiredRows(scans: 1, items: 2, events: 3)))
      }
      let first = try await server.get("/api/v1/sweeps?limit=1").json
      let sweep = try #require(first["items"]?.arrayValue?.first)
      #expect(sweep["applied"] == 2 && sweep["took_ms"] == 12 && sweep["leader"] == "one")
      #expect(sweep["expired"] == ["scans": 1, "items": 2, "events": 3])
      let cursor = try #require(first["next_cursor"]?.stringValue)
      let rest = try await server.get("/api/v1/sweeps?limit=1&cursor=\(cursor)").json
      #expect(rest["items"]?.arrayValue?.map { $0["applied"] } == [1])
      #expect(rest["next_cursor"] == nil)
      #expect(try await server.get("/api/v1/sweeps?cursor=zz").status == 400)
    }
  }
}
