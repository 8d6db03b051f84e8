/// How many lines of a runner reach its worker's log: a burst, then so many a second. What is left out is counted.
struct LogLimit: Sendable {
  static let burst = 50.0
  static let linesPerSecond = 5.0

  private var tokens = LogLimit.burst
  private var filledAt = ContinuousClock.now
  private var dropped = 0

  init(now: ContinuousClock.Instant = .now) { filledAt = now }

  /// - Returns: how many lines were left out since the last one that was let through; `nil` for one that is left out itself.
  mutating func admit(now: ContinuousClock.Instant) -> Int? {
    tokens = min(Self.burst, tokens + (now - filledAt).seconds * Self.linesPerSecond)
    filledAt = now
    guard tokens >= 1 else {
      dropped += 1
      return nil
    }
    tokens -= 1
    defer { dropped = 0 }
    return dropped
  }
}
