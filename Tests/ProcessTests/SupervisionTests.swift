import Foundation
import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

/// What supervision does about real processes that die, stop, hang or come back too late, while nobody restarts anything: the
/// scan goes on elsewhere and ends as an undisturbed one.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct SupervisionTests {
  /// Everything as fast as it sensibly can be; the tests are about what happens, and not about the defaults.
  private static let quick = """
    sweep_interval_seconds: 0.5
    policies:
      library:
        heartbeat_interval_seconds: 1
        stale_multiple: 3
        stall_after_seconds: 20
        backoff_base_seconds: 0
        max_attempts: 10
        suspicion: ignore
    """

  private func stage(_ kind: DatabaseKind, _ yaml: String = quick) async throws -> Stage {
    let stage = try await Stage.set(kind)
    try stage.configure(yaml)
    return stage
  }

  @Test(arguments: DatabaseKind.allCases)
  func aKilledWorkersScanGoesOnElsewhere(_ kind: DatabaseKind) async throws {
    let stage = try await stage(kind)
    let first = try stage.worker("first")
    let brake = stage.brake(on: first)
    let scan = try await stage.submit()
    let before = try await stage.middle(of: scan)
    #expect(before.workerName == "first")
    let second = try stage.worker("second")
    try await eventually("the second worker") {
      second.log.contains("Stuck audit prevention system initialized") ? () : nil
    }
    try await first.kill9()
    brake.release()
    try await stage.expectUndisturbedOutcome(of: scan)
    let after = try await stage.current(scan)
    #expect(after.attempt == 2)
    #expect(after.workerName == "second")
    let story = try await stage.events(of: scan)
    let requeued = try #require(story.first { $0.eventType == "scan_requeued" })
    #expect(requeued.eventData["action"]?.stringValue == "resume")
    #expect(requeued.eventData["cleanup_reason"]?.stringValue == Reason.workerLost.rawValue)
    try await expectOrderlyEnd(of: second)
  }

  /// A runner that is stopped answers nothing: it is found, the finding says why, and another goes on.
  @Test(arguments: DatabaseKind.allCases)
  func aStoppedRunnerIsEndedAndSaysWhy(_ kind: DatabaseKind) async throws {
    let stage = try await stage(kind)
    let worker = try stage.worker()
    let brake = stage.brake(on: worker)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    let runner = try await eventually("the runner") { worker.runner(scanning: stage.library.root) }
    brake.hold()
    try await eventually("the end of the stopped runner", within: .seconds(60)) {
      ProcessTable.isAlive(runner) ? nil : ()
    }
    try await stage.expectUndisturbedOutcome(of: scan)
    #expect(try await stage.current(scan).attempt == 2)
    let found = try await stage.events(of: scan).filter { $0.eventType == "scan_diagnosed" }
    #expect(found.map { $0.eventData["class"]?.stringValue } == ["stopped"], "\(worker.log)")
    #expect(found.first?.eventData["attempt"]?.intValue == 1)
    try await expectOrderlyEnd(of: worker)
  }

  /// Alive, answering, and not moving: a file that takes for ever to read.
  @Test(arguments: DatabaseKind.allCases)
  func aHangWithALiveHeartbeatIsFoundByItsProgress(_ kind: DatabaseKind) async throws {
    let stage = try await stage(
      kind, Self.quick.replacing("stall_after_seconds: 20", with: "stall_after_seconds: 3"))
    let worker = try stage.worker()
    let root = stage.folder.path("films")
    let folder = "\(root)/category/course"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let film = "\(folder)/film.mp4"
    try Data().write(to: URL(fileURLWithPath: film))
    // Sparse: reading it lasts longer than the test.
    try #require(truncate(film, 4 << 40) == 0)
    let scan = try await stage.submit(root, ["--hash"])
    let recovered = try await eventually("the recovery", within: .seconds(60)) {
      let now = try await stage.current(scan)
      return now.recoveryInfo == nil ? nil : now
    }
    try #require(truncate(film, 4) == 0)
    #expect(recovered.cleanupReason == Reason.progressStalled.rawValue)
    let diagnosis = try await stage.shell("SELECT diagnosis FROM scans WHERE id = '\(scan.id)'")
    #expect(diagnosis.contains("\"class\""), "\(diagnosis)")
    let ended = try await eventually("its end", within: .seconds(60)) {
      let now = try await stage.current(scan)
      return now.status.isTerminal ? now : nil
    }
    #expect(ended.status == .completed)
    #expect(ended.attempt >= 2)
    #expect(ended.counts.added == 1)
    let story = try await stage.story(of: scan)
    #expect(story.contains("scan_verdict"))
    try await expectOrderlyEnd(of: worker)
  }

  @Test(arguments: DatabaseKind.allCases)
  func whatKeepsKillingItsRunnerIsTakenOutOfTheQueue(_ kind: DatabaseKind) async throws {
    let stage = try await stage(kind)
    let worker = try stage.worker()
    let brake = stage.brake(on: worker)
    let scan = try await stage.submit()
    let ended = try await eventually("the end of the loop", within: .seconds(90)) {
      if let runner = worker.runner(scanning: stage.library.root) { kill(runner, SIGKILL) }
      let now = try await stage.current(scan)
      return now.status.isTerminal ? now : nil
    }
    brake.release()
    #expect(ended.status == .failed)
    #expect(ended.attempt == 3)
    #expect(ended.cleanupReason == Reason.runnerCrashed.rawValue)
    #expect(ended.errorMessage?.contains("3 times") == true, "\(ended.errorMessage ?? "")")
    try await expectOrderlyEnd(of: worker)
  }

  /// A worker that stands still for longer than its lease and then goes on has been overtaken: it ends its runner, and nothing that
  /// either of them says arrives.
  @Test(arguments: DatabaseKind.allCases)
  func aWorkerThatWakesTooLateIsRefused(_ kind: DatabaseKind) async throws {
    let stage = try await stage(kind)
    let first = try stage.worker("first")
    let brake = stage.brake(on: first)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    let old = try await eventually("the runner") { first.runner(scanning: stage.library.root) }
    try await stage.stopBetweenTransactions(first, of: scan)
    let second = try stage.worker("second")
    let secondBrake = stage.brake(on: second)
    try await stage.middle(of: scan, attempt: 2)
    // Both attempts' runners are there; the first one's worker wakes up and says all that it has heard.
    brake.release()
    first.signal(SIGCONT)
    try await eventually("the end of the overtaken runner", within: .seconds(60)) {
      ProcessTable.isAlive(old) ? nil : ()
    }
    let held = try await stage.current(scan)
    #expect(held.workerName == "second" && held.attempt == 2 && held.status == .running)
    secondBrake.release()
    try await stage.expectUndisturbedOutcome(of: scan)
    let after = try await stage.current(scan)
    #expect(after.attempt == 2 && after.workerName == "second")
    let story = try await stage.events(of: scan)
    let faults = LeaseHistory.faults(in: story)
    #expect(faults.isEmpty, "\(faults)\n\(story)")
    try await expectOrderlyEnd(of: first)
    try await expectOrderlyEnd(of: second)
  }
}

