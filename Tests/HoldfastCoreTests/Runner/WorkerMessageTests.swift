import Foundation
import HoldfastCore
import Testing

@Suite struct WorkerMessageTests {
  static let id = ScanID(
    unixMilliseconds: 1_645_557_742_000, random: (0xCC3, 0x18C4_DC0C_0C07_398F))

  static let messages: [(WorkerMessage, String)] = [
    (
      .start(
        .init(
          protocolVersion: 1, scanID: id, number: 9, attempt: 2, kind: "library", target: "/x",
          params: ["deep": true], checkpoint: ["dir": "a"], progress: nil, baseline: nil)),
      #"{"attempt":2,"checkpoint":{"dir":"a"},"kind":"library","number":9,"params":{"deep":true},"protocol":1,"scan_id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","target":"/x","type":"start"}"#
    ),
    (
      .start(
        .init(
          protocolVersion: 1, scanID: id, number: 9, attempt: 1, kind: "k", target: "t",
          params: [:], checkpoint: nil, progress: Progress(done: 1),
          baseline: .init(scanID: id, parts: 3, summary: ["n": 1]))),
      #"{"attempt":1,"baseline":{"parts":3,"scan_id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","summary":{"n":1}},"kind":"k","number":9,"params":{},"progress":{"bytes":0,"done":1,"is_estimate":false,"step":"","unit":"items"},"protocol":1,"scan_id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","target":"t","type":"start"}"#
    ),
    (.ping(number: 4), #"{"number":4,"type":"ping"}"#),
    (.stop(reason: .cancel), #"{"reason":"cancel","type":"stop"}"#),
    (.stop(reason: .pause), #"{"reason":"pause","type":"stop"}"#),
    (.stop(reason: .drain), #"{"reason":"drain","type":"stop"}"#),
    (.stop(reason: .superseded), #"{"reason":"superseded","type":"stop"}"#),
    (.checkpointed(number: 5), #"{"number":5,"type":"checkpointed"}"#),
    (
      .baselineIndex(entries: "AAEC", isLast: true),
      #"{"entries":"AAEC","last":true,"type":"baseline_index"}"#
    ),
    (
      .baselineParts([.init(id: "i", segment: 2, content: "YQ==")], isLast: false),
      #"{"last":false,"parts":[{"content":"YQ==","id":"i","segment":2}],"type":"baseline_parts"}"#
    ),
    (
      .settled(.init(moved: 1, removed: 2, isRefused: true)),
      #"{"moved":1,"refused":true,"removed":2,"type":"settled"}"#
    ),
    (.diagnosed(nil), #"{"type":"diagnosed"}"#),
    (
      .diagnosed(.init(class: "spinning", sentence: "It spins.")),
      #"{"finding":{"class":"spinning","sentence":"It spins."},"type":"diagnosed"}"#
    ),
  ]

  @Test(arguments: WorkerMessageTests.messages)
  func eachMessageAsItIsWritten(message: WorkerMessage, text: String) throws {
    #expect(try json(of: message) == text)
    #expect(try JSONDecoder().decode(WorkerMessage.self, from: Data(text.utf8)) == message)
  }

  @Test(arguments: [
    #"{}"#, #"{"type":"dance"}"#, #"{"type":"ping"}"#, #"{"type":"stop","reason":"boredom"}"#,
    #"{"type":"start"}"#,
  ])
  func malformedMessagesAreRefused(_ text: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(WorkerMessage.self, from: Data(text.utf8))
    }
  }
}
