import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import Testing

/// Somebody changes the schema beneath a live worker: it says so in the words that operators look for, keeps what it cannot
/// write, and goes on when the schema fits again.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SchemaChangeTests {
  @Test(arguments: DatabaseKind.allCases)
  func aColumnThatGoesAndComesBackCostsNothing(_ kind: DatabaseKind) async throws {
    let stage = try await Stage.set(kind)
    let worker = try stage.worker()
    let brake = Brake(on: worker, scanning: stage.library.root)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    let database = try SQLStore.openDatabase(url: stage.url, logger: Logger(label: "schema"))
    func change(_ sql: String) async throws {
      try await database.write { (connection) throws(StoreError) -> Void in
        try connection.runScript(sql)
      }
    }
    try await change("ALTER TABLE scans DROP COLUMN waited_seconds")
    brake.release()
    try await eventually("a journal with something in it") {
      stage.journalBytes(of: "one") > 0 ? () : nil
    }
    #expect(worker.log.contains("PGRST204"))
    #expect(worker.log.contains("schema cache"))
    let type = kind == .postgres ? "double precision" : "REAL"
    try await change(
      "ALTER TABLE scans ADD COLUMN waited_seconds \(type) NOT NULL DEFAULT 0")
    await database.close()
    try await stage.expectUndisturbedOutcome(of: scan)
    #expect(try await stage.current(scan).attempt == 1, "the attempt went on")
    try await expectOrderlyEnd(of: worker)
  }
}
