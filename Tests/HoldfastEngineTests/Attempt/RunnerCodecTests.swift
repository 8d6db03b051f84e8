import Foundation
import HoldfastCore
import NIOCore
import Testing

@testable import HoldfastEngine

@Suite struct RunnerCodecTests {
  static let messages: [RunnerMessage] = [
    .ready(.init(protocolVersion: 1, processID: 4, kinds: ["library"])),
    .progress(Progress(), message: nil),
    .progress(
      Progress(
        done: 1, total: 2, isEstimate: true, unit: "pages", bytes: 3, step: "s", current: "c\n"),
      message: "m"),
    .checkpoint(number: 9, data: ["a": [1, 2.5, nil, true, "x"]]),
    .checkpoint(number: 1, data: nil),
    .items([]),
    .items(
      Item.Change.allCases.map { Item(key: "ä/\"b\"", type: "file", change: $0) }
        + [Item(key: "k", type: "t", change: .moved, identity: "i", data: ["from": "o"])]),
    .itemErrors([ItemError(path: "p", type: "oversized", message: "m")]),
    .waiting(for: "rate limit", seconds: 1.5), .waiting(for: "", seconds: 0),
    .log(level: "info", message: "hello"), .pong(number: 12), .readBaselineIndex,
    .readBaselineParts(ids: ["a", "b"]),
    .writeBaseline([
      Baseline.Write(id: "i", segment: 2, fingerprint: "f", content: nil),
      Baseline.Write(id: "i", segment: 0, fingerprint: "f", content: "c"),
    ]), .settle(removalLimit: nil), .settle(removalLimit: 5),
    .finished(.init(outcome: .failed, message: "m", error: "e", summary: ["n": 1])),
    .finished(.init(outcome: .stopped)),
  ]

  /// The quick reader and the reference (`Codable`) are of one opinion.
  @Test(arguments: messages)
  func readsWhatCodableWrites(message: RunnerMessage) throws {
    let line = ByteBuffer(bytes: try JSONEncoder().encode(message))
    #expect(try RunnerCodec.message(line) == message)
  }

  @Test func passesOverMessagesOfTheFuture() throws {
    #expect(try RunnerCodec.message(ByteBuffer(string: #"{"type":"telepathy","x":1}"#)) == nil)
  }

  static let faults: [(String, String)] = [
    ("hello", "it wrote what is not JSON: “hello”"),
    ("", "it wrote what is not JSON: an empty line"),
    ("[1]", "a message is a JSON object: “[1]”"),
    ("{}", "a message lacks its “type”: “{}”"),
    (#"{"type":"pong"}"#, #"“number” of a message “pong” is missing: “{"type":"pong"}”"#),
    (
      #"{"type":"pong","number":"1"}"#,
      #"“number” of a message “pong” must be a whole number: “{"type":"pong","number":"1"}”"#
    ),
    (
      #"{"type":"items","items":[{"key":"k","type":"t","change":"eaten"}]}"#,
      #"“change” of a message “item” must be one of added, updated, removed, moved, missing, found: “{"type":"items","items":[{"key":"k","type":"t","change":"eaten"}]}”"#
    ),
    (
      #"{"type":"finished","outcome":"maybe"}"#,
      #"“outcome” of a message “finished” must be completed, failed, stopped or cancelled: “{"type":"finished","outcome":"maybe"}”"#
    ),
  ]

  @Test(arguments: faults)
  func saysWhatIsWrong(line: String, message: String) {
    let error = #expect(throws: RunnerCodec.Failure.self) {
      try RunnerCodec.message(ByteBuffer(string: line))
    }
    #expect(error?.description == message)
  }
}
