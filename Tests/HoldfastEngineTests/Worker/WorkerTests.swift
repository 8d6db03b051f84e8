import Foundation
import Glibc
import HoldfastCore
import HoldfastEngine
import HoldfastStorage
import HoldfastTestKit
import Logging
import Testing

/// Whole attempts: a real store, a real worker, real child processes.
@Suite struct WorkerTests {
  let fixture: WorkerFixture
  var folder: TemporaryFolder { fixture.folder }

  init() async throws {
    fixture = try await WorkerFixture()
  }

  static let finish =
    #"{"type":"finished","outcome":"completed","message":"done","summary":{"n":3}}"#
  static let stopped = #"{"type":"finished","outcome":"stopped"}"#
  static let checkpoint = #"{"type":"checkpoint","number":1,"data":{"at":7}}"#
  static let items =
    #"{"type":"items","items":[{"key":"a","type":"file","change":"added"},{"key":"b","type":"file","change":"added"}]}"#

  // MARK: The ordinary way

  @Test func aScanRunsToItsEnd() async throws {
    let runner = ScriptedRunner([
      .ready, .awaitStart, .say(Self.items),
      .say(#"{"type":"progress","done":2,"total":4,"unit":"files","step":"walk"}"#),
      .say(
        #"{"type":"item_errors","errors":[{"path":"c","type":"permission_denied","message":"no"}]}"#
      ),
      .say(#"{"type":"a_message_of_the_future","x":1}"#), .say(Self.finish),
    ])
    try await fixture.withWorker(fixture.configuration(runner)) { worker in
      let scan = try await fixture.submit()
      let done = try await fixture.scan(scan, becomes: .partial)
      #expect(done.message == "done")
      #expect(done.summary == ["n": 3])
      #expect(done.counts == ItemCounts(added: 2, errors: 1))
      #expect(done.progress?.done == 2)
      #expect(done.attempt == 1 && done.crashes == 0)
      try await eventually("its slot is free") { worker.running == 0 }
    }
    #expect(try await fixture.base.workers().map(\.status) == ["retired"])
  }

  @Test func manyScansRunInFewSlots() async throws {
    try await fixture.withWorker(fixture.configuration(.completing, slots: 3)) { worker in
      var scans: [Scan] = []
      for number in 0..<30 { scans.append(try await fixture.submit("t\(number)")) }
      for scan in scans {
        _ = try await fixture.scan(scan, becomes: .completed)
        #expect(worker.running <= 3)
      }
    }
  }

  @Test func aCheckpointIsDurableBeforeTheRunnerHearsOfIt() async throws {
    let heard = folder.path("heard")
    let runner = ScriptedRunner([
      .ready, .awaitStart, .say(Self.items), .say(Self.checkpoint),
      .awaitMessage(#""type":"checkpointed""#), .noteMessage(heard),
      .awaitFile(folder.path("go")), .say(Self.finish),
    ])
    try await fixture.withWorker(fixture.configuration(runner)) { _ in
      let scan = try await fixture.submit()
      try await eventually("it is acknowledged") { exists(heard) }
      let running = try await fixture.scan(scan)
      #expect(running.checkpoint == ["at": 7])
      #expect(running.counts.added == 2, "and so is all that it covers")
      touch(folder.path("go"))
      _ = try await fixture.scan(scan, becomes: .completed)
    }
    #expect(try text(heard).contains(#""number":1"#))
  }

  @Test func aSpareRunnerTakesTheScan() async throws {
    let ids = folder.path("ids")
    let runner = ScriptedRunner([
      .noteProcessID(ids), .ready, .awaitStart, .say(Self.finish),
    ])
    try await fixture.withWorker(fixture.configuration(runner)) { _ in
      try await eventually("a spare is there") { lines(ids).count == 1 }
      _ = try await fixture.scan(try await fixture.submit(), becomes: .completed)
      try await eventually("the next spare is there") { lines(ids).count == 2 }
    }
    #expect(lines(ids).count == 2, "one for the scan, one for the next")
    for id in lines(ids) { #expect(kill(Int32(id) ?? 0, 0) == -1, "no runner outlives its worker") }
  }

  @Test func aWorkerOfOneScanTakesNoOther() async throws {
    let other = try await fixture.submit("other")
    let own = try await fixture.submit("own")
    var configuration = fixture.configuration(.completing)
    configuration.onlyScan = own.id
    try await fixture.withWorker(configuration) { _ in
      _ = try await fixture.scan(own, becomes: .completed)
    }
    #expect(try await fixture.scan(other).status == .pending)
  }

  // MARK: Deaths

  @Test func aDeadRunnersScanIsResumedFromItsCheckpoint() async throws {
    let starts = folder.path("starts")
    let runner = ScriptedRunner([
      .ready, .awaitStart, .noteMessage(starts),
      .onAttempt(
        1,
        [
          .say(Self.checkpoint), .awaitMessage("checkpointed"), .sayInError("out of cheese"),
          .killItself(signal: "SEGV"),
        ]),
      .say(Self.finish),
    ])
    let scan = try await fixture.submit()
    try await fixture.withWorker(fixture.configuration(runner)) { _ in
      let done = try await fixture.scan(scan, becomes: .completed)
      #expect(done.attempt == 2 && done.crashes == 1)
    }
    #expect(lines(starts).count == 2)
    #expect(lines(starts)[1].contains(#""checkpoint":{"at":7}"#))
    let requeued = try await fixture.events(scan).filter { $0.eventType == "scan_requeued" }
    #expect(requeued.count == 1)
    #expect("\(requeued)".contains("out of cheese"), "the last words are kept")
  }

  @Test func deathsAreCapped() async throws {
    let runner = ScriptedRunner([.ready, .awaitStart, .exit(9)])
    var configuration = fixture.configuration(runner)
    var policy = Policy.default(for: "library")
    policy.maxCrashes = 2
    configuration.policy = { [policy] _, _ in policy }
    configuration.patience.pollSeconds = 0.2
    try await fixture.withWorker(configuration) { _ in
      let failed = try await fixture.scan(try await fixture.submit(), becomes: .failed)
      #expect(failed.cleanupReason == "runner_crashed")
      #expect(failed.errorMessage?.contains("exited with status 9") == true)
      #expect(failed.attempt == 2)
    }
  }

  static let faults: [(String, [ScriptedRunner.Step], String)] = [
    ("garbage", [.ready, .awaitStart, .say("hello"), .hang], "“hello”"),
    ("a giant line", [.ready, .awaitStart, .sayGiantLine(bytes: 5 << 20), .hang], "longer than"),
    ("no start", [.hang], "not ready within"),
    ("closed output", [.ready, .awaitStart, .closeOutput, .hang], "closed its output"),
    ("half a line", [.ready, .awaitStart, .sayWithoutNewline(finish), .exit(0)], "exited with"),
    (
      "another version", [.say(#"{"type":"ready","protocol":9,"pid":1,"kinds":[]}"#), .hang],
      "version 9"
    ),
  ]

  @Test(arguments: faults)
  func aRunnerThatDoesNotSpeakTheProtocolIsEndedWithAReason(
    name: String, steps: [ScriptedRunner.Step], message: String
  ) async throws {
    var configuration = fixture.configuration(ScriptedRunner(steps))
    configuration.patience.readySeconds = name == "no start" ? 0.3 : 20
    configuration.policy = { _, _ in
      Policy(
        heartbeatIntervalSeconds: 30, maxRuntimeMinutes: 30, exclusivity: .target, maxCrashes: 1)
    }
    try await fixture.withWorker(configuration) { _ in
      let failed = try await fixture.scan(try await fixture.submit(), becomes: .failed)
      #expect(failed.errorMessage?.contains(message) == true, "\(failed.errorMessage ?? "")")
    }
  }

  @Test func whatLeftTheGroupAndKeepsTheOutputOpenHoldsNothingUp() async throws {
    let id = folder.path("escapee")
    let runner = ScriptedRunner([
      .ready, .awaitStart, .startEscapee(noteIn: id), .awaitFile(id), .say(Self.items),
      .say(Self.finish),
    ])
    try await fixture.withWorker(fixture.configuration(runner)) { worker in
      let done = try await fixture.scan(try await fixture.submit(), becomes: .completed)
      #expect(done.counts.added == 2 && done.attempt == 1)
    }
    try await eventually("it has noted its id") { !lines(id).isEmpty }
    #expect(kill(try #require(Int32(lines(id)[0])), SIGKILL) == 0, "it still was there")
  }

  // MARK: Operators

  static let stops: [(OperatorAction, ScanStatus)] = [(.cancel, .cancelled), (.pause, .paused)]

  @Test(arguments: stops)
  func aRunnerIsAskedToStop(action: OperatorAction, status: ScanStatus) async throws {
    let runner = ScriptedRunner([
      .ready, .awaitStart, .touch(folder.path("started")), .awaitMessage(#""type":"stop""#),
      .say(Self.checkpoint), .say(Self.stopped),
    ])
    try await fixture.withWorker(fixture.configuration(runner)) { _ in
      let scan = try await fixture.submit()
      try await eventually("it runs") { exists(folder.path("started")) }
      let asked = ContinuousClock.now
      _ = try await fixture.base.act(action, on: scan.id, by: "test", reason: nil)
      let ended = try await fixture.scan(scan, becomes: status)
      #expect(.now - asked < .seconds(15), "by signal, not by the next beat")
      #expect(ended.checkpoint == ["at": 7])
      #expect(ended.requestedAction == nil)
    }
  }

  @Test(arguments: stops)
  func aRunnerThatIgnoresEverythingIsKilled(
    action: OperatorAction, status: ScanStatus
  ) async throws {
    let id = folder.path("id")
    let runner = ScriptedRunner([
      .ignoreTerminate, .ready, .awaitStart, .noteProcessID(id), .hang,
    ])
    var configuration = fixture.configuration(runner)
    configuration.patience.stopSeconds = 0.2
    configuration.patience.terminateSeconds = 0.2
    try await fixture.withWorker(configuration) { _ in
      let scan = try await fixture.submit()
      try await eventually("it runs") { exists(id) }
      _ = try await fixture.base.act(action, on: scan.id, by: "test", reason: nil)
      _ = try await fixture.scan(scan, becomes: status)
      #expect(kill(try #require(Int32(lines(id)[0])), 0) == -1, "the process ended before the row")
    }
  }

  // MARK: Draining

  @Test func drainingGivesScansBackWithTheirCheckpoint() async throws {
    let runner = ScriptedRunner([
      .ready, .awaitStart, .touch(folder.path("started")), .awaitMessage(#""reason":"drain""#),
      .say(Self.checkpoint), .say(Self.stopped),
    ])
    let scan = try await fixture.submit()
    try await fixture.withWorker(fixture.configuration(runner)) { _ in
      try await eventually("it runs") { exists(folder.path("started")) }
    }
    let back = try await fixture.scan(scan)
    #expect(back.status == .pending)
    #expect(back.checkpoint == ["at": 7])
    #expect(back.crashes == 0, "a drain is not a crash")
    #expect(back.runAt <= (try await fixture.base.now()), "anybody may take it at once")
    // And somebody does.
    let next = ScriptedRunner([.ready, .awaitMessage(#""checkpoint":{"at":7}"#), .say(Self.finish)])
    try await fixture.withWorker(fixture.configuration(next, name: "another")) { _ in
      _ = try await fixture.scan(scan, becomes: .completed)
    }
  }

  @Test func drainingAnIdleWorkerWaitsForNothing() async throws {
    var configuration = fixture.configuration(.completing)
    configuration.patience.stopSeconds = 3600
    configuration.patience.drainDeliverySeconds = 3600
    try await fixture.withWorker(configuration) { worker in
      try await eventually("it is registered") { worker.life != nil }
    }
  }

  @Test func cancellingTheTaskDrains() async throws {
    let runner = ScriptedRunner([
      .ready, .awaitStart, .touch(folder.path("started")), .awaitMessage(#""type":"stop""#),
      .say(Self.checkpoint), .say(Self.stopped),
    ])
    let scan = try await fixture.submit()
    let worker = Worker(
      store: fixture.store, configuration: fixture.configuration(runner),
      logger: .init(label: "worker"))
    let running = Task { try await worker.run() }
    try await eventually("it runs") { exists(folder.path("started")) }
    running.cancel()
    try await running.value
    #expect(try await fixture.scan(scan).status == .pending)
    #expect(try await fixture.scan(scan).checkpoint == ["at": 7])
  }

  // MARK: Helpers

  func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
  func touch(_ path: String) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
  func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
  /// The whole lines of a file; none while it is not there.
  func lines(_ path: String) -> [String] {
    // A file that is not there yet has no lines.
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }
}
