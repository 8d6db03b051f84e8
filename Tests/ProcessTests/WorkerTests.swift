import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// Several workers, an orderly stop in the middle of a scan, and what a runner may see and use.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct WorkerTests {
  @Test(arguments: DatabaseKind.allCases)
  func aDrainedScanIsFinishedByAnotherWorker(_ kind: DatabaseKind) async throws {
    let stage = try await Stage.set(kind)
    let first = try stage.worker("first")
    let brake = Brake(on: first, scanning: stage.library.root)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    first.signal(SIGTERM)
    #expect(try await first.waitForEnd() == .exited(0), "\(first.log)")
    brake.release()
    let drained = try await stage.current(scan)
    #expect(drained.status == .pending)
    #expect(drained.crashes == 0)
    #expect(drained.checkpoint != nil)
    #expect((drained.progress?.done ?? 0) > 0)

    let second = try stage.worker("second")
    try await stage.expectUndisturbedOutcome(of: scan)
    let ended = try await stage.current(scan)
    #expect(ended.attempt == 2)
    #expect(ended.workerName == "second")
    try await expectOrderlyEnd(of: second)
  }

  @Test(arguments: DatabaseKind.allCases)
  func twoWorkersShareTheQueue(_ kind: DatabaseKind) async throws {
    let stage = try await Stage.set(kind)
    let first = try stage.worker("first")
    let brake = Brake(on: first, scanning: stage.library.root)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    // The first worker's only slot is taken, so these are the second one's.
    let second = try stage.worker("second")
    let others = try await stage.submitSmallScans(count: 5)
    for other in others {
      let ended = try await eventually("the end of a small scan") {
        let now = try await stage.current(other)
        return now.status.isTerminal ? now : nil
      }
      #expect(ended.status == .completed)
      #expect(ended.attempt == 1)
      #expect(ended.workerName == "second")
    }
    brake.release()
    try await stage.expectUndisturbedOutcome(of: scan)
    #expect(try await stage.current(scan).workerName == "first")
    #expect(try await stage.current(scan).attempt == 1)
    try await expectOrderlyEnd(of: first)
    try await expectOrderlyEnd(of: second)
  }

  @Test(arguments: DatabaseKind.allCases)
  func aRunnerHasNothingThatItDoesNotNeed(_ kind: DatabaseKind) async throws {
    let stage = try await Stage.set(kind)
    let worker = try stage.worker()
    let brake = Brake(on: worker, scanning: stage.library.root)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    let runner = try await eventually("the runner") { worker.runner(scanning: stage.library.root) }

    let environment = ProcessTable.environment(of: runner)
    #expect(environment["DATABASE_URL"] == nil)
    #expect(!environment.values.contains { $0.contains("postgres://") || $0.contains("sqlite:") })
    #expect(!ProcessTable.arguments(of: runner).joined().contains("postgres"))

    for (number, target) in ProcessTable.descriptors(of: runner) where number > 2 {
      let isOwn = target.hasPrefix(stage.library.root) || target.hasPrefix("anon_inode:")
      #expect(isOwn, "descriptor \(number) is \(target)")
    }
    #expect(ProcessTable.status("NoNewPrivs", of: runner) == "1")
    #expect(ProcessTable.processGroup(of: runner) == runner)
    #expect(ProcessTable.processGroup(of: worker.processID) != runner)
    for limit in ["Max cpu time", "Max file size", "Max open files"] {
      #expect(ProcessTable.limit(limit, of: runner) != nil, "\(limit) is unlimited")
    }
    let memory = ["Max address space", "Max data size"].compactMap {
      ProcessTable.limit($0, of: runner)
    }
    #expect(!memory.isEmpty, "memory is unlimited")

    brake.release()
    try await stage.expectUndisturbedOutcome(of: scan)
    try await expectOrderlyEnd(of: worker)
  }
}
