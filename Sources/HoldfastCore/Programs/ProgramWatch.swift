/// Decides when a program that runs as a scan is to be ended, and by what. Times are seconds of one steady clock.
package struct ProgramWatch: Sendable {
  package enum Step: Sendable, Hashable {
    /// Find out why it does not move, and say so with ``ProgramWatch/looked(at:)``: what is found dies with the program.
    case look
    case terminate
    case kill
  }

  private let spec: ProgramSpec
  private let startedAt: Double
  private var lastOutputAt: Double
  private var lastSignAt: Double
  /// A program may ask for more time, again and again (`EXTEND_TIMEOUT_USEC`).
  private var extendedUntil: Double?
  private var killAt: Double?
  private var lookUntil: Double?

  /// How long finding out why a program hangs may hold up its end.
  package static let lookSeconds = 2.0

  /// Why it is being ended, and by whom.
  package private(set) var cause: ProgramEnd.Cause?
  package private(set) var wasKilled = false

  package init(_ spec: ProgramSpec, startedAt: Double) {
    self.spec = spec
    self.startedAt = startedAt
    lastOutputAt = startedAt
    lastSignAt = startedAt
  }

  /// How long it may be silent in every way; a program can set it itself (`WATCHDOG_USEC`).
  package var stallSeconds: Double? { watchdogSeconds ?? spec.stallSeconds }
  package var watchdogSeconds: Double?

  /// - Parameter isSign: whether what it wrote is a sign of life: more than the bar that was there before, drawn over again.
  package mutating func wrote(at now: Double, isSign: Bool = true) {
    lastOutputAt = max(lastOutputAt, now)
    if isSign { lastSignAt = max(lastSignAt, now) }
  }

  /// It did something: progress, processor time, bytes, a sign of its own.
  package mutating func moved(at now: Double) {
    lastSignAt = max(lastSignAt, now)
  }

  package mutating func extend(by seconds: Double, at now: Double) {
    extendedUntil = now + max(0, seconds)
  }

  /// Begins to end it, for a cause from outside. A second time changes nothing.
  package mutating func end(_ cause: ProgramEnd.Cause, killAfter: Double? = nil, at now: Double)
    -> Step?
  {
    if lookUntil != nil { return terminate(killAfter, at: now) }
    guard self.cause == nil else { return nil }
    self.cause = cause
    return terminate(killAfter, at: now)
  }

  /// The same for one that seems to hang: it is looked at first.
  package mutating func endHung(_ cause: ProgramEnd.Cause, at now: Double) -> Step? {
    guard self.cause == nil else { return nil }
    self.cause = cause
    lookUntil = now + Self.lookSeconds
    return .look
  }

  /// The look has come to its end.
  package mutating func looked(at now: Double) -> Step? {
    lookUntil == nil ? nil : terminate(nil, at: now)
  }

  private mutating func terminate(_ killAfter: Double?, at now: Double) -> Step {
    lookUntil = nil
    killAt = now + (killAfter ?? spec.killAfterSeconds)
    return .terminate
  }

  /// What is due.
  package mutating func step(at now: Double) -> Step? {
    if let lookUntil { return now >= lookUntil ? looked(at: now) : nil }
    if let killAt {
      guard !wasKilled, now >= killAt else { return nil }
      wasKilled = true
      return .kill
    }
    guard let (cause, at) = nextLimit, now >= at else { return nil }
    return endHung(cause, at: now)
  }

  /// When to ask again; `nil` for never.
  package var nextStepAt: Double? {
    if let lookUntil { return lookUntil }
    if let killAt { return wasKilled ? nil : killAt }
    return nextLimit?.at
  }

  /// Whether its silence has lasted for long enough that it is worth a look at what it does.
  package func wantsLook(at now: Double) -> Bool {
    guard cause == nil, let stallSeconds else { return false }
    return now - lastSignAt >= stallSeconds / 4
  }

  private var nextLimit: (cause: ProgramEnd.Cause, at: Double)? {
    var limits: [(ProgramEnd.Cause, Double)] = []
    if let seconds = spec.timeoutSeconds {
      limits.append((.timeout, max(startedAt + seconds, extendedUntil ?? 0)))
    }
    if let seconds = stallSeconds {
      limits.append((.stall, max(lastSignAt + seconds, extendedUntil ?? 0)))
    }
    if let seconds = spec.noOutputSeconds { limits.append((.noOutput, lastOutputAt + seconds)) }
    return limits.min { $0.1 < $1.1 }.map { (cause: $0.0, at: $0.1) }
  }
}
