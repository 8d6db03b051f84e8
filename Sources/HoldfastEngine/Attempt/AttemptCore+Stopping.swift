import Glibc
import HoldfastCore

/// Ending the process: why, by which steps, and what is found out before.
extension AttemptCore {
  /// - Parameter looksFirst: whether to find out why the process hangs before it is ended.
  mutating func stop(_ cause: StopCause, looksFirst: Bool = false) -> [Action] {
    if case .reported = phase {
      // The end is on its way. A lost lease means that it will be refused.
      return cause == .superseded ? over() : []
    }
    guard cause.rank > stopCause?.rank ?? -1 else { return [] }
    if case .examining = phase {
      // There is nothing left to stop; what becomes of the scan is another matter.
      stopCause = cause
      return []
    }
    let isHurried = cause.rank >= StopCause.faulty("").rank
    let wasStopping = ladder != nil
    stopCause = cause
    // A runner that has already finished only has to exit, and the exit timer sees to that.
    if finish != nil { return [] }
    // A ladder that has begun goes on; only a stronger kind of cause starts a shorter one.
    if wasStopping && !isHurried { return [] }
    ladder =
      switch cause {
      case .drain: .asking(.drain, patience)
      case .pause: .asking(.pause, patience)
      case .cancel: .asking(.cancel, patience)
      // What hangs seldom answers, and its lease is watched: the chance to write a checkpoint is short.
      case .recover: .within(seconds: min(5, patience.stopSeconds), asking: .drain)
      case .faulty: .terminating(patience)
      case .leaseUnsure(let seconds): .within(seconds: seconds, asking: .drain)
      case .superseded:
        .within(seconds: min(2, patience.stopSeconds), asking: .superseded)
      }
    if case .preparing = phase {
      // It has nothing to save: it was never given the scan.
      phase = .ending
      ladder = StopLadder([.kill])
      return [.disarm(.ready), .closeInput] + nextStep()
    }
    if case .recover = cause { return lookFirst() }
    return looksFirst ? lookFirst() : nextStep()
  }

  /// First why, then the end: the evidence dies with the process. It is waited for, but not for long.
  private mutating func lookFirst() -> [Action] {
    isDiagnosing = true
    return [.diagnose, .arm(.ladder, seconds: Self.diagnosisSeconds)]
  }

  mutating func diagnosed(_ found: JSONValue?) -> [Action] {
    if case .examining(let exit, let lines) = phase {
      diagnosis = found
      return examined(exit, lastLines: lines)
    }
    if isDiagnosing { diagnosis = found }
    var actions: [Action] = []
    if isLooking, let found, phase == .running || phase == .ending {
      actions = [.tell(found)]
    }
    isLooking = false
    if isLookingForRunner {
      isLookingForRunner = false
      diagnosis = found ?? diagnosis
      if phase == .running { actions.append(.send(.diagnosed(found.flatMap(Self.finding)))) }
    }
    return isDiagnosing && ladder != nil ? actions + nextStep() : actions
  }

  /// Every beat asks again until the answer is in the database.
  mutating func look() -> [Action] {
    guard !isLooking, phase == .running || phase == .ending else { return [] }
    isLooking = true
    return isDiagnosing || isLookingForRunner ? [] : [.diagnose]
  }

  /// A runner that is about to end what it supervises wants to know first why that does not move. The finding goes with the scan's end.
  mutating func lookFor() -> [Action] {
    guard !isLookingForRunner else { return [] }
    isLookingForRunner = true
    return isLooking || isDiagnosing ? [] : [.diagnose]
  }

  private static func finding(_ found: JSONValue) -> WorkerMessage.Finding? {
    guard let name = found["class"]?.stringValue, let sentence = found["sentence"]?.stringValue
    else { return nil }
    return .init(class: name, sentence: sentence)
  }

  mutating func nextStep() -> [Action] {
    isDiagnosing = false

    switch ladder?.next() {
    case .ask(let reason, let grace):
      return [.send(.stop(reason: reason)), .arm(.ladder, seconds: grace)]
    case .terminate(let grace):
      return [.signal(SIGTERM), .arm(.ladder, seconds: grace)]
    case .kill:
      return [.signal(SIGKILL), .arm(.ladder, seconds: Self.killSeconds)]
    case nil:
      // A process that survives SIGKILL waits inside the kernel, on a disk or a network mount. It will not run another instruction
      // of its program, so nothing is gained by keeping its scan and its slot for it.
      return [
        .note(
          level: "critical",
          message:
            "the runner was killed \(Int(Self.killSeconds)) s ago and its process is still there, held in the "
            + "kernel by a disk or a network mount that does not answer; its scan and its slot are freed, and the "
            + "process stays behind")
      ] + died(.signalled(SIGKILL), lastLines: [], isHeld: true)
    }
  }

  mutating func fault(_ why: String) -> [Action] {
    guard phase != .ending, stopCause?.rank ?? -1 < StopCause.faulty("").rank else { return [] }
    let message = "the runner broke the protocol: \(why)"
    return [.note(level: "error", message: message)] + stop(.faulty(message))
  }

  mutating func outputClosed() -> [Action] {
    finish == nil ? fault("it closed its output before it had finished") : []
  }

  mutating func fired(_ timer: Timer) -> [Action] {
    switch timer {
    case .ready:
      guard case .preparing(false, _) = phase else { return [] }
      return stop(
        .faulty("the runner was not ready within \(Int(patience.readySeconds.rounded())) s"))
    case .ladder: return ladder == nil ? [] : nextStep()
    case .autopsy:
      guard case .examining(let exit, let lines) = phase else { return [] }
      return examined(exit, lastLines: lines)
    case .exit:
      guard phase == .ending, finish != nil else { return [] }
      ladder = .terminating(patience)
      return [
        .note(level: "warning", message: "the runner has finished and does not exit")
      ] + nextStep()
    case .ping: return ping()
    case .wait:
      sequence += 1
      return phase == .running
        ? [.report(AttemptReport(lease: claim.lease, waitingFor: ""), sequence: sequence)] : []
    }
  }

  mutating func reading(_ isRead: Bool) -> [Action] {
    self.isRead = isRead
    unansweredPings = 0
    return []
  }

  mutating func ping() -> [Action] {
    guard phase == .running else { return [] }
    // Its answers wait in a pipe that nobody reads at the moment: its silence says nothing.
    guard isRead else { return [.arm(.ping, seconds: claim.scan.heartbeatIntervalSeconds)] }
    if unansweredPings >= Self.maxUnansweredPings {
      return stop(
        .faulty("the runner has not answered \(unansweredPings) pings and has said nothing else"),
        looksFirst: true)
    }
    unansweredPings += 1
    pings += 1
    return [
      .send(.ping(number: pings)), .arm(.ping, seconds: claim.scan.heartbeatIntervalSeconds),
    ]
  }
}
