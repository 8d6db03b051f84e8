import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

/// PostgreSQL's connections break; the store says so, and comes back by itself.
@Suite struct ConnectionLossTests {
  @Test func terminatedSessionsAreReplaced() async throws {
    let fixture = try await Fixture(.postgres)
    let scan = try await fixture.submit(.sample())
    let ticks = fixture.store.signals(.queue)
    let heard = Task {
      for await _ in ticks { return true }; return false
    }
    for _ in 0..<5 {
      try await fixture.shell(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
        """)
      // A session that has died while idle is replaced without anybody noticing.
      #expect(try await fixture.store.scan(.id(scan.id)) == scan)
      try await fixture.submit(.sample())
    }
    #expect(await heard.value)
  }

  @Test func aKilledServerIsUnavailableAndThenBack() async throws {
    let server = try await PostgresServer.start()
    let store = try await SQLStore.open(
      url: try await server.createDatabase(), logger: .quiet)
    let request = ScanRequest.sample()
    _ = try await store.submit([request])
    try await server.kill9()
    for _ in 0..<3 {
      do {
        _ = try await store.scan(.id(request.id))
        Issue.record("a dead server answered")
      } catch {
        #expect(error.isTransient, "\(error)")
      }
    }
    let ticks = store.signals(.queue)
    let heard = Task {
      for await _ in ticks { return true }; return false
    }
    try await server.restart()
    // The listener finds the server by itself and begins with a tick; what was committed is there.
    #expect(await heard.value)
    try await eventually("the store to be back") {
      do {
        return try await store.scan(.id(request.id)) != nil
      } catch {
        #expect((error as? StoreError)?.isTransient == true)
        return false
      }
    }
    let again = try await store.submit([request])
    guard case .existing = again.first else {
      Issue.record("\(again)")
      return
    }
    await store.close()
  }

  @Test func aSchemaChangeUnderTheStoreIsSurvived() async throws {
    let fixture = try await Fixture(.postgres)
    let scan = try await fixture.submit(.sample())
    for column in ["extra_a", "extra_b"] {
      // Prepared statements now return another row type or have another plan.
      try await fixture.shell("ALTER TABLE scans ADD COLUMN \(column) text")
      #expect(try await fixture.store.scan(.id(scan.id)) == scan)
      try await fixture.submit(.sample())
    }
    try await fixture.shell("ALTER TABLE scans ALTER COLUMN priority TYPE bigint")
    #expect(try await fixture.store.scan(.id(scan.id)) == scan)
    let life = try await fixture.worker()
    #expect(try await fixture.store.claim(for: life, kinds: nil, limit: 9).count == 3)
  }
}
