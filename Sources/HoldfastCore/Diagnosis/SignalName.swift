/// The names of Linux's signals, the same on x86-64 and arm64.
package enum SignalName {
  private static let names = [
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL",
    "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD",
    "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ",
    "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
  ]

  /// `SIGKILL` for 9; `signal 40` for one without a name.
  package static func of(_ number: Int32) -> String {
    let index = Int(number) - 1
    return names.indices.contains(index) ? names[index] : "signal \(number)"
  }
}
