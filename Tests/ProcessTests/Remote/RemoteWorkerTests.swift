import Foundation
import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

/// `holdfast worker --server`: the worker that every other is, over HTTP.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct RemoteWorkerTests {
  /// An incremental scan asks for all that a worker asks: the scan before it, its parts, and what has moved.
  @Test func aRemoteWorkerDoesWhatEveryOtherDoes() async throws {
    let stage = try await Stage.set(.sqlite)
    let remote = try await RemoteStage.over(stage)
    let server = try remote.serve()
    let worker = try remote.worker("far", of: try await server.waitUntilServing())
    let scan = try await stage.submit()
    try await stage.expectUndisturbedOutcome(of: scan)
    let ended = try await stage.current(scan)
    #expect(ended.workerName == "far")
    #expect(ended.attempt == 1)
    try await expectOrderlyEnd(of: worker)
    // It has signed off.
    let workers = try await stage.store.workers().filter { $0.name == "far" }
    #expect(workers.map(\.status) == ["retired"])
    try await expectOrderlyEnd(of: server)
  }

  /// The server dies in the middle and comes back: nothing is lost, and nothing is counted twice.
  @Test func aServerThatDiesAndComesBackIsWaitedFor() async throws {
    let stage = try await Stage.set(.sqlite)
    let remote = try await RemoteStage.over(stage)
    let server = try remote.serve()
    let address = try await server.waitUntilServing()
    let port = try #require(Int(address.split(separator: ":").last ?? ""))
    let worker = try remote.worker("far", of: address)
    let brake = stage.gentleBrake(on: worker)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    try await server.kill9()
    try await eventually("what is journaled", within: .seconds(60)) {
      stage.journalBytes(of: "far") > 0 ? () : nil
    }
    let again = try remote.serve(port: port)
    _ = try await again.waitUntilServing()
    brake.release()
    try await stage.expectUndisturbedOutcome(of: scan)
    let faults = LeaseHistory.faults(in: try await stage.events(of: scan))
    #expect(faults.isEmpty, "\(faults)")
    try await expectOrderlyEnd(of: worker)
    try await expectOrderlyEnd(of: again)
  }

  /// A server whose database is away says so, and the worker waits for it as it would for the database.
  @Test func aDatabaseThatIsAwayIsWaitedFor() async throws {
    let stage = try await Stage.set(.postgres, ownServer: true)
    let remote = try await RemoteStage.over(stage)
    let database = try #require(stage.server)
    let server = try remote.serve()
    let address = try await server.waitUntilServing()
    let worker = try remote.worker("far", of: address)
    let brake = stage.gentleBrake(on: worker)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    let life = try #require(
      try await stage.store.workers().first { $0.name == "far" })
    try await database.kill9()
    try await eventually("503 of the server", within: .seconds(60)) {
      let answer = try await HTTPCall.send(
        "POST", "\(address)/api/v1/workers/\(life.id)/claim", token: try remote.token, body: [:])
      return answer.status == 503 ? () : nil
    }
    try await eventually("what is journaled", within: .seconds(60)) {
      stage.journalBytes(of: "far") > 0 ? () : nil
    }
    try await database.restart()
    brake.release()
    try await stage.expectUndisturbedOutcome(of: scan)
    try await expectOrderlyEnd(of: worker)
    try await expectOrderlyEnd(of: server)
  }

  @Test func whatIsWrongIsSaidAtOnce() async throws {
    let remote = try await RemoteStage.empty()
    let server = try remote.serve()
    let address = try await server.waitUntilServing()
    let folder = remote.folder
    func run(_ arguments: [String]) async throws -> (end: HoldfastProcess.End, log: String) {
      let ran = try await HoldfastProcess.run(
        ["worker", "--data-dir", folder.path("data-wrong")] + arguments)
      return (ran.end, ran.log)
    }
    func token(_ text: String, _ name: String) throws -> [String] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path(name)))
      return ["--token-file", folder.path(name)]
    }
    let good = ["--token-file", remote.tokenFile]

    let scheme = try await run(["--server", "scans.example.org"] + good)
    #expect(scheme.end == .exited(64), "\(scheme.log)")
    #expect(scheme.log.contains("must begin with https:// or http://"))
    let missing = try await run(["--server", address])
    #expect(missing.end == .exited(78), "\(missing.log)")
    #expect(missing.log.contains("there is no token's file"))
    let forged = try await run(
      ["--server", address] + token("hf_" + String(repeating: "a", count: 43), "forged"))
    #expect(forged.end == .exited(78), "\(forged.log)")
    #expect(forged.log.contains("does not know the token"))
    #expect(!forged.log.contains("hf_aaaa"))
    // A server, but of something else: the protocol's address is not there.
    let path = try await run(["--server", address + "/health"] + good)
    #expect(path.end == .exited(78), "\(path.log)")
    #expect(path.log.contains("knows no remote workers there"))
    let both = try await run(["--server", address, "--database", "sqlite:/x"] + good)
    #expect(both.end == .exited(64), "\(both.log)")

    let plain = address.replacingOccurrences(of: "http://", with: "https://")
    let noTLS = try await run(["--server", plain] + good)
    #expect(noTLS.end == .exited(69), "\(noTLS.log)")
    #expect(noTLS.log.contains("it speaks no TLS there"), "\(noTLS.log)")

    try await expectOrderlyEnd(of: server)
    let nobody = try await run(["--server", address] + good)
    #expect(nobody.end == .exited(69), "\(nobody.log)")
    #expect(nobody.log.contains("does not answer: Connection refused"), "\(nobody.log)")
  }
}
