import HoldfastCore
import HoldfastStorage
import Testing

@Suite struct SettlingTests {
  private func item(
    _ key: String, _ change: Item.Change, _ identity: String? = nil, _ data: JSONValue? = nil
  ) -> Item {
    Item(key: key, type: "file", change: change, identity: identity, data: data)
  }

  private func items(_ fixture: Fixture, _ id: ScanID) async throws -> [Item] {
    try await fixture.store.items(of: id, change: nil, cursor: nil, limit: 99).items
      .map(\.item)
  }

  @Test(arguments: TestedDatabase.allCases)
  func pairsMovesAndRemovesTheRest(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    let long = String(repeating: "l", count: 4000)
    try await fixture.report(
      AttemptReport(
        lease: claim.lease,
        items: [
          item("old1", .missing, "i1"), item("old2", .missing, "i2"), item("old3", .missing),
          item("new1", .added, "i1", ["size": 3]), item("new4", .added, "i4"),
          item("twin-a", .missing, "t"), item("twin-b", .missing, "t"),
          item("twin-c", .missing, "t"), item("twin-d", .added, "t"),
          item("twin-e", .added, "t"), item(long, .missing, "l"), item("short", .added, "l"),
          item("up", .updated, "i2"),
        ]))
    let settlement = try await fixture.store.settle(claim.lease, removalLimit: 3)
    #expect(settlement == .init(moved: 4, removed: 3, isRefused: false))
    let expected = [
      item("new1", .moved, "i1", ["size": 3, "from": "old1"]), item("new4", .added, "i4"),
      item("old2", .removed, "i2"), item("old3", .removed),
      item("short", .moved, "l", ["from": .string(long)]), item("twin-c", .removed, "t"),
      item("twin-d", .moved, "t", ["from": "twin-a"]),
      item("twin-e", .moved, "t", ["from": "twin-b"]), item("up", .updated, "i2"),
    ]
    #expect(try await items(fixture, claim.scan.id) == expected)
    #expect(
      try await fixture.scan(claim.scan.id).counts
        == ItemCounts(added: 1, updated: 1, removed: 3, moved: 4))
    // Again, as after a lost acknowledgement.
    #expect(try await fixture.store.settle(claim.lease, removalLimit: 3) == settlement)
    #expect(try await items(fixture, claim.scan.id) == expected)
  }

  @Test(arguments: TestedDatabase.allCases)
  func refusesAboveTheLimit(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    let reported = [
      item("a", .missing, "x"), item("b", .missing), item("c", .missing),
      item("d", .added, "x"),
    ]
    try await fixture.report(AttemptReport(lease: claim.lease, items: reported))
    let refused = try await fixture.store.settle(claim.lease, removalLimit: 1)
    #expect(refused == .init(moved: 1, removed: 2, isRefused: true))
    #expect(try await items(fixture, claim.scan.id) == reported)
    #expect(
      try await fixture.scan(claim.scan.id).counts == ItemCounts(added: 1, missing: 3))
    let done = try await fixture.store.settle(claim.lease, removalLimit: nil)
    #expect(done == .init(moved: 1, removed: 2, isRefused: false))
    #expect(try await fixture.scan(claim.scan.id).counts == ItemCounts(removed: 2, moved: 1))
  }

  @Test(arguments: TestedDatabase.allCases)
  func nothingMissingIsNothingToDo(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    #expect(
      try await fixture.store.settle(claim.lease, removalLimit: 0)
        == .init(moved: 0, removed: 0, isRefused: false))
  }
}
