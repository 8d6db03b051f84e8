import CHoldfastSystem
import Glibc
import HoldfastCore
import Synchronization

/// The runner protocol with a program that speaks it on its standard streams. What the program reports goes on to the worker at once, on
/// the thread that reads it, so that a worker which is slow slows the program down.
final class Conversation: Sendable {
  /// How it stands.
  enum Standing: Sendable {
    /// `ready` has not come yet.
    case opening
    case open
    case finished(RunnerMessage.Finish)
    /// The program does not keep to the protocol; the text says how.
    case broken(String)
    /// Its output has ended before `finished`.
    case ended
  }

  private struct State {
    var standing = Standing.opening
    /// The program's numbers of checkpoints that the worker has not acknowledged, by the worker's.
    var checkpoints: [(own: Int64, theirs: Int64)] = []
  }

  let feed = OutputFeed()
  private let session: ScanSession
  private let mouth: ProgramInput
  private let state = Mutex(State())

  /// How long a program may take until it is `ready`, as runners may.
  static let readySeconds = 10.0
  /// How long it may live on after `finished`.
  static let exitSeconds = 5.0

  /// - Parameters:
  ///   - ear, mouth: this side's ends of the program's output and input; they are closed here.
  ///   - onNews: called on a thread of this conversation when its standing has changed.
  init(
    _ session: ScanSession, ear: Int32, mouth: Int32, onNews: @escaping @Sendable () -> Void
  ) {
    self.session = session
    self.mouth = ProgramInput(descriptor: mouth)
    WorkThread("hf-hear") {
      self.listen(LineReader(descriptor: ear))
      close(ear)
      self.feed.end()
      onNews()
    }.detach()
  }

  var standing: Standing { state.withLock { $0.standing } }

  /// Asks it to stop.
  func stop(_ reason: WorkerMessage.StopReason) { mouth.say(.stop(reason: reason)) }

  /// Passes on that its checkpoints are durable.
  func acknowledge(upTo number: Int64) {
    let newest = state.withLock { state -> Int64? in
      let durable = state.checkpoints.prefix { $0.own <= number }
      state.checkpoints.removeFirst(durable.count)
      return durable.last?.theirs
    }
    if let newest { mouth.say(.checkpointed(number: newest)) }
  }

  /// Says nothing more: the end of its input tells the program that nobody listens.
  func hangUp() { mouth.end() }

  // MARK: Listening

  private func listen(_ reader: LineReader) {
    var reader = reader
    while true {
      switch reader.next() {
      case .line(let line):
        line.withUnsafeBytes { feed.append($0) }
        let fault = hear(line)
        feed.passedOn()
        if let fault { return end(.broken(fault)) }
        if case .finished = standing { return mouth.end() }
      case .tooLong:
        return end(.broken("a line is longer than \(RunnerProtocol.maxLineBytes) bytes"))
      case .end: return end(.ended)
      }
    }
  }

  private func end(_ standing: Standing) {
    state.withLock { $0.standing = standing }
    mouth.end()
  }

  /// - Returns: what is wrong with the line.
  private func hear(_ line: ArraySlice<UInt8>) -> String? {
    let json: JSONValue
    switch line.withUnsafeBytes({ JSONValue.parse($0, maxDepth: 64) }) {
    case .success(let value): json = value
    case .failure: return "it wrote what is not JSON: “\(Self.excerpt(line))”"
    }
    do throws(RunnerMessageReader.Malformed) {
      // Of a type that only newer runners know.
      guard let message = try RunnerMessageReader.message(json) else { return nil }
      return take(message)
    } catch {
      return "\(error): “\(Self.excerpt(line))”"
    }
  }

  private func take(_ message: RunnerMessage) -> String? {
    if case .opening = standing {
      guard case .ready(let ready) = message else {
        return "its first message was not “ready”"
      }
      guard ready.protocolVersion == RunnerProtocol.version else {
        return "it speaks version \(ready.protocolVersion) of the protocol; Holdfast speaks "
          + "\(RunnerProtocol.version)"
      }
      state.withLock { $0.standing = .open }
      var start = session.start
      start.program = nil
      mouth.say(.start(start))
      return nil
    }
    switch message {
    case .ready: return "it said “ready” twice"
    case .checkpoint(let number, let data):
      let own = session.checkpoint(data)
      state.withLock { $0.checkpoints.append((own, number)) }
      // The answer may have come before it was known whose it is.
      acknowledge(upTo: session.checkpointsDurable)
    case .progress, .items, .itemErrors, .waiting, .log: session.send(message)
    case .pong, .diagnose: break
    case .finished(let finish): state.withLock { $0.standing = .finished(finish) }
    case .readBaselineIndex, .readBaselineParts, .writeBaseline, .settle:
      return "it asked for the baseline of an earlier scan, which declared kinds do not have"
    }
    return nil
  }

  private static func excerpt(_ line: ArraySlice<UInt8>) -> String {
    OutputText.plain(line.prefix(120))
  }
}

/// The standard input of a program that speaks the protocol, written by a thread of its own: a program that does not read holds nobody up.
final class ProgramInput: Sendable {
  private struct State {
    var lines: [WorkerMessage] = []
    var isOver = false
  }

  private let state = Monitor(State())

  /// - Parameter descriptor: closed at the end.
  init(descriptor: Int32) {
    let state = state
    WorkThread("hf-tell") {
      while true {
        let messages = state.wait { state -> [WorkerMessage]? in
          guard !state.lines.isEmpty || state.isOver else { return nil }
          defer { state.lines = [] }
          return state.lines
        }
        if messages.isEmpty { break }
        var writer = JSONWriter()
        for message in messages { writer.line(toProgram: message) }
        // A program that has closed its input hears nothing more, and need not.
        guard Self.write(writer.bytes, to: descriptor) else { break }
      }
      close(descriptor)
    }.detach()
  }

  func say(_ message: WorkerMessage) {
    state.signal { state in
      // Of acknowledgements that it has not read yet, the newest holds for all.
      if case .checkpointed = message, case .checkpointed = state.lines.last {
        state.lines.removeLast()
      }
      state.lines.append(message)
    }
  }

  func end() { state.signal { $0.isOver = true } }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = Glibc.write(
          descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
        if count > 0 { done += count } else if errno != EINTR { return false }
      }
      return true
    }
  }
}
