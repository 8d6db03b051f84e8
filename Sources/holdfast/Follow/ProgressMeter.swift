import HoldfastCore

/// Turns looks at a scan into a rate and a time left.
struct ProgressMeter: Sendable {
  /// Units a second, smoothed; `nil` until two looks at the same attempt tell.
  private(set) var rate: Double?
  private var last: (done: Int64, attempt: Int, seconds: Double)?

  /// How much of an older rate is left after so many seconds: a factor of e.
  private let memorySeconds = 5.0

  /// - Parameter seconds: from any fixed moment, by this process's own steady clock.
  mutating func look(at scan: Scan, seconds: Double) {
    guard let progress = scan.progress, scan.status == .running else {
      (rate, last) = (nil, nil)
      return
    }
    defer { last = (progress.done, scan.attempt, seconds) }
    // A new attempt begins at its checkpoint: what it repeats or skips is no speed.
    guard let last, last.attempt == scan.attempt, progress.done >= last.done else {
      rate = nil
      return
    }
    let elapsed = seconds - last.seconds
    guard elapsed > 0 else { return }
    let current = Double(progress.done - last.done) / elapsed
    guard let rate else {
      if current > 0 { self.rate = current }
      return
    }
    let weight = elapsed / (elapsed + memorySeconds)
    self.rate = rate + (current - rate) * weight
  }

  /// Seconds until the end at this rate; `nil` where the total or the rate is not known.
  func secondsLeft(_ progress: Progress) -> Double? {
    guard let rate, rate > 0.01, let total = progress.total, total > progress.done else {
      return nil
    }
    return Double(total - progress.done) / rate
  }
}
