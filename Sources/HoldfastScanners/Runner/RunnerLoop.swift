import Glibc
import HoldfastCore

/// One runner's life: `ready`, then one scan, then `finished`.
package final class RunnerLoop: Sendable {
  private let input: Int32
  private let output: RunnerOutput
  private let scanners: [any Scanner]
  private let inbox = Monitor(ScanSession.Inbox())
  private let breadcrumbs: BreadcrumbWriter?
  private let onEndOfInput: @Sendable () -> Void

  /// - Parameters:
  ///   - breadcrumbs: where the scan leaves its place; `nil` for nowhere.
  ///   - onEndOfInput: called on the reading thread when the worker has closed its end.
  package init(
    input: Int32, output: RunnerOutput, scanners: [any Scanner],
    breadcrumbs: BreadcrumbWriter? = nil, onEndOfInput: @escaping @Sendable () -> Void = {}
  ) {
    self.input = input
    self.output = output
    self.scanners = scanners
    self.breadcrumbs = breadcrumbs
    self.onEndOfInput = onEndOfInput
  }

  /// Runs until the scan has finished or the worker is gone.
  package func run() {
    output.send(
      .ready(
        .init(
          protocolVersion: RunnerProtocol.version, processID: getpid(),
          kinds: scanners.map(\.kind))))
    WorkThread("hf-reader") { self.readInput() }.detach()
    let start = inbox.wait { inbox -> WorkerMessage.Start?? in
      if let start = inbox.start { return start }
      return inbox.isClosed ? .some(nil) : nil
    }
    if let start, let finish = finish(of: start) { output.send(.finished(finish)) }
    // Said last, since a worker that breaks the protocol cannot be trusted to keep what came before.
    if let fault = inbox.read({ $0.fault }) {
      output.send(.finished(.init(outcome: .failed, error: "runner protocol: \(fault)")))
    }
    output.flush()
  }

  /// Waits until the reading thread has come to the end of its input, after which it does not touch the descriptor any more.
  package func waitForEndOfInput() {
    inbox.wait { $0.isClosed ? () : nil }
  }

  private func finish(of start: WorkerMessage.Start) -> RunnerMessage.Finish? {
    guard start.protocolVersion == RunnerProtocol.version else {
      return .init(
        outcome: .failed,
        error: "the worker speaks version \(start.protocolVersion) of the runner protocol, and "
          + "this runner speaks version \(RunnerProtocol.version)")
    }
    // A kind that is a program is run by the scanner of commands, whatever its name.
    let kind = start.program == nil ? start.kind : CommandScanner.kindName
    guard let scanner = scanners.first(where: { $0.kind == kind }) else {
      return .init(
        outcome: .failed, error: "this runner does not know the kind “\(start.kind)”")
    }
    do throws(SessionClosed) {
      return try scanner.run(
        ScanSession(start: start, output: output, inbox: inbox, breadcrumbs: breadcrumbs))
    } catch {
      return nil
    }
  }

  private func readInput() {
    var reader = LineReader(descriptor: input)
    reading: while true {
      switch reader.next() {
      case .line(let line):
        do throws(WorkerMessage.Malformed) {
          if let message = try WorkerMessage.parse(line: line) { try accept(message) }
        } catch {
          inbox.signal { $0.fault = error.description }
          break reading
        }
      case .tooLong:
        inbox.signal {
          $0.fault = "a line longer than \(RunnerProtocol.maxLineBytes) bytes"
        }
        break reading
      case .end: break reading
      }
    }
    inbox.signal { $0.isClosed = true }
    if inbox.read({ $0.fault }) == nil { onEndOfInput() }
  }

  private func accept(_ message: WorkerMessage) throws(WorkerMessage.Malformed) {
    switch message {
    case .ping(let number): output.send(.pong(number: number))
    case .start(let start): inbox.signal { $0.start = $0.start ?? start }
    case .stop(let reason): inbox.signal { $0.stop = reason }
    case .checkpointed(let number):
      inbox.signal { $0.acknowledged = max($0.acknowledged, number) }
    case .baselineIndex(let entries, let isLast):
      guard let bytes = Base64.decode(entries), bytes.count.isMultiple(of: 32) else {
        throw .init(description: "“entries” must be base64 of 32 bytes each")
      }
      inbox.signal { inbox in
        inbox.indexChunks.append(bytes)
        if isLast { inbox.isIndexComplete = true }
      }
    case .baselineParts(let parts, let isLast):
      var reply = ScanSession.PartsReply(parts: [], isLast: isLast)
      for part in parts {
        guard let id = Base64.decode(part.id).flatMap(Baseline.PartID.init(bytes:)),
          let content = Base64.decode(part.content)
        else { throw .init(description: "“id” and “content” of a part must be base64") }
        reply.parts.append(.init(id: id, segment: part.segment, content: content))
      }
      inbox.signal { $0.replies.append(reply) }
    case .settled(let settlement): inbox.signal { $0.settlement = settlement }
    case .diagnosed(let finding): inbox.signal { $0.diagnosed = .some(finding) }
    }
  }
}
