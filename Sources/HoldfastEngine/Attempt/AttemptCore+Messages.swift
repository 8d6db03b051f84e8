import HoldfastCore

/// Starting: the runner and the baseline are both there, and the scan is handed over.
extension AttemptCore {
  mutating func notStarted(_ why: String) -> [Action] {
    let end =
      stopCause.flatMap(endAfterStop)
      ?? .requeued(
        reason: .runnerCrashed, message: why, delaySeconds: 5 + 5 * jitter, countsAsCrash: false)
    return [.note(level: "error", message: why)] + conclude(end)
  }

  mutating func baselineKnown(_ summary: Baseline.Summary?) -> [Action] {
    guard case .preparing(let isReady, _) = phase else { return [] }
    phase = .preparing(isReady: isReady, baseline: .some(summary))
    return startIfPrepared()
  }

  mutating func ready(_ message: RunnerMessage.Ready) -> [Action] {
    guard case .preparing(false, let baseline) = phase else {
      return fault("it said “ready” twice")
    }
    guard message.protocolVersion == RunnerProtocol.version else {
      return fault(
        "it speaks version \(message.protocolVersion) of the protocol; this worker speaks"
          + " \(RunnerProtocol.version)")
    }
    phase = .preparing(isReady: true, baseline: baseline)
    return [.disarm(.ready)] + startIfPrepared()
  }

  mutating func startIfPrepared() -> [Action] {
    guard case .preparing(true, .some(let baseline)) = phase, stopCause == nil else { return [] }
    phase = .running
    let scan = claim.scan
    return [
      .send(
        .start(
          WorkerMessage.Start(
            protocolVersion: RunnerProtocol.version, scanID: scan.id, number: scan.number,
            attempt: scan.attempt, kind: scan.kind, target: scan.target, params: scan.params,
            checkpoint: scan.checkpoint, progress: scan.progress, baseline: baseline,
            program: program))),
      .arm(.ping, seconds: scan.heartbeatIntervalSeconds),
    ]
  }
}

/// What the runner says.
extension AttemptCore {
  mutating func received(_ messages: [RunnerMessage]) -> [Action] {
    unansweredPings = 0
    var report = AttemptReport(lease: claim.lease)
    var checkpoint: Int64?
    var actions: [Action] = []
    for message in messages {
      if case .ready(let ready) = message {
        actions += self.ready(ready)
        continue
      }
      if case .log(let level, let text) = message {
        actions.append(.log(level: level, message: text))
        continue
      }
      guard phase == .running else {
        if case .preparing = phase {
          actions += fault("it sent a message before it was given a scan")
        }
        continue
      }
      switch message {
      case .ready, .log, .pong: break
      case .progress(let progress, let text):
        report.progress = progress
        report.progressMessage = text ?? report.progressMessage
      case .checkpoint(let number, let data):
        report.checkpoint = data
        checkpoint = number
      case .items(let items): report.items += items
      case .itemErrors(let errors): report.errors += errors
      case .writeBaseline(let parts): report.baselineWrites += parts
      case .waiting(let what, let seconds):
        report.waitingFor = seconds > 0 ? what : ""
        report.waitSeconds = seconds
        actions.append(seconds > 0 ? .arm(.wait, seconds: seconds) : .disarm(.wait))
      case .readBaselineIndex: actions += request(.sendBaselineIndex)
      case .readBaselineParts(let ids): actions += request(.sendBaselineParts(ids))
      case .settle(let removalLimit):
        actions += take(&report, checkpoint: &checkpoint)
        actions += settle(removalLimit: removalLimit)
      case .diagnose: actions += lookFor()
      case .finished(let finish):
        actions += take(&report, checkpoint: &checkpoint)
        actions += finished(finish)
      }
    }
    return actions + take(&report, checkpoint: &checkpoint)
  }

  /// Hands out the report collected so far, if it holds anything.
  mutating func take(
    _ report: inout AttemptReport, checkpoint: inout Int64?
  ) -> [Action] {
    let empty = AttemptReport(lease: claim.lease)
    guard report != empty, stopCause != .superseded else { return [] }
    sequence += 1
    if let number = checkpoint { unacknowledged.append((sequence, number)) }
    defer {
      report = empty
      checkpoint = nil
    }
    return [.report(report, sequence: sequence)]
  }

  mutating func request(_ action: Action) -> [Action] {
    openRequests += 1
    guard openRequests <= Self.maxOpenRequests else {
      return fault("it has more than \(Self.maxOpenRequests) requests for its baseline open")
    }
    return [action]
  }

  mutating func answered() -> [Action] {
    openRequests -= 1
    return []
  }

  mutating func settle(removalLimit: Int64?) -> [Action] {
    guard pendingSettle == nil else { return fault("it asked to settle twice at once") }
    pendingSettle = (sequence, removalLimit)
    let actions = settleIfApplied()
    return actions.isEmpty ? [.flushReports] : actions
  }

  mutating func settleIfApplied() -> [Action] {
    guard let settle = pendingSettle, settle.after <= appliedSequence else { return [] }
    pendingSettle = nil
    return [.settle(removalLimit: settle.removalLimit)]
  }

  mutating func settled(_ settlement: WorkerMessage.Settlement?) -> [Action] {
    guard let settlement else { return stop(.superseded) }
    return phase == .running ? [.send(.settled(settlement))] : []
  }

  mutating func finished(_ finish: RunnerMessage.Finish) -> [Action] {
    self.finish = finish
    phase = .ending
    return [
      .disarm(.ping), .disarm(.wait), .disarm(.ladder), .closeInput,
      .arm(.exit, seconds: patience.exitSeconds),
    ]
  }
}
