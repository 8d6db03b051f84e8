extension AttemptReport {
  /// The report that a runner's messages make, in their order: later progress, checkpoints and waits replace earlier ones.
  ///
  /// - Throws: where a message does not belong into a report, or follows the last one.
  package init(
    lease: Lease, sequence: Int64?, messages: [RunnerMessage]
  ) throws(RunnerMessageReader.Malformed) {
    self.init(lease: lease, sequence: sequence)
    for message in messages {
      if end != nil { throw .init(description: "a message follows “finished”") }
      switch message {
      case .progress(let progress, let text):
        self.progress = progress
        progressMessage = text ?? progressMessage
      case .checkpoint(_, let data): checkpoint = data
      case .items(let items): self.items += items
      case .itemErrors(let errors): self.errors += errors
      case .writeBaseline(let parts): baselineWrites += parts
      case .waiting(let what, let seconds):
        waitingFor = seconds > 0 ? what : ""
        waitSeconds = max(0, seconds)
      case .finished(let finish): end = Self.end(finish)
      case .ready, .log, .pong: break
      case .readBaselineIndex, .readBaselineParts, .settle, .diagnose:
        throw .init(description: "a question is not reported, but asked")
      }
    }
  }

  /// `stopped` gives the scan back; where an operator has asked for a pause or a cancel, the store does that instead.
  private static func end(_ finish: RunnerMessage.Finish) -> AttemptEnd {
    switch finish.outcome {
    case .completed:
      .completed(message: finish.message, summary: finish.summary ?? .object([:]))
    case .failed:
      .failed(
        error: finish.error ?? finish.message ?? "the scan failed and did not say why",
        reason: finish.reason, summary: finish.summary)
    case .cancelled: .cancelled(message: finish.message ?? "ended by hand")
    case .stopped:
      .requeued(
        reason: .workerDrained, message: finish.message ?? "its worker gave it back",
        delaySeconds: 0, countsAsCrash: false)
    }
  }
}
