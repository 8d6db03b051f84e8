import Foundation
import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import Testing

@testable import HoldfastEngine

/// Databases that go away, leases that are lost, and lives that come after others.
@Suite struct WorkerOutageTests {
  let fixture: WorkerFixture
  var folder: TemporaryFolder { fixture.folder }

  init() async throws {
    fixture = try await WorkerFixture()
  }

  static let gone = StoreError.unavailable("gone")
  static let finish = #"{"type":"finished","outcome":"completed"}"#
  static let stopped = #"{"type":"finished","outcome":"stopped"}"#

  func item(_ key: String) -> String {
    #"{"type":"items","items":[{"key":"\#(key)","type":"file","change":"added"}]}"#
  }

  @Test func nothingIsLostWhileTheDatabaseIsAway() async throws {
    let runner = ScriptedRunner([
      .ready, .awaitStart, .say(item("before")),
      .say(#"{"type":"checkpoint","number":1,"data":1}"#),
      .awaitMessage("checkpointed"), .touch(folder.path("started")),
      .awaitFile(folder.path("go")), .say(item("during")),
      .say(#"{"type":"checkpoint","number":2,"data":2}"#), .awaitMessage(#""number":2"#),
      .touch(folder.path("journaled")), .say(item("after")), .say(Self.finish),
    ])
    try await fixture.withWorker(fixture.configuration(runner)) { worker in
      let scan = try await fixture.submit()
      try await eventually("it runs") { exists(folder.path("started")) }
      fixture.store.fail(with: Self.gone)
      touch(folder.path("go"))
      try await eventually("the runner goes on") { exists(folder.path("journaled")) }
      try await eventually("and ends") { worker.running == 0 }
      #expect(try await fixture.scan(scan).status == .running, "which nobody knows yet")
      fixture.store.recover()
      let done = try await fixture.scan(scan, becomes: .completed)
      #expect(done.counts.added == 3)
      #expect(done.attempt == 1)
    }
    #expect(journals == [], "the journal is delivered and removed")
  }

  @Test func aLeaseThatWasGivenAwayMeanwhileIsNotWrittenTo() async throws {
    let runner = ScriptedRunner([
      .ready, .awaitStart,
      .onAttempt(
        1,
        [
          .touch(folder.path("started")), .awaitFile(folder.path("go")), .say(item("late")),
          .say(#"{"type":"checkpoint","number":1,"data":1}"#), .awaitMessage("checkpointed"),
          .touch(folder.path("journaled")), .awaitInputEnd,
        ]),
      .say(item("second")), .say(Self.finish),
    ])
    var configuration = fixture.configuration(runner)
    configuration.patience.stopSeconds = 0.3
    try await fixture.withWorker(configuration) { _ in
      let scan = try await fixture.submit()
      try await eventually("it runs") { exists(folder.path("started")) }
      fixture.store.fail(with: Self.gone)
      touch(folder.path("go"))
      try await eventually("it is in the journal") { exists(folder.path("journaled")) }
      // Another side holds it for lost, as a sweep would.
      let lease = Lease(scanID: scan.id, token: try await fixture.scan(scan).leaseToken)
      _ = try await fixture.base.report([
        AttemptReport(
          lease: lease,
          end: .requeued(
            reason: .workerLost, message: "swept", delaySeconds: 0, countsAsCrash: false))
      ])
      fixture.store.recover()
      let done = try await fixture.scan(scan, becomes: .completed)
      #expect(done.attempt == 2)
      let items = try await fixture.base.items(of: scan.id, change: nil, cursor: nil, limit: 9)
      #expect(items.items.map(\.item.key) == ["second"])
    }
  }

  @Test func aLostLeaseStopsItsRunner() async throws {
    let id = folder.path("id")
    let runner = ScriptedRunner([
      .ignoreTerminate, .ready, .awaitStart, .onAttempt(1, [.noteProcessID(id), .hang]),
      .say(Self.finish),
    ])
    var configuration = fixture.configuration(runner)
    configuration.heartbeatIntervalSeconds = 0.2
    configuration.patience.stopSeconds = 0.1
    configuration.patience.terminateSeconds = 0.1
    try await fixture.withWorker(configuration) { _ in
      let scan = try await fixture.submit()
      try await eventually("it runs") { exists(id) }
      let lease = Lease(scanID: scan.id, token: try await fixture.scan(scan).leaseToken)
      _ = try await fixture.base.report([
        AttemptReport(
          lease: lease,
          end: .requeued(
            reason: .workerLost, message: "swept", delaySeconds: 0, countsAsCrash: false))
      ])
      let done = try await fixture.scan(scan, becomes: .completed)
      #expect(done.attempt == 2)
      let first = try #require(Int32(try text(id).split(separator: "\n")[0]))
      try await eventually("the first runner is gone") { kill(first, 0) == -1 }
    }
  }

  @Test func aWorkerThatCannotRenewStopsItsRunnersItself() async throws {
    let runner = ScriptedRunner([
      .ready, .awaitStart,
      .onAttempt(
        1,
        [
          .touch(folder.path("started")), .awaitMessage(#""type":"stop""#),
          .touch(folder.path("stopped")), .say(#"{"type":"checkpoint","number":1,"data":5}"#),
          .say(Self.stopped),
        ]),
      .say(Self.finish),
    ])
    try await fixture.withWorker(fixture.configuration(runner)) { worker in
      let scan = try await fixture.submit(heartbeatIntervalSeconds: 6)
      try await eventually("it runs") { exists(folder.path("started")) }
      let outage = ContinuousClock.now
      fixture.store.fail(with: Self.gone)
      try await eventually("it is stopped") { exists(folder.path("stopped")) }
      #expect(.now - outage < .seconds(18), "before the lease can have been given away")
      try await eventually("the process ends") { worker.running == 0 }
      fixture.store.recover()
      let done = try await fixture.scan(scan, becomes: .completed)
      #expect(done.attempt == 2 && done.crashes == 0)
      #expect(done.checkpoint == 5, "its last checkpoint came through the journal")
    }
  }

  @Test func aRunnerThatAnswersPingsLives() async throws {
    let runner = ScriptedRunner([
      .ready, .awaitStart, .awaitMessage("ping"), .awaitMessage("ping"), .say(Self.finish),
    ])
    var configuration = fixture.configuration(runner)
    configuration.heartbeatIntervalSeconds = 4
    try await fixture.withWorker(configuration) { _ in
      let scan = try await fixture.submit(heartbeatIntervalSeconds: 4)
      let done = try await fixture.scan(scan, becomes: .completed)
      #expect(done.attempt == 1)
    }
  }

  @Test func theNextLifeRecoversWhatAKilledOneHeld() async throws {
    // A life whose process is gone: its id is beyond what the kernel gives out.
    let process = LinuxProcess.current()
    let dead = try await fixture.base.registerWorker(
      WorkerRegistration(
        name: "worker", host: process.host, bootID: process.bootID, processID: 1 << 30,
        processStartTicks: 1, slots: 1, kinds: [], version: "test", heartbeatIntervalSeconds: 30))
    let scan = try await fixture.submit("held")
    let claims = try await fixture.base.claim(for: dead, kinds: nil, limit: 1)
    let lease = try #require(claims.first).lease
    // What it could not deliver stands in its journal.
    let journalFolder = folder.path("data/journals/") + dead.id
    var journal: Journal? = Journal(folder: journalFolder)
    try journal?.append([
      Journal.Entry(
        sequence: 1,
        report: AttemptReport(
          lease: lease, items: [Item(key: "journaled", type: "file", change: .added)],
          checkpoint: ["at": 3]))
    ])
    journal = nil
    let runner = ScriptedRunner([
      .ready, .awaitMessage(#""checkpoint":{"at":3}"#), .say(Self.finish),
    ])
    try await fixture.withWorker(fixture.configuration(runner)) { _ in
      let done = try await fixture.scan(scan, becomes: .completed)
      #expect(done.attempt == 2 && done.crashes == 0)
      #expect(done.counts.added == 1)
    }
    #expect(journals == [])
    let events = try await fixture.events(scan)
    #expect("\(events)".contains("worker_restarted"))
  }

  @Test func aWorkerLeavesTheScansOfALivingOneAlone() async throws {
    let process = LinuxProcess.current()
    let alive = try await fixture.base.registerWorker(
      WorkerRegistration(
        name: "worker", host: process.host, bootID: process.bootID, processID: getpid(),
        processStartTicks: process.startTicks, slots: 1, kinds: [], version: "test",
        heartbeatIntervalSeconds: 30))
    let held = try await fixture.submit("held")
    _ = try await fixture.base.claim(for: alive, kinds: nil, limit: 1)
    try await fixture.withWorker(fixture.configuration(.completing)) { _ in
      _ = try await fixture.scan(try await fixture.submit("free"), becomes: .completed)
    }
    let after = try await fixture.scan(held)
    #expect(after.status == .running && after.attempt == 1)
  }

  @Test func aDrainWithoutADatabaseLeavesAJournalForTheNextLife() async throws {
    let runner = ScriptedRunner([
      .ready, .awaitStart, .touch(folder.path("started")), .awaitMessage(#""type":"stop""#),
      .say(item("a")), .say(#"{"type":"checkpoint","number":1,"data":8}"#), .say(Self.stopped),
    ])
    let scan = try await fixture.submit()
    var configuration = fixture.configuration(runner)
    configuration.patience.drainDeliverySeconds = 0.2
    try await fixture.withWorker(configuration) { _ in
      try await eventually("it runs") { exists(folder.path("started")) }
      fixture.store.fail(with: Self.gone)
    }
    #expect(journals.count == 1)
    #expect(try await fixture.scan(scan).status == .running)
    fixture.store.recover()
    let next = ScriptedRunner([.ready, .awaitMessage(#""checkpoint":8"#), .say(Self.finish)])
    try await fixture.withWorker(fixture.configuration(next)) { _ in
      let done = try await fixture.scan(scan, becomes: .completed)
      #expect(done.counts.added == 1)
    }
    #expect(journals == [])
  }

  @Test func aWorkerWaitsForADatabaseThatIsNotThereYet() async throws {
    fixture.store.fail(with: Self.gone)
    try await fixture.withWorker(fixture.configuration(.completing)) { worker in
      let scan = try await fixture.submit()
      try await eventually("it asks again") { fixture.store.calls(.registerWorker) >= 3 }
      #expect(worker.life == nil)
      fixture.store.recover()
      _ = try await fixture.scan(scan, becomes: .completed)
    }
  }

  @Test func aDatabaseThatRefusesTheWorkerEndsIt() async throws {
    let error = StoreError.olderSchema(found: 1, known: 2)
    fixture.store.fail([.registerWorker], with: error)
    let worker = Worker(
      store: fixture.store, configuration: fixture.configuration(.completing),
      logger: Logger(label: "worker"))
    await #expect(throws: error) { try await worker.run() }
  }

  @Test func aReportThatTheDatabaseRefusesStillEndsTheScan() async throws {
    // Columns that somebody has taken away: every report with an item is refused.
    let runner = ScriptedRunner([
      .ready, .awaitStart, .say(item("a")), .awaitFile(folder.path("go")), .say(Self.finish),
    ])
    try await fixture.withWorker(fixture.configuration(runner)) { _ in
      let scan = try await fixture.submit()
      fixture.store.refuseReports { !$0.items.isEmpty }
      touch(folder.path("go"))
      let done = try await fixture.scan(scan, becomes: .partial)
      #expect(done.counts.added == 0 && done.counts.errors == 1)
    }
    #expect(try text(folder.path("data/journals/quarantine.ndjson")).contains(#""key":"a""#))
  }

  // MARK: Helpers

  /// What is left of journals.
  var journals: [String] { Journal.names(in: folder.path("data/journals")) }

  func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
  func touch(_ path: String) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
  func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}
