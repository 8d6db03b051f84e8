/// What becomes of signals and answers while a command follows a scan.
///
/// Ctrl-C on a terminal asks; elsewhere, and for every other signal, the scan is left to go on. A
/// signal while the command is already leaving or cancelling ends it at once.
struct Interruption: Sendable, Hashable {
  enum State: Sendable, Hashable {
    case following, asking, cancelling, leaving
  }

  enum Event: Sendable, Hashable {
    case interrupt
    /// SIGTERM or SIGHUP.
    case terminate
    case answer(Answer)
  }

  enum Answer: Sendable, Hashable {
    case cancel, leave, goOn
  }

  enum Action: Sendable, Hashable {
    case ask
    case cancel
    case leave
    case goOn
    case quit(ExitStatus)
    case nothing
  }

  private(set) var state: State = .following
  /// Whether somebody is there to be asked.
  let canAsk: Bool

  init(canAsk: Bool) {
    self.canAsk = canAsk
  }

  mutating func handle(_ event: Event) -> Action {
    switch (state, event) {
    case (.following, .interrupt) where canAsk:
      state = .asking
      return .ask
    case (.following, .interrupt), (.following, .terminate), (.asking, .interrupt),
      (.asking, .terminate), (.asking, .answer(.leave)):
      state = .leaving
      return .leave
    case (.asking, .answer(.cancel)):
      state = .cancelling
      return .cancel
    case (.asking, .answer(.goOn)):
      state = .following
      return .goOn
    case (.cancelling, .interrupt), (.leaving, .interrupt):
      return .quit(.interrupted)
    case (.cancelling, .terminate), (.leaving, .terminate):
      return .quit(.terminated)
    case (.following, .answer), (.cancelling, .answer), (.leaving, .answer):
      return .nothing
    }
  }
}
