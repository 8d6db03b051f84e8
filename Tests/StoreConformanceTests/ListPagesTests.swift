import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

/// Lists of what an installation has are read page by page: each row once, in order, and only the caller's.
@Suite(.timeLimit(.minutes(2))) struct ListPagesTests {
  /// The names of all pages, and how long each of these is.
  private static func all<Row>(
    limit: Int, _ page: (_ cursor: String?) async throws -> Page<Row>,
    name: (Row) -> String
  ) async throws -> (names: [String], sizes: [Int]) {
    var (names, sizes): ([String], [Int]) = ([], [])
    var cursor: String?
    repeat {
      let found = try await page(cursor)
      names += found.items.map(name)
      sizes.append(found.items.count)
      cursor = found.nextCursor
    } while cursor != nil && sizes.count < 100
    return (names, sizes)
  }

  /// Tenants `a` and `b`.
  private static func fixture(_ database: TestedDatabase) async throws -> Fixture {
    let fixture = try await Fixture(database)
    for name in ["b", "a"] { _ = try await fixture.store.addTenant(name, by: "test") }
    return fixture
  }

  @Test(arguments: TestedDatabase.allCases)
  func tokensComeNewestFirst(_ database: TestedDatabase) async throws {
    let fixture = try await Self.fixture(database)
    for number in 1...7 {
      let made = try await fixture.store.createToken(
        TokenDraft(
          name: "t\(number)", hash: "h\(number)", role: .viewer,
          scope: number == 4 ? .all : .only(number % 2 == 0 ? "b" : "a"), expiresInSeconds: nil,
          createdBy: "test"))
      guard case .created = made else { throw Unexpected() }
    }
    let (a, b) = (
      fixture.store.seen(by: .sample("a")), fixture.store.seen(by: .sample("b"))
    )
    let everything = try await Self.all(limit: 3) {
      try await fixture.store.tokens(cursor: $0, limit: 3)
    } name: {
      $0.name
    }
    #expect(everything.names == ["t7", "t6", "t5", "t4", "t3", "t2", "t1"])
    #expect(everything.sizes == [3, 3, 1])
    let own = try await Self.all(limit: 2) {
      try await a.tokens(cursor: $0, limit: 2)
    } name: {
      $0.name
    }
    #expect(own.names == ["t7", "t5", "t3", "t1"] && own.sizes == [2, 2])
    // A cursor of somebody else's list is a place, and opens nothing.
    let foreign = try #require(try await a.tokens(cursor: nil, limit: 1).nextCursor)
    #expect(try await b.tokens(cursor: foreign, limit: 9).items.map(\.name) == ["t6", "t2"])
    await fixture.store.close()
  }

  @Test(arguments: TestedDatabase.allCases)
  func usersComeByNameWithTheRolesThatTheCallerMayKnow(
    _ database: TestedDatabase
  ) async throws {
    let fixture = try await Self.fixture(database)
    let store = fixture.store
    for (name, tenants) in [
      ("eve", ["a", "b"]), ("ann", ["b"]), ("bob", ["a", "b"]), ("dan", ["a"]), ("cid", ["b"]),
    ] {
      _ = try await store.addUser(
        UserDraft(
          name: name, passwordHash: "-", role: .viewer, scope: .only(tenants[0]),
          createdBy: "test"))
      for other in tenants.dropFirst() {
        _ = try await store.setRole(.operator, of: name, in: .only(other))
      }
    }
    let everybody = try await Self.all(limit: 2) {
      try await store.users(cursor: $0, limit: 2)
    } name: {
      "\($0.name) \($0.roles.keys.sorted().joined())"
    }
    #expect(everybody.names == ["ann b", "bob ab", "cid b", "dan a", "eve ab"])
    #expect(everybody.sizes == [2, 2, 1])
    let a = store.seen(by: .sample("a"))
    let own = try await Self.all(limit: 2) {
      try await a.users(cursor: $0, limit: 2)
    } name: {
      "\($0.name) \($0.roles.keys.sorted().joined())"
    }
    #expect(own.names == ["bob a", "dan a", "eve a"] && own.sizes == [2, 1])
    await store.close()
  }

  @Test(arguments: TestedDatabase.allCases)
  func tenantsAndSchedulesComeByName(_ database: TestedDatabase) async throws {
    let fixture = try await Self.fixture(database)
    let store = fixture.store
    let tenants = try await Self.all(limit: 2) {
      try await store.tenants(cursor: $0, limit: 2)
    } name: {
      $0.name
    }
    #expect(tenants.names == ["a", "b", "default"] && tenants.sizes == [2, 1])
    let a = store.seen(by: .sample("a"))
    #expect(try await a.tenants(cursor: nil, limit: 2).items.map(\.name) == ["a"])

    for (name, tenant) in [("n3", "a"), ("n1", "a"), ("n2", "a"), ("n4", "b"), ("n0", "a")] {
      var draft = try ScheduleDraft(
        name: name, kind: "library", target: "/x", cron: nil, zone: nil, everySeconds: 86_400,
        createdBy: "test", knowsZone: Zones.isKnown)
      draft.tenantID = tenant
      guard case .created = try await store.add(draft) else { throw Unexpected() }
    }
    for reader in [store, a] {
      let schedules = try await Self.all(limit: 2) {
        try await reader.schedules(tenantID: "a", cursor: $0, limit: 2)
      } name: {
        $0.name
      }
      #expect(schedules.names == ["n0", "n1", "n2", "n3"] && schedules.sizes == [2, 2])
    }
    #expect(try await a.schedules(tenantID: "b", cursor: nil, limit: 9).items.isEmpty)
    await store.close()
  }

  @Test(arguments: TestedDatabase.allCases)
  func workersAreReadInPagesAndTheEndedNotToSeeWhoIsThere(
    _ database: TestedDatabase
  ) async throws {
    let fixture = try await Self.fixture(database)
    let store = fixture.store
    let (a, b) = (store.seen(by: .sample("a")), store.seen(by: .sample("b")))
    var lives: [WorkerLife] = []
    for number in 1...5 { lives.append(try await fixture.worker("w\(number)")) }
    lives.append(try await a.registerWorker(.sample("of a")))
    for life in lives[..<3] { try await store.retireWorker(life) }

    let everybody = try await Self.all(limit: 4) {
      try await store.workers(cursor: $0, limit: 4)
    } name: {
      $0.id
    }
    #expect(everybody.names == lives.map(\.id).sorted(by: >) && everybody.sizes == [4, 2])
    let others = try await Self.all(limit: 2) {
      try await b.workers(cursor: $0, limit: 2)
    } name: {
      $0.id
    }
    #expect(others.names == lives[..<5].map(\.id).sorted(by: >) && others.sizes == [2, 2, 1])
    #expect(Set(try await store.presentWorkers().map(\.id)) == Set(lives[3...].map(\.id)))
    #expect(Set(try await b.presentWorkers().map(\.id)) == Set(lives[3..<5].map(\.id)))
    await store.close()
  }

  /// What no list has given out is refused, or leads to a place in the caller's own rows.
  @Test(arguments: TestedDatabase.allCases)
  func cursorsThatSomebodyMadeUpDoNoHarm(_ database: TestedDatabase) async throws {
    let fixture = try await Self.fixture(database)
    let store = fixture.store.seen(by: .sample("a"))
    _ = try await fixture.submit(.sample("/theirs", tenant: "b"))
    // Half a byte, no digits, a zero byte, no UTF-8, no number, a number that is none of any row.
    for cursor in ["3", "xyz", "61006200", "c3", "61", "39393939393939393939393939393939393939"] {
      await #expect(throws: StoreError.badCursor(cursor), "\(cursor)") {
        try await store.tokens(cursor: cursor, limit: 9)
      }
      await #expect(throws: StoreError.badCursor(cursor), "\(cursor)") {
        try await store.scans(ScanFilter(), cursor: cursor, limit: 9)
      }
    }
    // “1 ” and a zero byte: a place in a list by target.
    await #expect(throws: StoreError.badCursor("312000")) {
      try await store.scans(
        ScanFilter(), order: ScanOrder(.target, isDescending: true), cursor: "312000", limit: 9)
    }
    for cursor in ["61", "27204f52203127", "2a"] {
      #expect(try await store.tenants(cursor: cursor, limit: 9).items.allSatisfy { $0.name == "a" })
      #expect(try await store.users(cursor: cursor, limit: 9).items.isEmpty)
      #expect(try await store.schedules(tenantID: "a", cursor: cursor, limit: 9).items.isEmpty)
      #expect(try await store.workers(cursor: cursor, limit: 9).items.isEmpty)
      let scans = try await store.scans(
        ScanFilter(), order: ScanOrder(.target, isDescending: true),
        cursor: "3120" + cursor, limit: 9)
      #expect(scans.items.isEmpty)
    }
    await fixture.store.close()
  }
}
