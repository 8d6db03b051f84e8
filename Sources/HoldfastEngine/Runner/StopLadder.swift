import HoldfastCore

/// The steps that end a runner, gentle first. The last one is always a kill, which no process can ignore.
struct StopLadder: Sendable, Equatable {
  enum Step: Sendable, Equatable {
    /// Ask it by message to write a checkpoint and end.
    case ask(WorkerMessage.StopReason, graceSeconds: Double)
    /// SIGTERM to its process group.
    case terminate(graceSeconds: Double)
    /// SIGKILL to its process group.
    case kill
  }

  private(set) var steps: [Step]

  init(_ steps: [Step]) {
    self.steps = steps.last == .kill ? steps : steps + [.kill]
  }

  mutating func next() -> Step? {
    steps.isEmpty ? nil : steps.removeFirst()
  }

  /// For a runner that can be trusted to end by itself.
  static func asking(_ reason: WorkerMessage.StopReason, _ patience: Patience) -> StopLadder {
    StopLadder([
      .ask(reason, graceSeconds: patience.stopSeconds),
      .terminate(graceSeconds: patience.terminateSeconds),
    ])
  }

  /// For a runner that must be gone within `seconds`.
  static func within(seconds: Double, asking reason: WorkerMessage.StopReason) -> StopLadder {
    StopLadder([
      .ask(reason, graceSeconds: seconds * 0.6), .terminate(graceSeconds: seconds * 0.3),
    ])
  }

  /// For a runner that does not speak the protocol, or no longer answers.
  static func terminating(_ patience: Patience) -> StopLadder {
    StopLadder([.terminate(graceSeconds: patience.terminateSeconds)])
  }
}
