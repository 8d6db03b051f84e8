import Foundation
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import Synchronization
import Testing

@testable import HoldfastEngine

/// What finished scans have taught, given by a test.
final class GivenRhythms: RhythmStore {
  private let records: [RhythmRecord]
  init(_ records: [RhythmRecord]) { self.records = records }

  func rhythms(after: Int64, limit: Int) async throws(StoreError) -> [RhythmRecord] {
    Array(records.filter { $0.id > after }.prefix(limit))
  }

  func pruneRhythms(keeping count: Int) async throws(StoreError) {}
}

/// Signs of life and suspicions of a worker, with real processes.
@Suite struct WatchTests {
  let fixture: WorkerFixture

  init() async throws { fixture = try await WorkerFixture() }

  private func seen(_ scan: Scan) async throws -> ScanSnapshot? {
    try await fixture.base.snapshots(of: [scan.id]).rows.first?.snapshot
  }

  private static func progress(_ done: Int) -> ScriptedRunner.Step {
    .say(
      #"{"type":"progress","done":\#(done),"unit":"files","bytes":0,"step":"walk"}"#)
  }

  private static let finish = ScriptedRunner.Step.say(
    #"{"type":"finished","outcome":"completed"}"#)

  /// Forty scans that were never silent for longer than a fifth of a second in any step.
  private func taught(rate: Double) -> RhythmLibrary {
    let records = (1...40).map { number in
      let seconds = 0.1 + Double(number) / 400
      return RhythmRecord(
        id: Int64(number), kind: "library", target: "t",
        rhythm: AttemptRhythm(
          progress: [.init(step: "walk", seconds: seconds), .init(step: "", seconds: 900)]))
    }
    return RhythmLibrary(
      store: GivenRhythms(records), rates: [rate], logger: Logger(label: "rhythms"))
  }

  private func policy(_ use: Policy.SuspicionUse) -> Policy {
    var policy = Policy.default(for: "library")
    policy.heartbeatIntervalSeconds = 0.25
    policy.suspicion = use
    policy.suspicionRate = 0.1
    policy.suspicionFloorSeconds = 1
    return policy
  }

  @Test func heartbeatsTellOfActivityUntilTheProcessFallsSilent() async throws {
    let (busy, idle) = (fixture.folder.path("busy"), fixture.folder.path("idle"))
    let runner = ScriptedRunner([
      .ready, .awaitStart, .touch(busy), .spin(untilFile: idle), .awaitMessage("stop"),
      .exit(0),
    ])
    var configuration = fixture.configuration(runner)
    configuration.heartbeatIntervalSeconds = 0.2
    configuration.policy = { [policy = policy(.ignore)] _, _ in policy }
    try await fixture.withWorker(configuration) { _ in
      let scan = try await fixture.submit()
      // It moves: each time again, not only at its start.
      var last: Timestamp?
      for _ in 0..<3 {
        try await eventually("activity after \(last.map { "\($0)" } ?? "the claim")") {
          let at = try await seen(scan)?.activity?.changedAt
          guard let at, at > last ?? Timestamp(unixMilliseconds: 0) else { return false }
          last = at
          return true
        }
      }
      // It waits: beats go on, and the last activity grows old.
      #expect(FileManager.default.createFile(atPath: idle, contents: nil))
      try await eventually("two seconds of silence under a beating heart") {
        guard let seen = try await seen(scan), let moved = seen.activity?.changedAt,
          let beaten = seen.lastActivityAt
        else { return false }
        return beaten.seconds(since: moved) > 2
      }
    }
  }

  @Test func anAnsweredPingIsASign() async throws {
    let runner = ScriptedRunner([.ready, .awaitStart, .awaitMessage("stop"), .exit(0)])
    var configuration = fixture.configuration(runner)
    configuration.heartbeatIntervalSeconds = 0.2
    try await fixture.withWorker(configuration) { _ in
      let scan = try await fixture.submit(heartbeatIntervalSeconds: 0.3)
      try await eventually("an answer") { try await seen(scan)?.answeredAt != nil }
      let first = try #require(try await seen(scan)?.answeredAt)
      try await eventually("another answer") {
        try await seen(scan)?.answeredAt.map { $0 > first } ?? false
      }
    }
  }

  @Test func suspectedThenWithdrawnOnLateEvidence() async throws {
    let go = fixture.folder.path("go")
    let runner = ScriptedRunner([
      .ready, .awaitStart, Self.progress(1), .awaitFile(go), Self.progress(2), .awaitFile(go + "2"),
      Self.finish,
    ])
    var configuration = fixture.configuration(runner)
    configuration.policy = { [policy = policy(.report)] _, _ in policy }
    configuration.rhythms = taught(rate: 0.1)
    try await fixture.withWorker(configuration) { _ in
      let scan = try await fixture.submit()
      try await eventually("a suspicion with a diagnosis") {
        try await fixture.scan(scan).suspicion?["diagnosis"]?["class"] != nil
      }
      let suspected = try await fixture.scan(scan)
      let raised = try #require(
        suspected.suspicion.flatMap(RaisedSuspicion.init(json:)))
      #expect(raised.signal == .progress && raised.step == "walk")
      #expect(raised.limit.scans > 0 && raised.limit.seconds < 1)
      #expect(raised.probability.map { $0 <= 0.1 } ?? false, "\(raised)")
      #expect(suspected.suspectedAt != nil)
      #expect(suspected.status == .running)
      #expect(FileManager.default.createFile(atPath: go, contents: nil))
      try await eventually("the suspicion is withdrawn") {
        try await fixture.scan(scan).suspicion == nil
      }
      #expect(FileManager.default.createFile(atPath: go + "2", contents: nil))
      _ = try await fixture.scan(scan, becomes: .completed)
    }
    let told = fixture.store.reports.compactMap(\.doubt?.change)
    #expect(told.first == .raised && told.contains(.withdrawn))
    let record = try #require(try await fixture.base.rhythms(after: 0, limit: 10).first)
    #expect(record.kind == "library" && record.target == "t")
    #expect(record.rhythm.suspectedAtRate == 0.1, "a false alarm, which the model learns from")
    #expect(record.rhythm.progress.contains { $0.step == "walk" && $0.seconds > 1 })
    #expect(!record.rhythm.activity.isEmpty)
  }

  @Test func withoutHistoryNothingIsSuspected() async throws {
    let runner = ScriptedRunner([
      .ready, .awaitStart, Self.progress(1), .awaitFile(fixture.folder.path("go")), Self.finish,
    ])
    var configuration = fixture.configuration(runner)
    configuration.heartbeatIntervalSeconds = 0.2
    configuration.policy = { [policy = policy(.recover)] _, _ in policy }
    configuration.rhythms = RhythmLibrary(
      store: fixture.base, rates: [0.1], logger: Logger(label: "rhythms"))
    try await fixture.withWorker(configuration) { _ in
      let scan = try await fixture.submit()
      try await eventually("silence well beyond the floor") {
        guard let seen = try await seen(scan), let beaten = seen.lastActivityAt,
          seen.progress != nil
        else { return false }
        return beaten.seconds(since: seen.advancedAt) > 2
      }
      #expect(try await fixture.scan(scan).suspicion == nil)
      #expect(
        FileManager.default.createFile(atPath: fixture.folder.path("go"), contents: nil))
      _ = try await fixture.scan(scan, becomes: .completed)
    }
  }

