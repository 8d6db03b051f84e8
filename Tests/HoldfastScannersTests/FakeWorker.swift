import Foundation
import HoldfastCore
import HoldfastScanners
import Testing

/// What a database keeps of one library between its scans.
struct StoredLibrary {
  struct Part: Equatable {
    var fingerprint: String
    var segments: [Int: String]
  }

  var summary: Baseline.Summary?
  var parts: [String: Part] = [:]
}

/// What a database keeps of one scan between its attempts.
struct StoredScan {
  var items: [String: Item] = [:]
  var errors: [String: ItemError] = [:]
  /// Staged parts; `nil` for one that is dropped.
  var staged: [String: StoredLibrary.Part?] = [:]
  var checkpoint: JSONValue?
  var progress: HoldfastCore.Progress?
  var attempts = 0
}

/// How an attempt came to its end.
enum AttemptResult: Equatable {
  case finished(RunnerMessage.Finish)
  /// The worker ended it.
  case killed
}

/// Plays the worker and the store for a runner in this process, over real pipes, as `docs/protocol.md` has it.
final class FakeWorker {
  /// When to disturb an attempt, in messages received.
  enum Disturbance {
    case none
    case stop(afterMessages: Int)
    /// Ends the attempt; everything it said is kept.
    case kill(afterMessages: Int)
    /// Ends the attempt and forgets everything after its last checkpoint.
    case killAndForget(afterMessages: Int)
  }

  private(set) var library: StoredLibrary
  private(set) var scan = StoredScan()
  private(set) var messages: [RunnerMessage] = []
  private let target: String
  private let params: JSONValue
  private let tuning: LibraryScanner.Tuning
  private let batchBytes: Int
  /// Called before each message is taken.
  var onMessage: (RunnerMessage) -> Void = { _ in }
  /// Called on the runner's thread before it begins.
  var prepareThread: @Sendable () throws -> Void = {}
  /// Answers to requests carry at most so many bytes of base64, so that long answers come in pieces.
  var answerBytes = 300_000

  init(
    _ target: String, params: JSONValue = .object([:]), library: StoredLibrary = .init(),
    tuning: LibraryScanner.Tuning = .init(), batchBytes: Int = 64 * 1024
  ) {
    self.target = target
    self.params = params
    self.library = library
    self.tuning = tuning
    self.batchBytes = batchBytes
  }

  /// Runs one attempt. A finished scan's staged parts become the library's baseline.
  func attempt(_ disturbance: Disturbance = .none) throws -> AttemptResult {
    let connection = RunnerConnection(
      scanners: [LibraryScanner(tuning: tuning)], batchBytes: batchBytes,
      prepareThread: prepareThread)
    defer { connection.close() }
    scan.attempts += 1
    var rollback = scan
    var received = 0
    while let line = connection.readLine() {
      let message = try JSONDecoder().decode(RunnerMessage.self, from: line)
      received += 1
      messages.append(message)
      onMessage(message)
      switch disturbance {
      case .kill(let limit) where received > limit: return .killed
      case .killAndForget(let limit) where received > limit:
        scan = rollback
        return .killed
      case .stop(let limit) where received == limit + 1: connection.send(.stop(reason: .drain))
      default: break
      }
      if let finish = take(message, connection) {
        if finish.outcome == .completed { commit(finish) }
        return .finished(finish)
      }
      if case .checkpoint = message { rollback = scan }
    }
    Issue.record("the runner ended without finishing")
    return .killed
  }

  /// Another scan of the same target has finished meanwhile.
  func replace(library: StoredLibrary) { self.library = library }

  private func take(
    _ message: RunnerMessage, _ connection: RunnerConnection
  ) -> RunnerMessage.Finish? {
    switch message {
    case .ready: connection.send(.start(start))
    case .progress(let progress, _): scan.progress = progress
    case .checkpoint(let number, let data):
      scan.checkpoint = data
      connection.send(.checkpointed(number: number))
    case .items(let items): for item in items { scan.items[item.key] = item }
    case .itemErrors(let errors):
      for error in errors { scan.errors["\(error.type) \(error.path)"] = error }
    case .writeBaseline(let writes): writes.forEach(stage)
    case .readBaselineIndex: sendIndex(connection)
    case .readBaselineParts(let ids): sendParts(ids, connection)
    case .settle(let limit): connection.send(.settled(settle(limit)))
    case .finished(let finish): return finish
    case .diagnose: connection.send(.diagnosed(nil))
    case .pong, .log, .waiting: break
    }
    return nil
  }

  private var start: WorkerMessage.Start {
    .init(
      protocolVersion: RunnerProtocol.version,
      scanID: ScanID(high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0001), number: 1,
      attempt: scan.attempts, kind: "library", target: target, params: params,
      checkpoint: scan.checkpoint, progress: scan.progress, baseline: library.summary)
  }

  private func stage(_ write: Baseline.Write) {
    guard let content = write.content else {
      scan.staged[write.id] = .some(nil)
      return
    }
    var part: StoredLibrary.Part =
      if write.segment > 0, let old = scan.staged[write.id] ?? nil {
        old
      } else {
        .init(fingerprint: write.fingerprint, segments: [:])
      }
    #expect(part.fingerprint == write.fingerprint)
    #expect(write.segment == part.segments.count)
    part.segments[write.segment] = content
    scan.staged[write.id] = .some(part)
  }

