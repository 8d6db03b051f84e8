import Foundation
import HoldfastCore
import Testing

/// The promise, by simulation: at most a share α of healthy scans is ever suspected, on
/// distributions of every shape; and what detectors on single gaps do on the same.
@Suite struct FalseAlarmTests {
  static let rate = 0.001

  /// Runs scans one after the other, each judged by what the earlier ones taught.
  ///
  /// - Returns: the false alarms, how many scans were judged at all, and the limit at the end.
  static func run(
    scans: Int, seed: UInt64, largestGap: (Int, inout SeededRandom) -> Double
  ) -> (alarms: Int, judged: Int, limit: Double, caution: Double) {
    var model = RhythmModel(configuration: .init(rate: rate))
    var random = SeededRandom(seed: seed)
    var alarms = 0
    var judged = 0
    for scan in 0..<scans {
      let gap = largestGap(scan, &random)
      let limit = model.limit(kind: "k", target: "t", step: "s")?.seconds
      let isSuspected = limit.map { gap > $0 } ?? false
      if limit != nil { judged += 1 }
      if isSuspected { alarms += 1 }
      model.learn(
        kind: "k", target: "t", gaps: [.init(step: "s", seconds: gap)], wasSuspected: isSuspected)
    }
    let limit = model.limit(kind: "k", target: "t", step: "s")?.seconds ?? .infinity
    return (alarms, judged, limit, model.caution(kind: "k"))
  }

  @Test(arguments: Distribution.allCases)
  func thePromiseIsKeptOnEveryDistribution(_ distribution: Distribution) {
    let scans = 10_000
    var alarms = 0
    for seed in 1...2 as ClosedRange<UInt64> {
      let result = Self.run(scans: scans, seed: seed) { distribution.largestGap(&$1) }
      alarms += result.alarms
      #expect(result.judged > scans - 1100)
      // The bound that holds for any sequence at all.
      #expect(
        Double(result.alarms) <= Self.rate * Double(scans) + log2(result.caution) + 1e-9,
        "seed \(seed)")
    }
    #expect(Double(alarms) <= Self.rate * Double(2 * scans))
  }

  /// A limit that never raised an alarm would keep the promise too.
  @Test(arguments: [
    (Distribution.exponential, 120.0), (.lognormal, 900), (.pareto, 5000), (.mixture, 600),
  ])
  func andAHangIsStillNoticed(distribution: Distribution, within seconds: Double) {
    let result = Self.run(scans: 5000, seed: 4) { distribution.largestGap(&$1) }
    #expect(result.limit < seconds)
  }

  @Test(arguments: Distribution.allCases)
  func thePromiseIsKeptWhileTheRhythmDrifts(_ distribution: Distribution) {
    // Five times slower at once, then ever slower, then as fast as at first.
    let scans = 8000
    let result = Self.run(scans: scans, seed: 9) { scan, random in
      let drift = scan < 2000 ? 1 : scan < 4000 ? 5 : scan < 6000 ? Double(scan) / 800 : 1
      return distribution.largestGap(&random) * drift
    }
    #expect(Double(result.alarms) <= Self.rate * Double(scans) + log2(result.caution) + 1e-9)
  }

  @Test func theBoundHoldsAgainstAnAdversary() {
    // Each scan's gap lies just beyond the limit whenever there is one.
    var model = RhythmModel(configuration: .init(rate: Self.rate))
    var alarms = 0
    let scans = 5000
    for _ in 0..<scans {
      let limit = model.limit(kind: "k", target: "t", step: "s")?.seconds
      if limit != nil { alarms += 1 }
      model.learn(
        kind: "k", target: "t", gaps: [.init(step: "s", seconds: (limit ?? 1) * 1.01)],
        wasSuspected: limit != nil)
      if !model.caution(kind: "k").isFinite || model.caution(kind: "k") > 1e30 { break }
    }
    #expect(
      Double(alarms) <= Self.rate * Double(scans) + log2(model.caution(kind: "k")) + 1e-9)
  }

  @Test func manyTargetsWithRhythmsOfTheirOwn() {
    var model = RhythmModel(configuration: .init(rate: Self.rate))
    var random = SeededRandom(seed: 12)
    var alarms = 0
    let scans = 10_000
    for _ in 0..<scans {
      let number = Int(random.next() % 40)
      let distribution = Distribution.allCases[number % 4 == 3 ? 4 : number % 2]
      let gap = distribution.largestGap(&random) * pow(2, Double(number) / 4)
      let limit = model.limit(kind: "k", target: "\(number)", step: "s")?.seconds
      let isSuspected = limit.map { gap > $0 } ?? false
      if isSuspected { alarms += 1 }
      model.learn(
        kind: "k", target: "\(number)", gaps: [.init(step: "s", seconds: gap)],
        wasSuspected: isSuspected)
    }
    #expect(
      Double(alarms) <= Self.rate * Double(scans) + log2(model.caution(kind: "k")) + 1e-9)
  }

  /// Why single gaps do not do: the share of healthy scans on which phi-accrual errs, its window
  /// filled by the scans before.
  @Test(arguments: [
    (Distribution.exponential, PhiAccrual.Form.normal, 0.32), (.lognormal, .normal, 0.78),
    (.heavyLognormal, .normal, 0.7), (.pareto, .normal, 0.72), (.mixture, .normal, 0.94),
    (.exponential, .exponential, 0), (.lognormal, .exponential, 0.09),
    (.heavyLognormal, .exponential, 0.82), (.pareto, .exponential, 0.32),
    (.mixture, .exponential, 0.99),
  ])
  func phiAccrualErrs(distribution: Distribution, form: PhiAccrual.Form, share: Double) {
    var random = SeededRandom(seed: 3)
    var detector = PhiAccrual(form)
    for _ in 0..<1000 { detector.add(distribution.gap(&random)) }
    var alarms = 0
    let scans = 300
    for _ in 0..<scans {
      var erred = false
      for _ in 0..<Distribution.eventsPerScan {
        let gap = distribution.gap(&random)
        if let limit = detector.limit, gap > limit { erred = true }
        detector.add(gap)
      }
      if erred { alarms += 1 }
    }
    let erring = Double(alarms) / Double(scans)
    #expect(abs(erring - share) < 0.12, "\(distribution.rawValue), \(form): \(erring)")
  }
}
