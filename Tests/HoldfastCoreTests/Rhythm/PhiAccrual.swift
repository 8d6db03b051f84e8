import Foundation

/// Phi-accrual failure detection over single gaps, in its two common forms: what the rhythm model
/// is compared with. Test code only.
struct PhiAccrual {
  enum Form { case normal, exponential }

  let form: Form
  let threshold = 8.0
  /// Akka keeps a thousand, Cassandra too.
  private var gaps: [Double] = []
  private var next = 0
  private var sum = 0.0
  private var squares = 0.0

  init(_ form: Form) { self.form = form }

  mutating func add(_ gap: Double) {
    if gaps.count < 1000 {
      gaps.append(gap)
    } else {
      sum -= gaps[next]
      squares -= gaps[next] * gaps[next]
      gaps[next] = gap
      next = (next + 1) % 1000
    }
    sum += gap
    squares += gap * gap
  }

  /// The silence at which phi reaches the threshold.
  ///
  /// - Exponential (Cassandra): phi = t / mean / ln 10, so t = 8 · ln 10 · mean, the 18.4 of
  ///   Cassandra's documentation.
  /// - Normal (Akka): phi = −log₁₀ P(X > t) for a normal distribution of the gaps' mean and
  ///   deviation, the deviation at least 100 ms; 10⁻⁸ is exceeded at 5.6120 deviations.
  var limit: Double? {
    guard gaps.count >= 10 else { return nil }
    let mean = sum / Double(gaps.count)
    switch form {
    case .exponential: return threshold * log(10) * mean
    case .normal:
      let variance = max(0, squares / Double(gaps.count) - mean * mean)
      return mean + 5.6120 * max(0.1, variance.squareRoot())
    }
  }
}
