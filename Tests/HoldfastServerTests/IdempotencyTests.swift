import HoldfastCore
import HoldfastStorage
import NIOHTTP1
import Testing

@testable import HoldfastServer

/// Requests that make something, sent again.
@Suite(.timeLimit(.minutes(2))) struct IdempotencyTests {
  private static func key(_ text: String) -> [(String, String)] { [("Idempotency-Key", text)] }

  @Test(arguments: TestDatabase.allCases)
  func aTokenIsMadeOnceAndShownOnce(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let wish: JSONValue = ["name": "ci", "role": "viewer"]
      let first = try await server.post("/api/v1/tokens", wish, headers: Self.key("k"))
      #expect(first.status == 201)
      let token = try #require(try first.json["token"]?.stringValue)
      let again = try await server.post("/api/v1/tokens", wish, headers: Self.key("k"))
      #expect(again.status == 200)
      #expect(try again.json["id"] == first.json["id"])
      #expect(try again.json["token"] == nil)
      #expect(!again.text.contains(token))
      // It is another request, and nothing is made of it.
      let other = try await server.post(
        "/api/v1/tokens", ["name": "cd", "role": "viewer"], headers: Self.key("k"))
      #expect(other.status == 409 && other.problem == "idempotency-conflict")
      // A key whose request was refused is free again.
      let taken = try await server.post("/api/v1/tokens", wish, headers: Self.key("k2"))
      #expect(taken.status == 409 && taken.problem == "name-taken")
      let free = try await server.post(
        "/api/v1/tokens", ["name": "cd", "role": "viewer"], headers: Self.key("k2"))
      #expect(free.status == 201)
      let names = try await server.store.tokens().map(\.name)
      #expect(names.filter { $0 == "ci" }.count == 1)
      // Nothing of the secret is kept with the key.
      let hash = Secrets.hash(token)
      let kept = try await server.read("SELECT key, request_sha256, object FROM idempotency_keys")
      #expect(kept.contains("k2") && !kept.contains(token) && !kept.contains(hash))
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func usersTenantsAndSchedulesAreMadeOnce(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let wishes: [(path: String, wish: JSONValue, other: JSONValue)] = [
        ("/api/v1/tenants", ["name": "acme"], ["name": "other"]),
        (
          "/api/v1/users", ["name": "ann", "password": "correct horse battery", "role": "viewer"],
          ["name": "bob", "password": "correct horse battery", "role": "viewer"]
        ),
        (
          "/api/v1/schedules",
          ["name": "a", "kind": "library", "target": "/a", "every_seconds": 3600],
          ["name": "a", "kind": "library", "target": "/a", "every_seconds": 7200]
        ),
      ]
      for (path, wish, other) in wishes {
        let first = try await server.post(path, wish, headers: Self.key("k"))
        #expect(first.status == 201, "\(path): \(first.text)")
        let again = try await server.post(path, wish, headers: Self.key("k"))
        #expect(again.status == 200, "\(path): \(again.text)")
        #expect(try again.json == first.json)
        let conflict = try await server.post(path, other, headers: Self.key("k"))
        #expect(conflict.problem == "idempotency-conflict", "\(path)")
        let unnamed = try await server.post(
          path, wish, headers: Self.key(String(repeating: "k", count: 300)))
        #expect(unnamed.status == 400, "\(path)")
      }
      // What the key made is no longer there: it does not make another.
      #expect(try await server.send(.DELETE, "/api/v1/schedules/a").status == 204)
      let gone = try await server.post(wishes[2].path, wishes[2].wish, headers: Self.key("k"))
      #expect(gone.problem == "idempotency-conflict")
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func ofManyAtOnceOneMakesIt(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      try await server.addTenant("acme")
      let admin = try await server.makeToken("a", "admin", tenant: "acme").credentials
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<8 {
          group.addTask {
            try await server.post(
              "/api/v1/tokens", ["name": "ci", "role": "viewer"], headers: Self.key("k"),
              as: admin
            ).status
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.sorted() == [200, 200, 200, 200, 200, 200, 200, 201])
      // Another tenant's keys are its own.
      let other = try await server.post(
        "/api/v1/tokens", ["name": "ci", "role": "viewer"], headers: Self.key("k"))
      #expect(other.status == 201)
    }
  }
}
