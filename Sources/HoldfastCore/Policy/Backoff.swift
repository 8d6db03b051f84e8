/// How long a recovered scan waits before it may be claimed again.
package enum Backoff {
  /// The longest delay before the nth retry in a row.
  ///
  /// The first retry is at once: most single deaths are an accident of the machine. Then
  /// `backoff_base_seconds`, twice that, and so on up to `backoff_cap_seconds`.
  ///
  /// - Parameter failures: how often it has failed before this time.
  package static func ceilingSeconds(failures: Int, policy: Policy) -> Double {
    guard failures > 0 else { return 0 }
    // 2^40 times any base is beyond any cap; a larger shift would overflow.
    let doublings = Double(1 << min(failures - 1, 40))
    return min(policy.backoffCapSeconds, policy.backoffBaseSeconds * doublings)
  }

  /// Full jitter: anything from 0 to the ceiling, so that what failed together does not return
  /// together.
  ///
  /// - Parameter jitter: 0 to 1, from the caller's source of randomness; anything else is brought
  ///   within.
  package static func delaySeconds(failures: Int, policy: Policy, jitter: Double) -> Double {
    ceilingSeconds(failures: failures, policy: policy) * max(0, min(1, jitter))
  }
}