  /// From the suspicion to the scan running again, long before any fixed limit.
  @Test func aSuspicionThatMayRecoverDoes() async throws {
    let runner = ScriptedRunner([
      .ready, .awaitStart,
      .onAttempt(1, [Self.progress(1), .awaitMessage("stop"), .exit(0)]),
      Self.progress(5), Self.finish,
    ])
    let policy = policy(.recover)
    var configuration = fixture.configuration(runner)
    configuration.heartbeatIntervalSeconds = 0.2
    configuration.policy = { _, _ in policy }
    configuration.rhythms = taught(rate: 0.1)
    let sweeper = Sweeper(
      store: fixture.base,
      configuration: .init(holder: "test") { _, _ in
        var policy = policy
        policy.heartbeatIntervalSeconds = 30
        return policy
      }, logger: Logger(label: "sweep"))
    try await fixture.withWorker(configuration) { _ in
      let scan = try await fixture.submit()
      try await eventually("it runs again and completes") {
        _ = try await sweeper.runOnce()
        return try await fixture.scan(scan).status == .completed
      }
      let ended = try await fixture.scan(scan)
      #expect(ended.attempt == 2)
      let requeued = try #require(
        try await fixture.events(scan).first { $0.eventType == "scan_requeued" })
      #expect(requeued.eventData["cleanup_reason"] == "progress_stalled")
      #expect(
        requeued.eventData["message"]?.stringValue?.contains("longer than scans like it") == true)
    }
  }
}
