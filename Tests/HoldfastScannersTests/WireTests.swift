import Foundation
import HoldfastCore
import Testing

@testable import HoldfastScanners

/// The runner's own reading and writing of JSON against Foundation's.
@Suite struct WireTests {
  private static let hostile = "a\"b\\c/\u{1}\u{1F}\n\té😀\u{7F}\u{2028}"

  private static let runnerMessages: [RunnerMessage] = [
    .ready(.init(protocolVersion: 1, processID: 42, kinds: ["library", hostile])),
    .progress(
      .init(
        done: 3, total: 9, isEstimate: true, unit: "entries", bytes: 12, step: hostile,
        current: hostile), message: hostile),
    .progress(.init(), message: nil),
    .checkpoint(
      number: 7,
      data: ["a": [1, -2, 3.5, true, false, nil, "x"], "b": [:], "c": [], .init(hostile): 1]),
    .items([]),
    .items([
      Item(key: hostile, type: "file", change: .added, identity: hostile, data: ["size": 1]),
      Item(key: "b", type: "file", change: .missing),
    ]),
    .itemErrors([ItemError(path: hostile, type: "oversized", message: hostile)]),
    .waiting(for: "a lock", seconds: 2.5), .log(level: "info", message: hostile),
    .pong(number: .max), .readBaselineIndex, .readBaselineParts(ids: ["AA==", "BB=="]),
    .writeBaseline([
      .init(id: "i", segment: 3, fingerprint: "f", content: "c"),
      .init(id: "i", segment: 0, fingerprint: "f", content: nil),
    ]),
    .diagnose(why: hostile), .settle(removalLimit: nil), .settle(removalLimit: -1),
    .finished(.init(outcome: .failed, message: "m", error: hostile, summary: ["a": 1])),
    .finished(.init(outcome: .stopped)),
  ]

  @Test(arguments: runnerMessages) func writesWhatCodableReads(_ message: RunnerMessage) throws {
    var writer = JSONWriter()
    writer.line(message)
    #expect(writer.bytes.last == 0x0A)
    #expect(writer.bytes.filter { $0 == 0x0A }.count == 1)
    let decoded = try JSONDecoder().decode(
      RunnerMessage.self, from: Data(writer.bytes.dropLast()))
    #expect(decoded == message)
  }

  private static let workerMessages: [WorkerMessage] = [
    .start(
      .init(
        protocolVersion: 1, scanID: ScanID(high: 0x0198_0000_0000_7000, low: 1 << 63), number: 3,
        attempt: 2, kind: "library", target: hostile, params: ["a": [1]],
        checkpoint: ["x": nil], progress: .init(done: 4, total: 8, step: "s", current: "c"),
        baseline: .init(
          scanID: ScanID(high: 1, low: 2), parts: 5, summary: ["files_seen": 5]))),
    .start(
      .init(
        protocolVersion: 1, scanID: ScanID(high: 1, low: 2), number: 3, attempt: 1, kind: "k",
        target: "/", params: [:], checkpoint: nil, progress: nil, baseline: nil)),
    .ping(number: -5), .stop(reason: .drain), .stop(reason: .superseded),
    .checkpointed(number: 4),
    .baselineIndex(entries: "AAAA", isLast: true), .baselineParts([], isLast: false),
    .baselineParts([.init(id: "a", segment: 1, content: "c")], isLast: true),
    .settled(.init(moved: 1, removed: 2, isRefused: true)),
    .diagnosed(nil), .diagnosed(.init(class: "spinning", sentence: hostile)),
  ]

  @Test(arguments: workerMessages) func readsWhatCodableWrites(_ message: WorkerMessage) throws {
    let line = try JSONEncoder().encode(message)
    #expect(try WorkerMessage.parse(line: line) == message)
  }

  @Test func absentAndNullAreTheSame() throws {
    let line = """
      {"type":"start","protocol":1,"scan_id":"01980000-0000-7000-8000-000000000001","number":1,\
      "attempt":1,"kind":"library","target":"/x","checkpoint":null,"progress":null,"baseline":null}
      """
    guard case .start(let start) = try WorkerMessage.parse(line: line.utf8) else {
      Issue.record("not a start message")
      return
    }
    #expect(start.checkpoint == Optional.none)
    #expect(start.progress == nil)
    #expect(start.baseline == nil)
  }

  @Test func unknownTypesAreIgnoredAndMalformedLinesAreNot() throws {
    #expect(try WorkerMessage.parse(line: #"{"type":"weather"}"#.utf8) == nil)
    for line in [
      "", "{", "[]", "{}", #"{"type":"ping"}"#, #"{"type":"ping","number":"1"}"#,
      #"{"type":"stop","reason":"boredom"}"#, #"{"type":"ping","number":1} x"#, "nul", "\"\\q\"",
      #"{"type":"start"}"#, String(repeating: "[", count: 100_000),
    ] {
      #expect(throws: WorkerMessage.Malformed.self, "\(line.prefix(40))") {
        try WorkerMessage.parse(line: line.utf8)
      }
    }
  }

  /// Each example of the reference is a message, and what it shows is all there is: encoding gives the same members back.
  @Test func examplesOfTheReferenceAreMessages() throws {
    let file = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("docs/protocol.md")
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
      .filter { $0.hasPrefix("{\"type\"") }
    #expect(lines.count >= 18)
    for line in lines {
      let data = Data(line.utf8)
      let shown = try JSONDecoder().decode(JSONValue.self, from: data)
      let type = shown["type"]?.stringValue ?? ""
      let encoded: Data
      if ["start", "ping", "stop", "checkpointed", "settled", "diagnosed"].contains(type)
        || (type.hasPrefix("baseline_"))
      {
        let message = try JSONDecoder().decode(WorkerMessage.self, from: data)
        #expect(try WorkerMessage.parse(line: line.utf8) == message)
        encoded = try JSONEncoder().encode(message)
      } else {
        encoded = try JSONEncoder().encode(try JSONDecoder().decode(RunnerMessage.self, from: data))
      }
      let members = try JSONDecoder().decode(JSONValue.self, from: encoded)
      for (name, value) in shown.objectValue ?? [:] where value != .null {
        #expect(members[name] == value, "\(type).\(name)")
      }
    }
  }

  @Test func base64OfEveryLength() {
    var generator = SeededGenerator(seed: 1)
    for count in 0..<70 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let text = Data(bytes).base64EncodedString()
      #expect(Base64.encode(bytes) == text)
      #expect(Base64.decode(text) == bytes)
    }
    for text in ["A", "AAA", "AA-A", "A===", "====", "AAAA\n"] {
      #expect(Base64.decode(text) == nil || text == "====")
    }
  }

  @Test func linesAreCutWhereverTheReadsFall() throws {
    let pipe = Pipe()
    let text = "first\n\n" + String(repeating: "x", count: 300_000) + "\nlast\nunfinished"
    Thread.detachNewThread {
      try? pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8))  // The reader is there.
      try? pipe.fileHandleForWriting.close()  // As above.
    }
    var reader = LineReader(descriptor: pipe.fileHandleForReading.fileDescriptor)
    var lines: [Int] = []
    while case .line(let line) = reader.next() { lines.append(line.count) }
    #expect(lines == [5, 0, 300_000, 4])
  }
}

/// SplitMix64: small, and the same on every machine.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
