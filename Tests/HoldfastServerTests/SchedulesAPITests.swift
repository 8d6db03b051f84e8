import HoldfastCore
import HoldfastStorage
import NIOHTTP1
import Testing

@Suite(.timeLimit(.minutes(2))) struct SchedulesAPITests {
  private static let nightly: JSONValue = [
    "name": "nightly", "kind": "library", "target": "/srv/./a/", "cron": "30  2 * * *",
    "zone": "Europe/Berlin",
  ]

  @Test(arguments: TestDatabase.allCases)
  func aScheduleComesAndGoes(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let path = "/api/v1/schedules"
      let made = try await server.post(path, Self.nightly)
      #expect(made.status == 201)
      #expect(made.headers.first(name: "location") == "/api/v1/schedules/nightly")
      let schedule = try made.decoded(as: Schedule.self)
      #expect(schedule.target == "/srv/a" && schedule.cron == "30 2 * * *")
      let again = try await server.post(path, Self.nightly)
      #expect(again.status == 200)
      #expect(try again.json == made.json)
      let other = try await server.post(
        path, ["name": "nightly", "kind": "library", "target": "/srv/b", "every_seconds": 900])
      #expect(other.status == 409)
      #expect(other.problem == "name-taken")
      #expect(try await server.get(path).json["items"]?.arrayValue?.count == 1)
      #expect(try await server.get("\(path)/nightly").json == made.json)
      let next = try await server.get("\(path)/nightly/next?limit=3").json
      let times = try #require(next["times"]?.arrayValue)
      #expect(times.count == 3)
      #expect(times.first == schedule.nextAt.map { .string("\($0)") })
      #expect(try await server.send(.DELETE, "\(path)/nightly").status == 204)
      #expect(try await server.get("\(path)/nightly").status == 404)
      #expect(try await server.send(.DELETE, "\(path)/nightly").status == 404)
      let log = try await server.get("/api/v1/audit-log?object=schedule%20nightly").json
      #expect(
        log["items"]?.arrayValue?.map { $0["action"] } == ["schedule.remove", "schedule.add"])
    }
  }

  /// Who is for all tenants says whose schedules are meant; everybody else has their own.
  @Test(arguments: TestDatabase.allCases)
  func aTenantsSchedulesAreReachedByName(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      try await server.addTenant("acme")
      try await server.addTenant("other")
      let acme = try await server.makeToken("a", "operator", tenant: "acme").credentials
      let other = try await server.makeToken("o", "operator", tenant: "other").credentials
      let path = "/api/v1/schedules"
      let wish = (Self.nightly.objectValue ?? [:]).merging(["tenant": "acme"]) { $1 }
      #expect(try await server.post(path, .object(wish)).json["tenant_id"] == "acme")
      #expect(try await server.get(path).json["items"] == [])
      let named = try await server.get("\(path)?tenant=acme").json["items"]?.arrayValue
      #expect(named?.count == 1)
      #expect(try await server.get(path, as: acme).json["items"]?.arrayValue == named)
      #expect(try await server.get("\(path)/nightly").status == 404)
      #expect(try await server.get("\(path)/nightly/next?tenant=acme").status == 200)
      for query in ["acme", "nowhere", "*"] {
        let refused = try await server.get("\(path)?tenant=\(query)", as: other)
        #expect(try refused.json["field"] == "tenant", "\(query)")
      }
      #expect(try await server.post(path, .object(wish), as: other).status == 400)
      #expect(
        try await server.send(.DELETE, "\(path)/nightly?tenant=acme", as: other).status == 400)
      let tag = try #require(
        try await server.get("\(path)/nightly", as: acme).headers.first(name: "etag"))
      let stale = try await server.send(
        .DELETE, "\(path)/nightly?tenant=acme", headers: [("If-Match", "\"x\"")])
      #expect(stale.status == 412)
      let removed = try await server.send(
        .DELETE, "\(path)/nightly?tenant=acme", headers: [("If-Match", tag)])
      #expect(removed.status == 204)
    }
  }

  @Test func whatIsWrongIsNamed() async throws {
    try await TestServer.run { server in
      for (change, field) in [
        (["name": "Nightly"], "name"), (["target": "srv"], "target"), (["cron": "x"], "cron"),
        (["zone": "Berlin"], "zone"), (["every_seconds": 900], "cron"),
        (["every_seconds": 5], "every_seconds"), (["missed": "all"], "missed"),
        (["params": ["hsh": true]], "params.hsh"), (["priority": 1000], "priority"),
        (["crone": "x"], "crone"),
      ] as [([String: JSONValue], String)] {
        var body = Self.nightly.objectValue ?? [:]
        body.merge(change) { $1 }
        let answer = try await server.post("/api/v1/schedules", .object(body))
        #expect(answer.status == 400, "\(change)")
        #expect(try answer.json["field"] == .string(field), "\(change)")
      }
    }
  }
}
