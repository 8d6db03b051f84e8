import Foundation
import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

/// Workers on hosts of their own, one of which is cut off.
@Suite(
  .serialized, .timeLimit(.minutes(5)),
  .enabled(if: Network.isPermitted, "needs the right to make network namespaces (root)"))
struct PartitionTests {
  @Test func aWorkerThatIsCutOffIsReplacedAndStops() async throws {
    let stage = try await Stage.set(.sqlite)
    let remote = try await RemoteStage.over(stage)
    let network = try Network(hosts: 4)
    let (home, others) = (network.hosts[0], network.hosts.dropFirst())
    let server = try remote.serve(host: home.address, through: home.wrapper)
    let address = try await server.waitUntilServing()

    // All of them are there before there is anything to do: the scan must not come to its end while another starts.
    let workers = try [1, 2, 3].map {
      try remote.worker("w\($0)", of: address, through: others[$0].wrapper)
    }
    for worker in workers { try await RemoteStage.isReady(worker) }
    let brakes = workers.map(stage.gentleBrake)
    let scan = try await stage.submit()
    let before = try await stage.middle(of: scan)
    let name = try #require(before.workerName)
    let number = try #require([1, 2, 3].first { "w\($0)" == name })
    let first = workers[number - 1]
    let old = try await eventually("the runner") { first.runner(scanning: stage.library.root) }

    try network.setLink(of: number, up: false)
    // It stops its work by itself: nobody can tell it to.
    try await eventually("the end of the runner that was cut off", within: .seconds(60)) {
      ProcessTable.isAlive(old) ? nil : ()
    }
    for brake in brakes { brake.release() }
    try await stage.expectUndisturbedOutcome(of: scan)
    let after = try await stage.current(scan)
    #expect(after.attempt == 2)
    #expect(after.workerName != name)
    let story = try await stage.events(of: scan)
    let requeued = try #require(story.first { $0.eventType == "scan_requeued" })
    #expect(requeued.eventData["action"]?.stringValue == "resume")

    // Back on the net, it is told that its lease is gone, and holds nothing any more.
    let offline = try await stage.store.now()
    try network.setLink(of: number, up: true)
    try await eventually("the heartbeat of who has come back", within: .seconds(60)) {
      try await stage.store.workers().contains {
        $0.name == name && $0.lastHeartbeatAt > offline && $0.running == 0
      } ? () : nil
    }
    // Whatever it may still say of that attempt is refused, with the order to stop.
    let life = try #require(try await stage.store.workers().first { $0.name == name })
    let late: JSONValue = [
      "reports": [
        [
          "scan_id": .string(scan.id.description), "token": .int(before.leaseToken),
          "sequence": 1_000_000,
          "messages": [
            ["type": "items", "items": [["key": "late", "type": "file", "change": "added"]]],
            ["type": "progress", "done": 99_999_999],
            ["type": "finished", "outcome": "completed", "message": "too late"],
          ],
        ]
      ]
    ]
    let refused = try network.run(
      on: number,
      [
        "curl", "-sS", "-w", " %{http_code}", "-H", "Authorization: Bearer \(try remote.token)",
        "-H", "Content-Type: application/json", "-d", late.serialized,
        "\(address)/api/v1/workers/\(life.id)/reports",
      ])
    #expect(refused.hasSuffix(" 409"), "\(refused)")
    #expect(refused.contains(#""stop":{"reason":"superseded","type":"stop"}"#), "\(refused)")
    let now = try await stage.current(scan)
    #expect(now.status == after.status && now.counts == after.counts)
    #expect(now.progress == after.progress && now.message == after.message)
    #expect(now.leaseToken == before.leaseToken + 1)
    #expect(try await stage.story(of: scan).last == "late_result")
    let faults = LeaseHistory.faults(in: story)
    #expect(faults.isEmpty, "\(faults)")

    for worker in workers { try await expectOrderlyEnd(of: worker) }
    try await expectOrderlyEnd(of: server)
  }
}
