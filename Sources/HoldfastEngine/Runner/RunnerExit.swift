import Glibc

/// How a runner's process ended.
package enum RunnerExit: Sendable, Hashable {
  case exited(status: Int32)
  case signalled(Int32)
}

extension RunnerExit: CustomStringConvertible {
  /// The end of a sentence that starts with “the runner”.
  package var description: String {
    switch self {
    case .exited(let status): "exited with status \(status)"
    case .signalled(SIGKILL):
      "was killed by SIGKILL (by an operator, or by the kernel for want of memory)"
    case .signalled(SIGXCPU): "was killed by SIGXCPU: it has used up its CPU time"
    case .signalled(SIGXFSZ): "was killed by SIGXFSZ: it wrote a file beyond its limit"
    case .signalled(let signal): "was killed by \(Self.name(of: signal))"
    }
  }

  private static func name(of signal: Int32) -> String {
    switch signal {
    case SIGHUP: "SIGHUP"
    case SIGINT: "SIGINT"
    case SIGQUIT: "SIGQUIT"
    case SIGILL: "SIGILL"
    case SIGTRAP: "SIGTRAP"
    case SIGABRT: "SIGABRT"
    case SIGBUS: "SIGBUS"
    case SIGFPE: "SIGFPE"
    case SIGSEGV: "SIGSEGV"
    case SIGPIPE: "SIGPIPE"
    case SIGTERM: "SIGTERM"
    default: "signal \(signal)"
    }
  }
}
