import HoldfastCore
import HoldfastStorage
import Testing

/// One leads, by a term of the database's clock.
@Suite struct LeadingTests {
  @Test(arguments: TestedDatabase.allCases)
  func oneLeadsAndRenews(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let (one, other) = (fixture.store, try await fixture.secondStore())
    #expect(try await one.lead("sweep", as: "a", forSeconds: 30))
    #expect(try await !other.lead("sweep", as: "b", forSeconds: 30))
    #expect(try await one.lead("sweep", as: "a", forSeconds: 30))
    // Another office is another matter.
    #expect(try await other.lead("backup", as: "b", forSeconds: 30))
    #expect(try await !one.lead("backup", as: "a", forSeconds: 30))
    // Only the holder's resignation counts.
    try await other.resign("sweep", as: "b")
    #expect(try await !other.lead("sweep", as: "b", forSeconds: 30))
    try await one.resign("sweep", as: "a")
    #expect(try await other.lead("sweep", as: "b", forSeconds: 30))
    #expect(try await !one.lead("sweep", as: "a", forSeconds: 30))
    await other.close()
  }

  @Test(arguments: TestedDatabase.allCases)
  func aTermThatEndedIsAnothers(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    #expect(try await fixture.store.lead("sweep", as: "a", forSeconds: 0.2))
    try await eventually("the end of the term") {
      try await fixture.store.lead("sweep", as: "b", forSeconds: 30)
    }
    #expect(try await !fixture.store.lead("sweep", as: "a", forSeconds: 30))
    let terms = try await fixture.shell("SELECT term FROM leaderships WHERE name = 'sweep'")
    #expect(terms.split(whereSeparator: \.isNewline) == ["2"])
  }

  @Test(arguments: TestedDatabase.allCases)
  func oneOfManyWins(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    for round in 0..<5 {
      let name = "office-\(round)"
      let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
        for holder in 0..<10 {
          group.addTask {
            try await fixture.store.lead(name, as: "\(holder)", forSeconds: 30)
          }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(winners == 1)
    }
  }
}
