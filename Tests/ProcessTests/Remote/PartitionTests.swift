import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// Workers on hosts of their own, one of which is cut off.
@Suite(
  .serialized, .timeLimit(.minutes(5)),
  .enabled(if: Network.isPermitted, "needs the right to make network namespaces (root)"))
struct PartitionTests {
  @Test func aWorkerThatIsCutOffIsReplacedAndStops() async throws {
    let remote = try await RemoteStage.set(.sqlite)
    let stage = remote.stage
    let network = try Network(hosts: 4)
    let (home, others) = (network.hosts[0], network.hosts.dropFirst())
    let server = try remote.serve(host: home.address, through: home.wrapper)
    let address = try await server.waitUntilServing()

    let first = try remote.worker("w1", of: address, through: others[1].wrapper)
    let brake = remote.brake(on: first)
    let scan = try await stage.submit()
    let before = try await stage.middle(of: scan)
    #expect(before.workerName == "w1")
    let old = try await eventually("the runner") { first.runner(scanning: stage.library.root) }
    let rest = try [2, 3].map {
      try remote.worker("w\($0)", of: address, through: others[$0].wrapper)
    }
    for worker in rest { try await RemoteStage.isReady(worker) }

    try network.setLink(of: 1, up: false)
    // It stops its work by itself: nobody can tell it to.
    try await eventually("the end of the runner that was cut off", within: .seconds(60)) {
      ProcessTable.isAlive(old) ? nil : ()
    }
    brake.release()
    try await stage.expectUndisturbedOutcome(of: scan)
    let after = try await stage.current(scan)
    #expect(after.attempt == 2)
    #expect(["w2", "w3"].contains(after.workerName))
    let story = try await stage.events(of: scan)
    let requeued = try #require(story.first { $0.eventType == "scan_requeued" })
    #expect(requeued.eventData["action"]?.stringValue == "resume")

    // Back on the net, it says what it had to say, and is told that nobody wants to know.
    try network.setLink(of: 1, up: true)
    let late = try await eventually("the late result", within: .seconds(60)) {
      try await stage.events(of: scan).first { $0.eventType == "late_result" }
    }
    #expect(late.eventData["token"]?.intValue == before.leaseToken)
    let now = try await stage.current(scan)
    #expect(now.status == after.status && now.counts == after.counts)
    #expect(now.leaseToken == before.leaseToken + 1)
    let faults = LeaseHistory.faults(in: story)
    #expect(faults.isEmpty, "\(faults)")

    for worker in [first] + rest { try await expectOrderlyEnd(of: worker) }
    try await expectOrderlyEnd(of: server)
  }
}
