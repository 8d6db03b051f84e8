import Synchronization

/// How many requests one caller may make: so many a second over time, and `burst` at once.
package struct RateLimit: Sendable, Hashable {
  package var perSecond: Double
  package var burst: Double

  package init(perSecond: Double, burst: Double) {
    self.perSecond = perSecond
    self.burst = burst
  }
}

/// A bucket of tokens for each caller: every request takes one, and they come back with time.
final class RateLimiter: Sendable {
  /// How many callers are remembered; beyond it, those go first that have been quiet for longest.
  static let most = 10_000

  private struct Bucket {
    var level: Double
    var at: ContinuousClock.Instant
  }

  private let limit: RateLimit
  private let buckets = Mutex<[String: Bucket]>([:])

  init(_ limit: RateLimit) {
    self.limit = limit
  }

  /// Takes a request's token.
  ///
  /// - Returns: `nil` if there was one; otherwise the seconds until there is.
  func take(_ key: String, now: ContinuousClock.Instant = .now) -> Double? {
    buckets.withLock { buckets in
      if buckets.count >= Self.most, buckets[key] == nil { forgetFull(&buckets, now) }
      var bucket = buckets[key] ?? Bucket(level: limit.burst, at: now)
      bucket.level = level(of: bucket, now)
      bucket.at = now
      let isLeft = bucket.level >= 1
      if isLeft { bucket.level -= 1 }
      buckets[key] = bucket
      return isLeft ? nil : (1 - bucket.level) / limit.perSecond
    }
  }

  private func level(of bucket: Bucket, _ now: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = (now - bucket.at).components
    let passed = Double(seconds) + Double(attoseconds) * 1e-18
    return min(limit.burst, bucket.level + passed * limit.perSecond)
  }

  /// A full bucket says nothing that a new one would not.
  private func forgetFull(_ buckets: inout [String: Bucket], _ now: ContinuousClock.Instant) {
    buckets = buckets.filter { level(of: $0.value, now) < limit.burst }
    if buckets.count >= Self.most { buckets = [:] }
  }
}
