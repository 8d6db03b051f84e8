import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

/// `kill -9` in the middle of a library scan, of each process in turn: the scan ends as if nothing had happened.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct KillTests {
  @Test(arguments: DatabaseKind.allCases)
  func theRunner(_ kind: DatabaseKind) async throws {
    let stage = try await Stage.set(kind)
    let worker = try stage.worker()
    let brake = Brake(on: worker, scanning: stage.library.root)
    let scan = try await stage.submit()
    // Twice: the second attempt starts from a checkpoint, and dies too.
    for attempt in 1...2 {
      try await stage.middle(of: scan, attempt: attempt)
      let runner = try await eventually("the runner") {
        worker.runner(scanning: stage.library.root)
      }
      kill(runner, SIGKILL)
      try await eventually("the runner's end") { ProcessTable.isAlive(runner) ? nil : () }
    }
    brake.release()
    try await stage.expectUndisturbedOutcome(of: scan)
    let ended = try await stage.current(scan)
    #expect(ended.attempt == 3)
    #expect(ended.crashes == 2)
    #expect(
      try await stage.story(of: scan) == [
        "scan_submitted", "scan_claimed", "scan_diagnosed", "scan_requeued", "scan_claimed",
        "scan_diagnosed", "scan_requeued", "scan_claimed", "scan_partial",
      ])
    try await expectPlace(in: scan, stage, diagnoses: 2, saying: "Exited: ended by SIGKILL")
  }

  /// What a runner was about survives its own SIGKILL.
  private func expectPlace(
    in scan: Scan, _ stage: Stage, diagnoses count: Int, saying beginning: String
  ) async throws {
    let events = try await stage.store.events(of: scan.id, cursor: nil, limit: 100).items
    let diagnoses = events.filter { $0.eventType == "scan_diagnosed" }.map(\.eventData)
    #expect(diagnoses.count == count)
    for found in diagnoses {
      #expect(found["class"] == "exited")
      #expect(found["step"] == "walking")
      #expect(found["current"]?.stringValue?.isEmpty == false)
      #expect(found["message"]?.stringValue?.hasPrefix(beginning) == true)
    }
    #expect(diagnoses.compactMap { $0["attempt"]?.intValue } == (1...Int64(count)).map { $0 })
  }

  @Test(arguments: DatabaseKind.allCases)
  func theWorker(_ kind: DatabaseKind) async throws {
    let stage = try await Stage.set(kind)
    let worker = try stage.worker()
    let brake = Brake(on: worker, scanning: stage.library.root)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    let runners = worker.runners
    #expect(!runners.isEmpty)
    try await worker.kill9()
    brake.release()
    try await eventually("the runners' end") {
      runners.contains(where: ProcessTable.isAlive) ? nil : ()
    }
    #expect(try await stage.current(scan).status == .running)

    let next = try stage.worker()
    try await stage.expectUndisturbedOutcome(of: scan)
    #expect(try await stage.current(scan).attempt == 2)
    try await expectPlace(
      in: scan, stage, diagnoses: 1, saying: "Exited: together with its worker, in step")
    try await expectOrderlyEnd(of: next)
    #expect(stage.breadcrumbs(of: "one").isEmpty, "nothing is left of either life")
  }

  /// A process that is stopped reads no end of input and runs no signal handler.
  @Test func theWorkerOfAStoppedRunner() async throws {
    let stage = try await Stage.set(.sqlite)
    let worker = try stage.worker()
    let brake = Brake(on: worker, scanning: stage.library.root)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    brake.release()
    let runners = worker.runners
    #expect(!runners.isEmpty)
    for runner in runners { kill(runner, SIGSTOP) }
    try await worker.kill9()
    try await eventually("the stopped runners' end") {
      runners.contains(where: ProcessTable.isAlive) ? nil : ()
    }
    let next = try stage.worker()
    try await stage.expectUndisturbedOutcome(of: scan)
    try await expectOrderlyEnd(of: next)
  }

  @Test(arguments: DatabaseKind.allCases)
  func theServer(_ kind: DatabaseKind) async throws {
    let stage = try await Stage.set(kind)
    let server = try stage.serve()
    _ = try await server.waitUntilServing()
    let brake = Brake(on: server, scanning: stage.library.root)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    let runners = server.runners
    try await server.kill9()
    brake.release()
    try await eventually("the runners' end") {
      runners.contains(where: ProcessTable.isAlive) ? nil : ()
    }

    let next = try stage.serve()
    _ = try await next.waitUntilServing()
    try await stage.expectUndisturbedOutcome(of: scan)
    try await expectOrderlyEnd(of: next)
  }

  /// The worker keeps its runner going, keeps what it reports, and delivers it when the database is back.
  @Test func postgres() async throws {
    let stage = try await Stage.set(.postgres, ownServer: true)
    let server = try #require(stage.server)
    let worker = try stage.worker()
    let brake = Brake(on: worker, scanning: stage.library.root)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    try await server.kill9()
    brake.release()
    // The outage has been noticed, and what the runner reports is kept.
    try await eventually("a journal with something in it") {
      stage.journalBytes(of: "one") > 0 ? () : nil
    }
    #expect(worker.isRunning)
    try await server.restart()
    try await stage.expectUndisturbedOutcome(of: scan)
    #expect(try await stage.current(scan).attempt == 1, "the attempt went on")
    try await expectOrderlyEnd(of: worker)
  }

  @Test func postgresAndComesBackAtOnce() async throws {
    let stage = try await Stage.set(.postgres, ownServer: true)
    let server = try #require(stage.server)
    let worker = try stage.worker()
    let brake = Brake(on: worker, scanning: stage.library.root)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    try await server.kill9()
    try await server.restart()
    brake.release()
    try await stage.expectUndisturbedOutcome(of: scan)
    try await expectOrderlyEnd(of: worker)
  }
}

/// SIGTERM ends an idle process with 0, and its runners with it.
func expectOrderlyEnd(
  of process: HoldfastProcess, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  let runners = process.runners
  process.signal(SIGTERM)
  let end = try await process.waitForEnd()
  #expect(end == .exited(0), "\(process.log)", sourceLocation: sourceLocation)
  try await eventually("the runners' end") {
    runners.contains(where: ProcessTable.isAlive) ? nil : ()
  }
}
