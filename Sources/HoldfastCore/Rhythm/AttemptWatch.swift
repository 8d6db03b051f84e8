/// Follows one running attempt from where its worker stands: its silences, whether they are longer
/// than those of scans like it, and whether it is slow.
///
/// Times are seconds of any steady clock of the worker's own process.
package struct AttemptWatch: Sendable {
  /// What it looks up: limits for one step at a time.
  package struct Expectation: Sendable {
    package var limit: @Sendable (Suspicion.Signal, _ step: String) -> LearnedLimit?
    package var usualRatePerSecond: Double?

    package init(
      usualRatePerSecond: Double? = nil,
      limit: @escaping @Sendable (Suspicion.Signal, _ step: String) -> LearnedLimit?
    ) {
      self.usualRatePerSecond = usualRatePerSecond
      self.limit = limit
    }
  }

  /// A silence beyond its limit.
  package struct Doubt: Sendable, Hashable {
    package var signal: Suspicion.Signal
    package var step: String
    package var silenceSeconds: Double
    package var limit: LearnedLimit
    /// How far the silence is beyond what the policy allows.
    package var overdueSeconds: Double
  }

  private let claimedAt: Double
  private let doneAtClaim: Int64
  private var progress: GapTracker
  private var activity: GapTracker
  private var isSampled = false
  private var last: Progress?
  private var wait: (since: Double, limit: Double)?
  private var waitedSeconds = 0.0
  private var wasSuspected = false
  /// What it is suspected of now.
  package private(set) var doubt: Doubt?
  package private(set) var isSlow = false

  /// - Parameter last: the progress that a resumed attempt starts from.
  package init(claimedAt: Double, last: Progress?) {
    self.claimedAt = claimedAt
    self.last = last
    doneAtClaim = last?.done ?? 0
    progress = GapTracker(at: claimedAt, step: last?.step ?? "")
    activity = GapTracker(at: claimedAt, step: last?.step ?? "")
  }

  // MARK: What happens

  /// It reported this; whatever is no advance is no sign.
  package mutating func reported(_ next: Progress, at seconds: Double) {
    let isAdvance =
      last.map { next.done > $0.done || next.bytes > $0.bytes || next.step != $0.step } ?? true
    guard isAdvance else { return }
    last = next
    progress.moved(at: seconds, step: next.step)
    // Progress breaks a silence of activity too: a sample comes late.
    activity.moved(at: seconds, step: next.step)
  }

  /// Its process tree was looked at, and had moved or not.
  package mutating func sampled(hasMoved: Bool, at seconds: Double) {
    isSampled = true
    if hasMoved { activity.moved(at: seconds) }
  }

  /// It declared a wait of at most so many seconds, in place of any before.
  package mutating func waits(atMost limit: Double, at seconds: Double) {
    waitEnded(at: seconds)
    wait = (seconds, limit)
  }

  package mutating func waitEnded(at seconds: Double) {
    let waited = waiting(at: seconds)
    progress.waited(seconds: waited)
    activity.waited(seconds: waited)
    waitedSeconds += waited
    wait = nil
  }

  // MARK: What it amounts to

  /// Judges its silences and its rate.
  ///
  /// - Returns: what became of the suspicion since the last time.
  package mutating func judge(
    _ expected: Expectation, policy: Policy, at seconds: Double
  ) -> Suspicion.Change? {
    judgeRate(expected.usualRatePerSecond, policy: policy, at: seconds)
    let found = policy.suspicion == .ignore ? nil : suspect(expected, policy, at: seconds)
    defer { doubt = found }
    switch (doubt, found) {
    case (nil, .some):
      wasSuspected = true
      return .raised
    case (.some, nil): return .withdrawn
    default: return nil
    }
  }

  private func suspect(_ expected: Expectation, _ policy: Policy, at seconds: Double) -> Doubt? {
    let signals: [(Suspicion.Signal, GapTracker)] =
      [(.progress, progress)] + (isSampled ? [(.activity, activity)] : [])
    return signals.compactMap { signal, tracker -> Doubt? in
      guard let limit = expected.limit(signal, tracker.step) else { return nil }
      let cap = policy.waitingCapMinutes * 60
      let silence = tracker.silence(at: seconds) - min(cap, waiting(at: seconds))
      let over = silence - max(limit.seconds, policy.suspicionFloorSeconds)
      guard over > 0 else { return nil }
      return Doubt(
        signal: signal, step: tracker.step, silenceSeconds: silence, limit: limit,
        overdueSeconds: over)
    }.max { $0.overdueSeconds < $1.overdueSeconds }
  }

  private mutating func judgeRate(_ usual: Double?, policy: Policy, at seconds: Double) {
    let elapsed = spent(at: seconds)
    guard let usual, usual > 0, let last, elapsed >= Policy.rateAfterSeconds else {
      isSlow = false
      return
    }
    isSlow = Double(last.done - doneAtClaim) / elapsed < usual * policy.slowBelowRate
  }

  /// What the attempt teaches, now that it has come to its end.
  package func finished(at seconds: Double, rate: Double) -> AttemptRhythm {
    var ended = self
    ended.waitEnded(at: seconds)
    return AttemptRhythm(
      progress: ended.progress.finished(at: seconds),
      activity: isSampled ? ended.activity.finished(at: seconds) : [],
      suspectedAtRate: wasSuspected ? rate : nil,
      done: max(0, (last?.done ?? 0) - doneAtClaim), seconds: ended.spent(at: seconds))
  }

  private func spent(at seconds: Double) -> Double {
    max(0, seconds - claimedAt - waitedSeconds - waiting(at: seconds))
  }

  /// How long the declared wait lasts, as far as it was declared.
  private func waiting(at seconds: Double) -> Double {
    wait.map { max(0, min(seconds - $0.since, $0.limit)) } ?? 0
  }
}
