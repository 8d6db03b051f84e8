import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

@Suite struct MigrationTests {
  @Test(arguments: TestedDatabase.allCases)
  func aDryRunChangesNothing(_ database: TestedDatabase) async throws {
    let (url, folder) = try await Fixture.emptyDatabase(database)
    let planned = try await SQLStore.migrate(url: url, dryRun: true, logger: .quiet)
    #expect(planned.map(\.number) == Array(1...planned.count))
    #expect(planned.allSatisfy { !$0.statements.isEmpty })
    if database == .sqlite { #expect(try folder.contents().isEmpty) }
    await #expect(throws: StoreError.olderSchema(found: 0, known: planned.count)) {
      _ = try await SQLStore.open(url: url, logger: .quiet, schema: .require)
    }
    let done = try await SQLStore.migrate(url: url, dryRun: false, logger: .quiet)
    #expect(done == planned)
    #expect(try await SQLStore.migrate(url: url, dryRun: true, logger: .quiet).isEmpty)
    #expect(try await SQLStore.migrate(url: url, dryRun: false, logger: .quiet).isEmpty)
    let store = try await SQLStore.open(url: url, logger: .quiet, schema: .require)
    #expect(try await store.schemaVersion() == planned.count)
    await store.close()
  }

  @Test(arguments: TestedDatabase.allCases)
  func manyProgramsMigrateAtOnce(_ database: TestedDatabase) async throws {
    let (url, folder) = try await Fixture.emptyDatabase(database)
    let applied = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          try await SQLStore.migrate(url: url, dryRun: false, logger: .quiet).count
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(applied.filter { $0 > 0 }.count == 1)
    withExtendedLifetime(folder) {}
  }

  @Test(arguments: TestedDatabase.allCases)
  func aNewerDatabaseIsRefused(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let known = try await fixture.store.schemaVersion()
    try await fixture.shell(
      """
      INSERT INTO holdfast_migrations (number, name, applied_at)
      VALUES (\(known + 3), 'from the future', '2030-01-01T00:00:00.000Z')
      """)
    let expected = StoreError.newerSchema(found: known + 3, known: known)
    await #expect(throws: expected) { _ = try await fixture.secondStore() }
    for dryRun in [true, false] {
      await #expect(throws: expected) {
        _ = try await SQLStore.migrate(url: fixture.url, dryRun: dryRun, logger: .quiet)
      }
    }
    #expect(expected.description.contains("newer"))
  }

  @Test func whatCannotBeOpenedIsSaid() async throws {
    await #expect(throws: StoreError.self) {
      _ = try await SQLStore.open(
        url: .sqlite(path: "/nonexistent/folder/x.db"), logger: .quiet)
    }
    await #expect {
      _ = try await SQLStore.open(
        url: .postgres(uri: "postgres://u:secret@%2Fnonexistent/x"), logger: .quiet)
    } throws: { error in
      guard let error = error as? StoreError else { return false }
      return error.isTransient && !error.description.contains("secret")
    }
  }
}
