import HoldfastCore
import HoldfastStorage
import Testing

/// Pages of due scans that share a moment: a whole batch that was submitted in one transaction becomes due at once.
@Suite struct PagingTests {
  @Test(arguments: TestedDatabase.allCases)
  func aBatchThatIsDueAtTheSameMoment(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let batch = try await fixture.store.submit((0..<25).map { .sample("t\($0)") })
    #expect(batch.count == 25)
    // Finer than a millisecond where the database can, as its own times are.
    try await fixture.shell(
      database == .postgres
        ? "UPDATE scans SET check_at = now() - interval '60.123456 seconds'"
        : "UPDATE scans SET check_at = \(fixture.ago(60))")
    for limit in [1, 4, 5, 24, 25, 26] {
      #expect(try await fixture.due(pages: limit) == Array(1...25), "pages of \(limit)")
    }
  }

  @Test(arguments: TestedDatabase.allCases)
  func afterScansWithoutATimeTheOthersFollow(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    for number in 0..<5 { try await fixture.submit(.sample("t\(number)")) }
    try await fixture.shell("UPDATE scans SET check_at = \(fixture.ago(9000))")
    try await fixture.shell("UPDATE scans SET check_at = NULL WHERE number = 3")
    let first = try await fixture.store.due(after: nil, limit: 1)
    #expect(first.rows.map(\.snapshot.number) == [3, 1])
    #expect(try await fixture.due(pages: 1) == [3, 1, 2, 4, 5])
  }
}
