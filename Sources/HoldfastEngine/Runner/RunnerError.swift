/// Why a runner could not be started.
package enum RunnerError: Error, Sendable, Hashable {
  case noCommand
  case cannotStart(program: String, reason: String)
  case workerEnds
}

extension RunnerError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noCommand: "no runner command is configured"
    case .cannotStart(let program, let reason):
      "the runner “\(program)” could not be started: \(reason)"
    case .workerEnds: "the worker is ending and starts no more runners"
    }
  }
}
