import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

/// `kill -9` of a worker beside another one: nobody waits until a lease of minutes is stale.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SecondChannelTests {
  @Test(arguments: DatabaseKind.allCases)
  func aWorkerThatIsGoneIsFoundByItsNeighbour(_ kind: DatabaseKind) async throws {
    let stage = try await Stage.set(kind)
    // The first to come leads the sweep, and it is the one that dies.
    let first = try stage.worker("one")
    let brake = Brake(on: first, scanning: stage.library.root)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    let second = try stage.worker("two")
    try await eventually("the second worker") {
      try await stage.store.workers().contains { $0.name == "two" } ? () : nil
    }
    try await first.kill9()
    brake.release()
    // Its lease would hold for 90 s and more.
    try await eventually("the second attempt", within: .seconds(30)) {
      try await stage.current(scan).attempt == 2 ? () : nil
    }
    try await stage.expectUndisturbedOutcome(of: scan)
    let ended = try await stage.current(scan)
    #expect(ended.workerName == "two")
    try await expectOrderlyEnd(of: second)
  }

  /// A stopped process takes no signal but one: the worker's death must reach its runner all the same.
  @Test func aStoppedRunnerDiesWithItsWorker() async throws {
    let stage = try await Stage.set(.sqlite)
    let worker = try stage.worker()
    let brake = Brake(on: worker, scanning: stage.library.root)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    let runners = worker.runners
    brake.release()
    for runner in runners { kill(runner, SIGSTOP) }
    try await worker.kill9()
    try await eventually("the runners' end") {
      runners.contains(where: ProcessTable.isAlive) ? nil : ()
    }
  }
}
