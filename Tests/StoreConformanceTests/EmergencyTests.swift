import HoldfastCore
import HoldfastStorage
import Testing

/// What can still be written when the schema is not what it was.
@Suite struct EmergencyTests {
  /// On SQLite as somebody does it who is in the way of its own check of the triggers that name the column.
  private func drop(_ column: String, _ fixture: Fixture) async throws {
    let drop = "ALTER TABLE scans DROP COLUMN \(column);"
    try await fixture.shell(
      fixture.database == .postgres
        ? drop : "PRAGMA writable_schema = ON; \(drop) PRAGMA writable_schema = OFF;")
  }

  @Test(arguments: TestedDatabase.allCases)
  func aMissingColumnIsToldFromOtherRefusals(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    try await drop("paused_at", fixture)
    let end = AttemptReport(lease: claim.lease, end: .completed(message: nil, summary: [:]))
    do throws(StoreError) {
      _ = try await fixture.store.report([end])
      Issue.record("the full form needs the column")
    } catch {
      #expect(error.isSchemaMismatch, "\(error)")
    }
    #expect(!StoreError.statement("a check fails (23514)").isSchemaMismatch)
    #expect(!StoreError.unavailable("no such table").isSchemaMismatch)
    #expect(try await fixture.store.reportMinimally(end) == .applied)
    #expect(try await fixture.store.reportMinimally(end) == .superseded, "fenced as ever")
    #expect(
      try await fixture.shell("SELECT status FROM scans").contains("completed"))
    #expect(try await fixture.eventTypes(of: claim.scan.id).last == "scan_completed")
    if database == .sqlite {
      let triggers = try await fixture.shell(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'scans'")
      #expect(triggers == "scan_changed_by_hand\n", "it is back")
    }
  }

  @Test(arguments: TestedDatabase.allCases)
  func theStatusIsWrittenWhateverElseIsGone(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    try await fixture.shell("ALTER TABLE scan_lifecycle_events RENAME TO elsewhere")
    let end = AttemptReport(
      lease: claim.lease,
      end: .requeued(
        reason: .runnerCrashed, message: "m", delaySeconds: 0, countsAsCrash: true))
    #expect(try await fixture.store.reportMinimally(end) == .applied)
    let row = try await fixture.shell("SELECT status, cleanup_reason FROM scans")
    #expect(row.contains("pending") && row.contains("runner_crashed"))
  }

  @Test(arguments: TestedDatabase.allCases)
  func leasesAreRenewedWithoutTheColumnsOfWishes(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    let before = try await fixture.scan(claim.scan.id).lastActivityAt
    try await drop("diagnosis_wanted_at", fixture)
    await #expect(throws: StoreError.self) {
      try await fixture.store.beat(life, leases: [claim.lease], running: 1)
    }
    let old = Lease(scanID: claim.scan.id, token: claim.lease.token - 1)
    let outcome = try await fixture.store.beatMinimally(life, leases: [claim.lease, old])
    #expect(outcome.lost == [old])
    #expect(try await fixture.scan(claim.scan.id).lastActivityAt != before)
    try await fixture.store.refreshSchema()
    try await fixture.shell(
      "ALTER TABLE scans ADD COLUMN diagnosis_wanted_at "
        + (database == .postgres ? "timestamptz" : "TEXT"))
    #expect(try await fixture.store.beat(life, leases: [claim.lease], running: 1).lost == [])
  }
}
