import Glibc
import HoldfastCore

/// Ending the process: why, by which steps, and what is found out before.
extension AttemptCore {
  mutating func stop(_ cause: StopCause) -> [Action] {
    if case .reported = phase {
      // The end is on its way. A lost lease means that it will be refused.
      return cause == .superseded ? over() : []
    }
    guard cause.rank > stopCause?.rank ?? -1 else { return [] }
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
    if case .recover = cause {
      // First why, then the end: the evidence dies with the process. It is waited for, but not for long.
      isDiagnosing = true
      return [.diagnose, .arm(.ladder, seconds: Self.diagnosisSeconds)]
    }
    return nextStep()
  }

  mutating func diagnosed(_ found: JSONValue) -> [Action] {
    diagnosis = found
    guard isDiagnosing, ladder != nil else { return [] }
    return nextStep()
  }

  mutating func nextStep() -> [Action] {
    isDiagnosing = false

    switch ladder?.next() {
    case .ask(let reason, let grace):
      return [.send(.stop(reason: reason)), .arm(.ladder, seconds: grace)]
    case .terminate(let grace):
      return [.signal(SIGTERM), .arm(.ladder, seconds: grace)]
    case .kill:
      return [.signal(SIGKILL), .arm(.ladder, seconds: 30)]
    case nil:
      // A process that survives SIGKILL waits inside the kernel, on a disk or a network mount. Its lease is kept as long as it is there.
      return [
        .note(
          level: "warning",
          message: "the runner has been killed and its process is still there, held in the kernel"),
        .signal(SIGKILL), .arm(.ladder, seconds: 30),
      ]
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

  mutating func ping() -> [Action] {
    guard phase == .running else { return [] }
    if unansweredPings >= Self.maxUnansweredPings {
      return stop(
        .faulty("the runner has not answered \(unansweredPings) pings and has said nothing else"))
    }
    unansweredPings += 1
    pings += 1
    return [
      .send(.ping(number: pings)), .arm(.ping, seconds: claim.scan.heartbeatIntervalSeconds),
    ]
  }
}
