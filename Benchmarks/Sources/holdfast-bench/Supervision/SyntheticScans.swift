import Foundation

/// Distributions of gaps between progress events on which detectors are usually compared: a share `u` of all gaps lies below
/// `gap(u)`.
enum SyntheticScans: String, CaseIterable {
  case exponential = "exponential, mean 3 s"
  case lognormal = "lognormal, median 2 s, σ 1.0"
  case heavyLognormal = "lognormal, median 1 s, σ 1.8"
  case pareto = "Pareto, shape 1.8, from 0.5 s"
  case mixture = "0.2 s with 2 % of 20 s"

  static let eventsPerScan = 300

  func scans(_ count: Int, seed: UInt64) -> [RecordedScan] {
    var random = BenchRandom(state: seed)
    return (0..<count).map { _ in
      RecordedScan(
        target: "t", gaps: (0..<Self.eventsPerScan).map { _ in gap(&random) })
    }
  }

  private func gap(_ random: inout BenchRandom) -> Double {
    switch self {
    case .exponential: 3 * random.exponential()
    case .lognormal: 2 * exp(random.normal())
    case .heavyLognormal: exp(1.8 * random.normal())
    case .pareto: 0.5 * pow(1 - random.unit(), -1 / 1.8)
    case .mixture: (random.unit() < 0.02 ? 20 : 0.2) * random.exponential()
    }
  }
}

/// SplitMix64: the same numbers for the same seed on every machine.
struct BenchRandom {
  var state: UInt64

  mutating func unit() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((mixed ^ (mixed >> 31)) >> 11) / Double(1 << 53)
  }

  mutating func exponential() -> Double { -log1p(-unit()) }

  /// Box and Muller's.
  mutating func normal() -> Double {
    (-2 * log1p(-unit())).squareRoot() * cos(2 * .pi * unit())
  }
}
