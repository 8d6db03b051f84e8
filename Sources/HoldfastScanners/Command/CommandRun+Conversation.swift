import HoldfastCore

/// What is special about a program that speaks the runner protocol: it is asked before it is ended, and must keep to its word.
extension CommandRun {
  /// How long it has after it was asked to stop, before SIGTERM; the rest of what a worker waits is for that.
  private static let askSeconds = 4.0
  /// From SIGTERM to SIGKILL, for one that broke the protocol or is overdue.
  private static let killAfterSeconds = 3.0
  /// How long it may live on with its output closed.
  private static let closedOutputSeconds = 1.0

  /// Asks it to stop by message.
  ///
  /// - Returns: false if there is nobody to ask.
  func ask(_ conversation: Conversation, at now: Double) -> Bool {
    guard case .open = conversation.standing, let reason = session.stopReason else { return false }
    conversation.stop(reason)
    askedToStopAt = now
    return true
  }

  func converse(_ conversation: Conversation, at now: Double) {
    conversation.acknowledge(upTo: session.checkpointsDurable)
    if let asked = askedToStopAt, now - asked >= Self.askSeconds {
      act(watch.end(.stop, killAfter: Self.killAfterSeconds, at: now))
    }
    switch conversation.standing {
    case .open: overdueSince = nil
    case .opening:
      giveUp(after: Conversation.readySeconds, at: now) { "it was not ready within 10 s" }
    case .finished: giveUp(after: Conversation.exitSeconds, at: now) { nil }
    case .ended:
      giveUp(after: Self.closedOutputSeconds, at: now) {
        "it closed its output before it had finished"
      }
    case .broken(let why): giveUp(after: 0, at: now) { why }
    }
  }

  /// Ends it once what must not last has lasted for so long.
  private func giveUp(after seconds: Double, at now: Double, _ why: () -> String?) {
    let since = overdueSince ?? now
    overdueSince = since
    guard now - since >= seconds, watch.cause == nil else { return }
    fault = fault ?? why()
    act(watch.end(.fault, killAfter: Self.killAfterSeconds, at: now))
  }
}

/// What the end of a program that speaks the protocol means for its scan: what it said last counts, if its process bears that out.
struct ConversationEnd {
  var standing: Conversation.Standing
  var end: ProgramEnd
  /// How it broke the protocol.
  var fault: String?
  var wasAskedToStop: Bool
  var lastLines: [String]

  /// - Parameter ordinary: what its end would mean of any program.
  func finish(orElse ordinary: RunnerMessage.Finish) -> RunnerMessage.Finish {
    if case .refused = end.exit { return ordinary }
    if case .finished(let finish) = standing, let kept = borneOut(finish) { return kept }
    switch end.cause {
    case .timeout, .stall, .noOutput: return ordinary
    case .stop, .signal, .fault, nil: break
    }
    if wasAskedToStop { return .init(outcome: .stopped) }
    // Without an end that it announced it has crashed, whatever its exit status: it is resumed, as its policy says.
    if let fault { return crashed("the program broke the runner protocol: \(fault)") }
    if case .finished = standing {
      return crashed("the program stopped without having been asked to")
    }
    let how = ProgramEndText(end, program: "").exit
    return crashed("the program \(how) before it had finished")
  }

  /// What it said, unless its process says otherwise.
  private func borneOut(_ finish: RunnerMessage.Finish) -> RunnerMessage.Finish? {
    var finish = finish
    finish.summary = summary(finish.summary)
    switch finish.outcome {
    case .failed, .cancelled: return finish
    case .stopped: return wasAskedToStop ? finish : nil
    case .completed:
      // One that had to be ended because it lived on had finished its work.
      guard end.exit != .status(0), end.cause == nil else { return finish }
      let how = ProgramEndText(end, program: "").exit
      return .init(
        outcome: .failed, error: "the program said that it had completed, and then \(how)\(said)",
        summary: finish.summary)
    }
  }

  private func crashed(_ why: String) -> RunnerMessage.Finish {
    .init(outcome: .stopped, error: why + said)
  }

  private var said: String {
    lastLines.isEmpty ? "" : "; its last lines: " + lastLines.joined(separator: " ⏎ ")
  }

  /// Its own members, and beside them what it has used.
  private func summary(_ own: JSONValue?) -> JSONValue {
    guard case .object(let used) = end.json else { return own ?? .object([:]) }
    guard let own = own?.objectValue else { return .object(used) }
    return .object(used.merging(own) { _, own in own })
  }
}
