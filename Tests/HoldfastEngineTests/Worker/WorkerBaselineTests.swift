import Foundation
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

@testable import HoldfastEngine

/// What a runner asks of the previous scan of its target.
@Suite struct WorkerBaselineTests {
  let fixture: WorkerFixture
  var folder: TemporaryFolder { fixture.folder }

  init() async throws {
    fixture = try await WorkerFixture()
  }

  static let id = Data((0..<16).map { UInt8($0) }).base64EncodedString()
  static let fingerprint = Data(repeating: 7, count: 16).base64EncodedString()
  static let content = Data("content".utf8).base64EncodedString()

  @Test func theSecondScanReadsWhatTheFirstWrote() async throws {
    let first = ScriptedRunner([
      .ready, .awaitStart,
      .say(
        #"{"type":"write_baseline","parts":[{"id":"\#(Self.id)","segment":0,"fingerprint":"\#(Self.fingerprint)","content":"\#(Self.content)"}]}"#
      ), .say(#"{"type":"finished","outcome":"completed","summary":{"n":1}}"#),
    ])
    try await fixture.withWorker(fixture.configuration(first)) { _ in
      _ = try await fixture.scan(try await fixture.submit(), becomes: .completed)
    }
    let heard = folder.path("heard")
    let second = ScriptedRunner([
      .ready, .awaitStart, .noteMessage(heard), .say(#"{"type":"read_baseline_index"}"#),
      .awaitMessage("baseline_index"), .noteMessage(heard),
      .say(#"{"type":"read_baseline_parts","ids":["\#(Self.id)"]}"#),
      .awaitMessage("baseline_parts"), .noteMessage(heard),
      .say(
        #"{"type":"items","items":[{"key":"old","type":"file","change":"missing","identity":"i"},{"key":"new","type":"file","change":"added","identity":"i"},{"key":"x","type":"file","change":"missing"}]}"#
      ), .say(#"{"type":"settle","removal_limit":10}"#), .awaitMessage("settled"),
      .noteMessage(heard), .say(#"{"type":"finished","outcome":"completed"}"#),
    ])
    try await fixture.withWorker(fixture.configuration(second)) { _ in
      let done = try await fixture.scan(try await fixture.submit(), becomes: .completed)
      #expect(done.counts == ItemCounts(removed: 1, moved: 1))
    }
    let lines = try String(contentsOfFile: heard, encoding: .utf8).split(separator: "\n")
      .map { try JSONDecoder().decode(WorkerMessage.self, from: Data($0.utf8)) }
    guard lines.count == 4, case .start(let start) = lines[0] else {
      Issue.record("heard \(lines)")
      return
    }
    #expect(start.baseline?.parts == 1)
    #expect(start.baseline?.summary == ["n": 1])
    let entry = Data((0..<16).map { UInt8($0) }) + Data(repeating: 7, count: 16)
    #expect(lines[1] == .baselineIndex(entries: entry.base64EncodedString(), isLast: true))
    #expect(
      lines[2]
        == .baselineParts(
          [.init(id: Self.id, segment: 0, content: Self.content)], isLast: true))
    #expect(lines[3] == .settled(.init(moved: 1, removed: 1, isRefused: false)))
  }
}
