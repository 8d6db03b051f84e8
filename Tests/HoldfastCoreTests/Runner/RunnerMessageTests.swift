import Foundation
import HoldfastCore
import Testing

@Suite struct RunnerMessageTests {
  static let messages: [(RunnerMessage, String)] = [
    (
      .ready(.init(protocolVersion: 1, processID: 42, kinds: ["library"])),
      #"{"kinds":["library"],"pid":42,"protocol":1,"type":"ready"}"#
    ),
    (
      .progress(Progress(done: 3, total: 9, unit: "pages", step: "fetch"), message: "on it"),
      #"{"bytes":0,"done":3,"is_estimate":false,"message":"on it","step":"fetch","total":9,"type":"progress","unit":"pages"}"#
    ),
    (
      .progress(Progress(), message: nil),
      #"{"bytes":0,"done":0,"is_estimate":false,"step":"","type":"progress","unit":"items"}"#
    ),
    (
      .checkpoint(number: 5, data: ["page": 7]),
      #"{"data":{"page":7},"number":5,"type":"checkpoint"}"#
    ),
    (
      .items([
        Item(key: "a", type: "file", change: .added, identity: "i", data: ["size": 1]),
        Item(key: "b", type: "file", change: .missing),
      ]),
      #"{"items":[{"change":"added","data":{"size":1},"identity":"i","key":"a","type":"file"},{"change":"missing","key":"b","type":"file"}],"type":"items"}"#
    ),
    (
      .itemErrors([ItemError(path: "p", type: "permission_denied", message: "no")]),
      #"{"errors":[{"message":"no","path":"p","type":"permission_denied"}],"type":"item_errors"}"#
    ),
    (
      .waiting(for: "rate limit", seconds: 30.5),
      #"{"for":"rate limit","seconds":30.5,"type":"waiting"}"#
    ),
    (.log(level: "info", message: "m"), #"{"level":"info","message":"m","type":"log"}"#),
    (.pong(number: 8), #"{"number":8,"type":"pong"}"#),
    (.readBaselineIndex, #"{"type":"read_baseline_index"}"#),
    (.readBaselineParts(ids: ["AA=="]), #"{"ids":["AA=="],"type":"read_baseline_parts"}"#),
    (
      .writeBaseline([
        .init(id: "i", segment: 0, fingerprint: "f", content: "c"),
        .init(id: "i", segment: 1, fingerprint: "f", content: nil),
      ]),
      #"{"parts":[{"content":"c","fingerprint":"f","id":"i","segment":0},{"fingerprint":"f","id":"i","segment":1}],"type":"write_baseline"}"#
    ),
    (.settle(removalLimit: 10), #"{"removal_limit":10,"type":"settle"}"#),
    (.settle(removalLimit: nil), #"{"type":"settle"}"#),
    (.diagnose(why: "stall"), #"{"type":"diagnose","why":"stall"}"#),
    (
      .finished(.init(outcome: .failed, message: "m", error: "e", summary: ["n": 1])),
      #"{"error":"e","message":"m","outcome":"failed","summary":{"n":1},"type":"finished"}"#
    ),
    (.finished(.init(outcome: .completed)), #"{"outcome":"completed","type":"finished"}"#),
    (.finished(.init(outcome: .stopped)), #"{"outcome":"stopped","type":"finished"}"#),
  ]

  @Test(arguments: RunnerMessageTests.messages)
  func eachMessageAsItIsWritten(message: RunnerMessage, text: String) throws {
    #expect(try json(of: message) == text)
    #expect(try JSONDecoder().decode(RunnerMessage.self, from: Data(text.utf8)) == message)
  }

  @Test(arguments: [
    #"{}"#, #"{"type":"dance"}"#, #"{"type":"pong"}"#, #"{"type":"pong","number":"8"}"#, "[]",
    #"{"type":"items","items":[{"key":"a"}]}"#, #"{"type":"finished","outcome":"maybe"}"#,
  ])
  func malformedMessagesAreRefused(_ text: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(RunnerMessage.self, from: Data(text.utf8))
    }
  }

  @Test func unknownFieldsAreIgnored() throws {
    let text = #"{"type":"pong","number":8,"since":"later version"}"#
    #expect(
      try JSONDecoder().decode(RunnerMessage.self, from: Data(text.utf8)) == .pong(number: 8))
  }
}
