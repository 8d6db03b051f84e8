package import HoldfastCore

/// What one scan has of the conversation with its worker.
package final class ScanSession: Sendable {
  /// A stretch of old baseline content that a `baseline_parts` message brought.
  struct PartsReply: Sendable {
    struct Part: Sendable {
      var id: Baseline.PartID
      var segment: Int
      var content: [UInt8]
    }
    var parts: [Part]
    var isLast: Bool
  }

  /// What came from the worker and nobody has taken yet.
  struct Inbox {
    var start: WorkerMessage.Start?
    var stop: WorkerMessage.StopReason?
    var indexChunks: [[UInt8]] = []
    var isIndexComplete = false
    var replies: [PartsReply] = []
    var settlement: WorkerMessage.Settlement?
    /// The answer to `diagnose`, which may be that nothing was found.
    var diagnosed: WorkerMessage.Finding??
    var acknowledged: Int64 = 0
    var checkpoints: Int64 = 0
    var isClosed = false
    /// What the worker said that is not in the protocol.
    var fault: String?
  }

  package let start: WorkerMessage.Start
  let output: RunnerOutput
  let inbox: Monitor<Inbox>
  /// Where it leaves what it is about, for whoever asks after its death; `nil` for nowhere.
  package let breadcrumbs: BreadcrumbWriter?

  init(
    start: WorkerMessage.Start, output: RunnerOutput, inbox: Monitor<Inbox>,
    breadcrumbs: BreadcrumbWriter? = nil
  ) {
    self.breadcrumbs = breadcrumbs
    self.start = start
    self.output = output
    self.inbox = inbox
  }

  var isStopRequested: Bool { inbox.read { $0.stop != nil } }
  var isClosed: Bool { inbox.read { $0.isClosed } || output.isClosed }

  /// Sends a message. Its breadcrumbs come first: sending may wait for a worker that does not read.
  package func send(_ message: RunnerMessage) {
    switch message {
    case .progress(let progress, _):
      breadcrumbs?.step(progress.step)
      if let current = progress.current { breadcrumbs?.current(current) }
    case .log(_, let text): breadcrumbs?.log(text)
    case .waiting(let what, let seconds): breadcrumbs?.waiting(for: seconds > 0 ? what : "")
    default: break
    }
    output.send(message)
  }

  /// Notes in the breadcrumbs what the work in `body` waits for.
  private func waiting<T, Failure: Error>(
    for what: String, _ body: () throws(Failure) -> T
  ) throws(Failure) -> T {
    breadcrumbs?.waiting(for: what)
    defer { breadcrumbs?.doneWaiting() }
    return try body()
  }

  /// Sends a checkpoint and returns its number.
  @discardableResult
  package func checkpoint(_ data: JSONValue) -> Int64 {
    let number = inbox.update { inbox in
      inbox.checkpoints += 1
      return inbox.checkpoints
    }
    output.send(.checkpoint(number: number, data: data))
    return number
  }

  /// The newest checkpoint that is durable.
  var checkpointsDurable: Int64 { inbox.read(\.acknowledged) }
  /// Why the worker wants it to stop.
  var stopReason: WorkerMessage.StopReason? { inbox.read(\.stop) }

  /// What the worker has found out about this runner's processes; `.some(nil)` where that is nothing, `nil` where it has not answered.
  var finding: WorkerMessage.Finding?? { inbox.read { $0.diagnosed } }

  /// Calls `body` on a thread of its own for what the worker says: a stop, a finding, a checkpoint that is durable, and, last, that it is gone.
  func onNews(_ body: @escaping @Sendable () -> Void) {
    let inbox = inbox
    WorkThread("hf-news") {
      var seen = (hasStop: false, hasFinding: false, acknowledged: Int64(0))
      while true {
        let isOver = inbox.wait { inbox -> Bool? in
          if inbox.isClosed { return true }
          let now = (inbox.stop != nil, inbox.diagnosed != nil, inbox.acknowledged)
          guard now != seen else { return nil }
          seen = now
          return false
        }
        body()
        if isOver { return }
      }
    }.detach()
  }

  /// Waits until the worker asks to stop; false if it is gone.
  package func waitForStop() -> Bool {
    inbox.wait { inbox -> Bool? in
      if inbox.isClosed { return false }
      return inbox.stop != nil ? true : nil
    }
  }

  /// Waits until the worker has made the checkpoint durable, or asks to stop.
  func waitForAcknowledgement(of number: Int64) throws(SessionClosed) {
    let isOpen = waiting(for: "its worker, to make checkpoint \(number) durable") {
      inbox.wait { inbox -> Bool? in
        if inbox.isClosed { return false }
        return inbox.acknowledged >= number || inbox.stop != nil ? true : nil
      }
    }
    if !isOpen { throw SessionClosed() }
  }

  /// Reads the index of the previous scan's baseline, chunk by chunk as it comes.
  ///
  /// - Parameter take: called with whole entries of 32 bytes.
  func readBaselineIndex(_ take: ([UInt8]) -> Void) throws(SessionClosed) {
    breadcrumbs?.waiting(for: "its worker, for the index of the previous scan")
    defer { breadcrumbs?.doneWaiting() }
    output.send(.readBaselineIndex)
    while true {
      let next = inbox.wait { inbox -> (chunks: [[UInt8]], isComplete: Bool)? in
        if inbox.isClosed { return ([], true) }
        guard !inbox.indexChunks.isEmpty || inbox.isIndexComplete else { return nil }
        defer { inbox.indexChunks = [] }
        return (inbox.indexChunks, inbox.isIndexComplete)
      }
      next.chunks.forEach(take)
      if isClosed { throw SessionClosed() }
      if next.isComplete { return }
    }
  }

  /// Settles the missing items; `nil` if the worker asked to stop before it answered.
  func settle(removalLimit: Int64?) throws(SessionClosed) -> WorkerMessage.Settlement? {
    breadcrumbs?.waiting(for: "its worker, to settle what is missing")
    defer { breadcrumbs?.doneWaiting() }
    output.send(.settle(removalLimit: removalLimit))
    let answer = inbox.wait { inbox -> WorkerMessage.Settlement?? in
      if inbox.isClosed { return .some(nil) }
      if let settlement = inbox.settlement { return settlement }
      return inbox.stop != nil ? .some(nil) : nil
    }
    if isClosed { throw SessionClosed() }
    return answer
  }
}
