import HoldfastCore

/// What becomes of the scan once its process is gone.
extension AttemptCore {
  mutating func exited(_ exit: RunnerExit, lastLines: [String]) -> [Action] {
    switch phase {
    case .reported, .examining: return []
    default: return died(exit, lastLines: lastLines, isHeld: false)
    }
  }

  /// - Parameter isHeld: its process is still there, and for ever, as far as anyone can tell.
  mutating func died(_ exit: RunnerExit, lastLines: [String], isHeld: Bool) -> [Action] {
    guard isCrash, diagnosis == nil, stopCause != .superseded else {
      return examined(exit, lastLines: lastLines)
    }
    phase = .examining(exit, lastLines: lastLines)
    return [
      .autopsy(isHeld ? nil : exit),
      .arm(.autopsy, seconds: isHeld ? Self.diagnosisSeconds : Self.autopsySeconds),
    ]
  }

  mutating func examined(_ exit: RunnerExit, lastLines: [String]) -> [Action] {
    guard stopCause != .superseded else { return [.freeSlot] + over() }
    return conclude(end(exit, lastLines: lastLines))
  }

  /// Whether the runner ended without having finished, and by nobody's wish.
  private var isCrash: Bool {
    switch finish?.outcome {
    case .completed, .failed, .cancelled: return false
    // It has said itself what became of the program that it ran.
    case .stopped where finish?.error != nil: return false
    case .stopped, nil: break
    }
    return stopCause.flatMap(endAfterStop) == nil
  }

  /// Only an attempt that still works can be in doubt.
  mutating func doubted(_ doubt: AttemptDoubt) -> [Action] {
    guard phase == .running else { return [] }
    sequence += 1
    return [.report(AttemptReport(lease: claim.lease, doubt: doubt), sequence: sequence)]
  }

  /// What becomes of the scan, now that its process is gone.
  func end(_ exit: RunnerExit, lastLines: [String]) -> AttemptEnd {
    switch finish?.outcome {
    case .completed:
      return .completed(message: finish?.message, summary: finish?.summary ?? .object([:]))
    case .failed where stopCause != .cancel:
      return .failed(
        error: finish?.error ?? finish?.message ?? "the scan failed and did not say why",
        reason: finish?.reason, summary: finish?.summary)
    case .cancelled:
      return .cancelled(message: finish?.message ?? "ended by hand")
    case .failed, .stopped, nil:
      if let end = stopCause.flatMap(endAfterStop) { return end }
      let what =
        switch stopCause {
        case .faulty(let why): why
        default:
          finish?.outcome == .stopped
            ? finish?.error ?? "the runner stopped without having been asked to"
            : "the runner \(exit)"
        }
      let words =
        lastLines.isEmpty || finish?.error != nil
        ? "" : "; its last lines: " + lastLines.suffix(5).joined(separator: " ⏎ ")
      let found = diagnosis?["sentence"]?.stringValue.map { "; found: \($0)" } ?? ""
      return .afterCrash(
        crashes: claim.scan.crashes, policy: policy, message: what + words + found, jitter: jitter)
    }
  }

  /// The end of an attempt whose runner was stopped for a reason that is not its fault.
  func endAfterStop(_ cause: StopCause) -> AttemptEnd? {
    switch cause {
    case .drain:
      .requeued(
        reason: .workerDrained, message: "its worker was asked to stop and gave it back",
        delaySeconds: 0, countsAsCrash: false)
    case .pause: .paused
    case .cancel: .cancelled(message: "cancelled by an operator while it ran")
    case .recover(let order): .recovered(order, diagnosis: diagnosis)
    case .leaseUnsure:
      .requeued(
        reason: .workerLost,
        message: "its worker could not reach the database to renew its lease, and stopped it",
        delaySeconds: 0, countsAsCrash: false)
    case .faulty, .superseded: nil
    }
  }

  mutating func conclude(_ end: AttemptEnd) -> [Action] {
    sequence += 1
    phase = .reported(sequence: sequence)
    return Timer.allCases.map { .disarm($0) } + [
      .report(
        AttemptReport(lease: claim.lease, diagnosis: diagnosis, end: end), sequence: sequence),
      .freeSlot,
    ]
  }

  mutating func safe(upTo: Int64) -> [Action] {
    safeSequence = max(safeSequence, upTo)
    var newest: Int64?
    while let first = unacknowledged.first, first.sequence <= safeSequence {
      newest = first.checkpoint
      unacknowledged.removeFirst()
    }
    guard let newest, phase == .running else { return [] }
    return [.send(.checkpointed(number: newest))]
  }

  mutating func applied(upTo: Int64) -> [Action] {
    appliedSequence = max(appliedSequence, upTo)
    if case .reported(let last) = phase, appliedSequence >= last { return over() }
    return safe(upTo: upTo) + settleIfApplied()
  }

  mutating func over() -> [Action] {
    phase = .over
    return Timer.allCases.map { .disarm($0) } + [.done]
  }
}
