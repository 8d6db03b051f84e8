/// How far supervision can trust its own eyes: a pure state machine, fed with what it measures of
/// itself.
///
/// A sick observer must not kill healthy work. Three things follow from what is observed: limits on
/// silence are *stretched* (after Lifeguard's local health multiplier: a late loop or a slow
/// database makes everyone else look late), recoveries are *held* for a while (the clock stepped; a
/// large share of all workers fell silent at once), and afterwards they are *released* through a
/// token bucket that fills more slowly the sicker the observer is.
///
/// Times are seconds of any steady clock of the observer's own process.
package struct ObserverHealth: Sendable, Hashable {
  package struct Configuration: Sendable, Hashable {
    /// A loop that wakes later than this is unwell.
    package var loopLagSeconds = 1.0
    /// A round trip to the database longer than this is slow.
    package var databaseLatencySeconds = 1.0
    /// The two clocks may differ by so much over one turn of the loop.
    package var clockStepSeconds = 2.0
    /// The share of workers whose silence at once is a mass death…
    package var massShare = 0.3
    /// …where there are at least so many workers.
    package var massMinWorkers = 3
    /// One death is no mass, however few workers there are: its scans must not wait for what only several at once can mean.
    package var massMinSilent = 2
    /// How long recoveries are held after a clock step or a mass death.
    package var holdSeconds = 60.0
    /// The worst multiplier is one more than this.
    package var maxPoints = 7
    /// The bucket's size, and how fast it fills in good health.
    package var burst = 100.0
    package var recoveriesPerSecond = 20.0
    /// Quiet seconds that take one point away.
    package var forgiveSeconds = 15.0

    package init() {}
  }

  package enum Observation: Sendable, Hashable {
    /// How much later than planned the loop came round.
    case loopLag(seconds: Double)
    case databaseLatency(seconds: Double)
    /// A call to the database failed.
    case databaseError
    /// How far the database's clock and the process's own went since the last turn.
    case clocks(databaseSeconds: Double, ownSeconds: Double)
    /// The live workers of the last turn, and how many of these are silent now.
    case census(workers: Int, silent: Int)
    /// A second channel has confirmed the deaths, or refuted them: the hold for mass death is over.
    case verified
  }

  private enum HoldCause: Hashable, Sendable {
    case clock
    case massDeath(silent: Int, workers: Int)

    var text: String {
      switch self {
      case .clock: "the database's clock stepped"
      case .massDeath(let silent, let workers):
        "\(silent) of \(workers) workers fell silent at once"
      }
    }
  }

  private struct Hold: Hashable, Sendable {
    var cause: HoldCause
    var until: Double
    /// A second channel has spoken; it is over before its time.
    var isLifted = false
  }

  package let configuration: Configuration
  private var points = 0
  private var pointsAt: Double
  private var held: Hold?
  private var tokens: Double
  private var filledAt: Double
  private var lastTrouble = ""

  package init(configuration: Configuration = Configuration(), at seconds: Double) {
    self.configuration = configuration
    pointsAt = seconds
    filledAt = seconds
    tokens = configuration.burst
  }

  package mutating func observe(_ observation: Observation, at seconds: Double) {
    fill(to: seconds)
    forgive(to: seconds)
    switch observation {
    case .loopLag(let lag):
      trouble(
        over: lag / configuration.loopLagSeconds, at: seconds,
        "its loop lags by \(SpanText.describe(seconds: lag))")
    case .databaseLatency(let latency):
      trouble(
        over: latency / configuration.databaseLatencySeconds, at: seconds,
        "the database takes \(SpanText.describe(seconds: latency)) to answer")
    case .databaseError:
      trouble(over: 2, at: seconds, "the database does not answer")
    case .clocks(let database, let own):
      if abs(database - own) > configuration.clockStepSeconds {
        hold(.clock, from: seconds)
      }
    case .census(let workers, let silent):
      if workers >= configuration.massMinWorkers, silent >= configuration.massMinSilent,
        Double(silent) >= Double(workers) * configuration.massShare
      {
        hold(.massDeath(silent: silent, workers: workers), from: seconds)
      }
    case .verified:
      if case .massDeath = held?.cause { held?.isLifted = true }
    }
  }

  /// By how much limits on silence are to be made longer: 1 in good health, at most 8.
  package func stretch(at seconds: Double) -> Double {
    1 + Double(points(at: seconds))
  }

  /// What a sweep may do now. It takes nothing; ``spend(_:at:)`` does.
  package func limits(at seconds: Double) -> RecoveryPlan.Limits {
    let stretch = stretch(at: seconds)
    if let held, seconds < held.until, !held.isLifted {
      return .init(stretch: stretch, allowance: 0, because: held.cause.text)
    }
    let available = Int(tokens(at: seconds).rounded(.down))
    let because =
      points(at: seconds) > 0
      ? "the observer is unwell (\(lastTrouble)), and releases recoveries slowly"
      : "recoveries are released at \(PolicyValue.number(configuration.recoveriesPerSecond)) a second"
    return .init(stretch: stretch, allowance: available, because: because)
  }

  /// Takes so many recoveries out of the bucket.
  package mutating func spend(_ recoveries: Int, at seconds: Double) {
    fill(to: seconds)
    tokens = max(0, tokens - Double(max(0, recoveries)))
  }

  // MARK: Points

  /// One point for up to twice the limit, two for up to four times, and so on; no more than are
  /// lost already need.
  private mutating func trouble(over ratio: Double, at seconds: Double, _ text: String) {
    guard ratio > 1 else { return }
    var found = 1
    var bound = 2.0
    while ratio > bound, found < configuration.maxPoints {
      found += 1
      bound *= 2
    }
    points = min(configuration.maxPoints, max(points, found))
    pointsAt = seconds
    lastTrouble = text
  }

  private func points(at seconds: Double) -> Int {
    let quiet = max(0, seconds - pointsAt) / configuration.forgiveSeconds
    return max(0, points - Int(min(quiet, 1000)))
  }

  private mutating func forgive(to seconds: Double) {
    let now = points(at: seconds)
    if now < points {
      pointsAt += Double(points - now) * configuration.forgiveSeconds
      points = now
    }
    if points == 0 { pointsAt = max(pointsAt, seconds) }
  }

  // MARK: Holding and releasing

  /// Holding puts off and must not switch off: after a hold recoveries flow for as long as it
  /// lasted, whatever is seen meanwhile.
  private mutating func hold(_ cause: HoldCause, from seconds: Double) {
    if let held, seconds < held.until + configuration.holdSeconds { return }
    held = Hold(cause: cause, until: seconds + configuration.holdSeconds)
    // What piles up meanwhile is released step by step.
    tokens = min(tokens, configuration.recoveriesPerSecond)
  }

  private func tokens(at seconds: Double) -> Double {
    // Nothing is saved up during a hold.
    let from = held.map { $0.isLifted ? filledAt : max(filledAt, min($0.until, seconds)) }
    let span = max(0, seconds - (from ?? filledAt))
    let rate = configuration.recoveriesPerSecond / (1 + Double(points(at: seconds)))
    return min(configuration.burst, tokens + span * rate)
  }

  private mutating func fill(to seconds: Double) {
    tokens = tokens(at: seconds)
    filledAt = max(filledAt, seconds)
  }
}
