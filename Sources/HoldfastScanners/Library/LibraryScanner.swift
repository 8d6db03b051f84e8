package import HoldfastCore

/// Scans a library: a folder of categories, which hold courses, which hold files; and tells what changed since the previous
/// scan of the same root.
package struct LibraryScanner: Scanner {
  /// What tests set otherwise, to bring rare moments about.
  package struct Tuning: Sendable {
    /// Threads that walk. Two keep two cores busy, and more gain little: the kernel's work is what costs.
    package var walkers = 2
    package var progressSeconds = 0.25
    /// A checkpoint costs the worker a transaction; a lost one, the walk since the last.
    package var checkpointSeconds = 3.0

    package init(walkers: Int = 2, progressSeconds: Double = 0.25, checkpointSeconds: Double = 3) {
      self.walkers = walkers
      self.progressSeconds = progressSeconds
      self.checkpointSeconds = checkpointSeconds
    }
  }

  package let kind = "library"
  private let tuning: Tuning

  package init(tuning: Tuning = Tuning()) {
    self.tuning = tuning
  }

  package func run(_ session: ScanSession) throws(SessionClosed) -> RunnerMessage.Finish {
    let start = session.start
    let rules: LibraryRules
    do throws(ParameterError) {
      rules = LibraryRules(try LibraryParameters(json: start.params))
    } catch {
      return .init(outcome: .failed, error: error.description)
    }
    let survey: LibrarySurvey
    switch LibrarySurvey.make(start, rules) {
    case .success(let made): survey = made
    case .failure(let failure): return .init(outcome: .failed, error: failure.message)
    }
    var index = BaselineIndex()
    if let baseline = start.baseline {
      session.send(
        .progress(.init(unit: "entries", step: "reading the previous scan"), message: nil))
      index.reserve(Int(clamping: baseline.parts))
      try session.readBaselineIndex { index.append($0) }
      if session.isStopRequested { return .init(outcome: .stopped) }
      index.finish()
    }
    return try LibraryScan(session, survey, rules, index, tuning).run()
  }
}