  private func sendIndex(_ connection: RunnerConnection) {
    let entries = library.parts.map { id, part in
      (Data(base64Encoded: id) ?? Data()) + (Data(base64Encoded: part.fingerprint) ?? Data())
    }
    .sorted { $0.lexicographicallyPrecedes($1) }
    // In several messages, as a large library's index comes.
    let middle = entries.count / 2
    connection.send(
      .baselineIndex(
        entries: Data(entries[..<middle].joined()).base64EncodedString(), isLast: false)
    )
    connection.send(
      .baselineIndex(entries: Data(entries[middle...].joined()).base64EncodedString(), isLast: true)
    )
  }

  private func sendParts(_ ids: [String], _ connection: RunnerConnection) {
    var contents: [WorkerMessage.BaselineContent] = []
    let bytes: (String) -> Data = { Data(base64Encoded: $0) ?? Data() }
    for id in ids.sorted(by: { bytes($0).lexicographicallyPrecedes(bytes($1)) }) {
      for (segment, content) in (library.parts[id]?.segments ?? [:]).sorted(by: { $0.key < $1.key })
      {
        contents.append(.init(id: id, segment: segment, content: content))
        if contents.reduce(0, { $0 + $1.content.utf8.count }) > answerBytes {
          connection.send(.baselineParts(contents, isLast: false))
          contents = []
        }
      }
    }
    connection.send(.baselineParts(contents, isLast: true))
  }

  private func settle(_ limit: Int64?) -> WorkerMessage.Settlement {
    var added = Dictionary(
      grouping: scan.items.values.filter { $0.change == .added }.sorted { $0.key > $1.key },
      by: \.identity)
    var settled = scan.items
    var (moved, removed): (Int64, Int64) = (0, 0)
    for item in scan.items.values.filter({ $0.change == .missing }).sorted(by: { $0.key < $1.key })
    {
      if item.identity != nil, var new = added[item.identity]?.popLast() {
        new.change = .moved
        var data = new.data?.objectValue ?? [:]
        data["from"] = .string(item.key)
        new.data = .object(data)
        settled[new.key] = new
        settled[item.key] = nil
        moved += 1
      } else {
        settled[item.key]?.change = .removed
        removed += 1
      }
    }
    if let limit, removed > limit { return .init(moved: moved, removed: removed, isRefused: true) }
    scan.items = settled
    return .init(moved: moved, removed: removed, isRefused: false)
  }

  private func commit(_ finish: RunnerMessage.Finish) {
    for (id, part) in scan.staged { library.parts[id] = part }
    library.summary = .init(
      scanID: ScanID(high: 0x0198_0000_0000_7000, low: UInt64.random(in: 1 << 63...(.max))),
      parts: Int64(library.parts.count), summary: finish.summary ?? .object([:]))
  }
}

/// A runner on a thread of this process, and the two pipes to it.
final class RunnerConnection {
  private let input = Pipe()
  private let output = Pipe()
  private let done = DispatchSemaphore(value: 0)
  private let loop: RunnerLoop
  private var buffer = Data()
  /// Where to go on looking for the end of a line.
  private var searched = 0
  private var isClosed = false

  init(
    scanners: [any HoldfastScanners.Scanner], batchBytes: Int = 64 * 1024,
    prepareThread: @escaping @Sendable () throws -> Void = {}
  ) {
    signal(SIGPIPE, SIG_IGN)
    loop = RunnerLoop(
      input: input.fileHandleForReading.fileDescriptor,
      output: RunnerOutput(
        descriptor: output.fileHandleForWriting.fileDescriptor, batchBytes: batchBytes),
      scanners: scanners)
    let (done, output, loop) = (done, output, loop)
    Thread.detachNewThread {
      do {
        try prepareThread()
        loop.run()
      } catch {
        Issue.record(error)
      }
      try? output.fileHandleForWriting.close()  // Closed already if the worker closed first.
      done.signal()
    }
  }

  func send(_ message: WorkerMessage) {
    let encoder = JSONEncoder()
    guard var line = try? encoder.encode(message) else {
      Issue.record("cannot encode \(message)")
      return
    }
    line.append(0x0A)
    // A runner that has finished does not listen any more.
    try? input.fileHandleForWriting.write(contentsOf: line)
  }

  func send(raw line: String) {
    try? input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))  // As above.
  }

  /// The next line without its end; `nil` when the runner has closed its output.
  func readLine() -> Data? {
    while true {
      if let end = buffer[searched...].firstIndex(of: 0x0A) {
        defer {
          buffer = Data(buffer[(end + 1)...])
          searched = 0
        }
        return buffer[..<end]
      }
      searched = buffer.count
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { return nil }
      buffer.append(more)
    }
  }

  /// Ends the conversation as a worker's death does, and waits until the runner has noticed.
  func close() {
    if isClosed { return }
    isClosed = true
    try? input.fileHandleForWriting.close()  // Nothing to be done about it here.
    while !output.fileHandleForReading.availableData.isEmpty {}
    done.wait()
    // Its descriptor must not be given to another pipe while it still reads.
    loop.waitForEndOfInput()
    try? output.fileHandleForReading.close()  // As above.
  }
}