extension Stage {
  /// A brake that leaves a runner time enough to answer pings that come every second.
  fileprivate func brake(on process: HoldfastProcess) -> Brake {
    Brake(on: process, scanning: library.root, run: 4_000, rest: 60_000)
  }

  /// Stops a worker (SIGSTOP) at a moment when it holds no lock in the database, in which everybody else would wait for it.
  fileprivate func stopBetweenTransactions(
    _ worker: HoldfastProcess, of scan: Scan
  ) async throws {
    let look =
      switch url {
      case .sqlite: "PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK;"
      case .postgres:
        "BEGIN; SELECT 1 FROM scans WHERE number = \(scan.number) FOR UPDATE NOWAIT; ROLLBACK;"
      }
    try await eventually("a moment between two transactions") {
      worker.signal(SIGSTOP)
      do {
        _ = try await shell(look)
        return ()
      } catch {
        worker.signal(SIGCONT)
        return nil
      }
    }
  }

  /// The whole story of a scan, oldest first.
  func events(of scan: Scan) async throws -> [ScanEvent] {
    try await store.events(of: scan.id, cursor: nil, limit: 1000).items
  }
}

/// What a scan's story says of its leases.
enum LeaseHistory {
  /// Attempts that were handed out while the one before them still held the lease, or twice.
  static func faults(in story: [ScanEvent]) -> [String] {
    var faults: [String] = []
    var isHeld = false
    var attempt: Int64 = 0
    for event in story {
      switch event.eventType {
      case "scan_claimed":
        if isHeld { faults.append("claimed while held: event \(event.id)") }
        let claimed = event.eventData["attempt"]?.intValue ?? 0
        if claimed != attempt + 1 { faults.append("attempt \(claimed) after \(attempt)") }
        (isHeld, attempt) = (true, claimed)
      case "scan_requeued", "scan_paused", "scan_completed", "scan_partial", "scan_failed",
        "scan_cancelled":
        if !isHeld { faults.append("\(event.eventType) without a lease: event \(event.id)") }
        isHeld = false
      default: break
      }
    }
    return faults
  }
}
