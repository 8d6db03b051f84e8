/// How the end of a program is told.
package struct ProgramEndText: Sendable {
  private let end: ProgramEnd
  private let program: String

  package init(_ end: ProgramEnd, program: String) {
    self.end = end
    self.program = program
  }

  /// A clause without its full stop.
  package var sentence: String {
    if case .refused(let reason, _) = end.exit {
      return "the command “\(program)” could not be started: \(reason)"
    }
    let how = exit
    switch end.cause {
    case .timeout: return "the command had its time, and was ended: it \(how)"
    case .stall: return "the command hung, and was ended: it \(how)"
    case .noOutput: return "the command wrote nothing for too long, and was ended: it \(how)"
    case .fault: return "the command broke the runner protocol, and was ended: it \(how)"
    case .stop: return "the command was asked to stop, and \(how)"
    case .signal, nil:
      guard let signal = end.passedOn else { return "the command \(how)" }
      let name = SignalName.of(Int32(clamping: signal))
      return "the command was sent \(name), which was passed on to it, and \(how)"
    }
  }

  /// The name that supervision has for it.
  package var reason: Reason? {
    switch end.cause {
    case .timeout: .runtimeTimeout
    case .stall, .noOutput: .progressStalled
    case .stop, .signal, .fault, nil: nil
    }
  }

  /// “exited with status 3”
  package var exit: String {
    switch end.exit {
    case .status(let status): "exited with status \(status)"
    case .signal(9) where end.usage.memoryKills ?? 0 > 0:
      "was killed by the kernel for want of memory"
    case .signal(let signal): "was ended by \(SignalName.of(Int32(clamping: signal)))"
    case .refused(let reason, _): "could not be started: \(reason)"
    }
  }
}
