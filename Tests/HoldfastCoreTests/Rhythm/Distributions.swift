import Foundation

/// The five distributions of gaps between progress events on which detectors are compared, as
/// functions of a uniform number: `gap(u)` is the gap below which a share u of all gaps lie.
enum Distribution: String, CaseIterable, Sendable {
  case exponential = "exponential, mean 3 s"
  case lognormal = "lognormal, median 2 s, σ 1.0"
  case heavyLognormal = "lognormal, median 1 s, σ 1.8"
  case pareto = "Pareto, shape 1.8, from 0.5 s"
  case mixture = "0.2 s with 2 % of 20 s"

  static let eventsPerScan = 300

  func gap(_ share: Double) -> Double {
    switch self {
    case .exponential: -3 * log1p(-share)
    case .lognormal: 2 * exp(Self.normal(share))
    case .heavyLognormal: exp(1.8 * Self.normal(share))
    case .pareto: 0.5 * pow(1 - share, -1 / 1.8)
    case .mixture: Self.mixed(share)
    }
  }

  /// The largest of a scan's gaps, drawn at once: a share u^(1/n) of all gaps lies below it.
  func largestGap(_ random: inout SeededRandom) -> Double {
    gap(pow(random.unit(), 1 / Double(Self.eventsPerScan)))
  }

  func gap(_ random: inout SeededRandom) -> Double { gap(random.unit()) }

  /// The inverse of the sum of two exponential distributions, by bisection.
  private static func mixed(_ share: Double) -> Double {
    func above(_ gap: Double) -> Double { 0.98 * exp(-gap / 0.2) + 0.02 * exp(-gap / 20) }
    var low = 0.0
    var high = 2000.0
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if above(middle) > 1 - share { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// The inverse of the normal distribution: bisection on `erfc`, exact enough far out in the tail.
  private static func normal(_ share: Double) -> Double {
    var low = -12.0
    var high = 12.0
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if 0.5 * erfc(middle / 2.0.squareRoot()) > 1 - share { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
