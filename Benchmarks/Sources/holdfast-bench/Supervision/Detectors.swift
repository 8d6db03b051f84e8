import Foundation
import HoldfastCore

/// One scan's life as a detector sees it: the gaps between its signs of progress, in seconds, in their order.
struct RecordedScan {
  var target: String
  var gaps: [Double]
}

/// Says after which silence a scan is held for hung, from what it has learned of the scans before.
protocol SilenceDetector {
  var name: String { get }
  /// The silence, in seconds, beyond which the next gap of a scan of this target is an alarm.
  func limit(target: String) -> Double
  /// A gap within a scan that goes on.
  mutating func saw(gap: Double)
  /// A scan that has ended in good health.
  mutating func finished(_ scan: RecordedScan, wasSuspected: Bool)
}

extension SilenceDetector {
  mutating func saw(gap: Double) {}
  mutating func finished(_ scan: RecordedScan, wasSuspected: Bool) {}
}

/// Ten minutes for everybody.
struct FixedWindow: SilenceDetector {
  let name = "fixed 600 s"
  func limit(target: String) -> Double { 600 }
}

/// Phi-accrual over the last thousand gaps, threshold 8, as the sources of its two usual forms have it.
struct PhiAccrual: SilenceDetector {
  enum Form: String {
    /// Akka: normal distribution, a deviation of at least 100 ms. 10⁻⁸ is exceeded at 5.6120 deviations.
    case akka = "phi 8, Akka"
    /// Cassandra: exponential distribution: 8 · ln 10 = 18.4 times the mean.
    case cassandra = "phi 8, Cassandra"
  }

  let form: Form
  private var gaps: [Double] = []
  private var next = 0
  private var sum = 0.0
  private var squares = 0.0

  init(_ form: Form) { self.form = form }

  var name: String { form.rawValue }

  mutating func saw(gap: Double) {
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

  func limit(target: String) -> Double {
    guard gaps.count >= 10 else { return 600 }
    let mean = sum / Double(gaps.count)
    switch form {
    case .cassandra: return 8 * log(10) * mean
    case .akka:
      let variance = max(0, squares / Double(gaps.count) - mean * mean)
      return mean + 5.6120 * max(0.1, variance.squareRoot())
    }
  }
}

/// Holdfast's: a conformal quantile of each scan's largest gap; the fixed window until enough is known, and its floor.
struct LearnedRhythm: SilenceDetector {
  let name: String
  let floorSeconds: Double
  private var model: RhythmModel

  init(rate: Double, floorSeconds: Double) {
    model = RhythmModel(configuration: .init(rate: rate))
    self.floorSeconds = floorSeconds
    name = floorSeconds > 0 ? "Holdfast, floor \(Int(floorSeconds)) s" : "Holdfast, no floor"
  }

  func limit(target: String) -> Double {
    let learned = model.limit(kind: "k", target: target, step: "")?.seconds
    return learned.map { max($0, floorSeconds) } ?? 600
  }

  /// Only what the model itself suspected is held against it: the fixed window that stands guard before errs as well.
  mutating func finished(_ scan: RecordedScan, wasSuspected: Bool) {
    let isKnown = model.limit(kind: "k", target: scan.target, step: "") != nil
    model.learn(
      kind: "k", target: scan.target, gaps: [.init(step: "", seconds: scan.gaps.max() ?? 0)],
      wasSuspected: wasSuspected && isKnown)
  }
}

/// What came of a detector over a sequence of scans, each judged by what the ones before it had taught.
struct DetectorResult {
  var name: String
  /// Seconds from a hang to its notice: the limits that held, had the scan hung.
  var limits: [Double]
  var alarms: Int
  var scans: Int

  var alarmsPerTenThousand: Double { scans == 0 ? 0 : Double(alarms) / Double(scans) * 10_000 }

  /// - Parameter warmUp: scans at the beginning that teach and are not counted, for every detector alike.
  static func of(
    _ detector: some SilenceDetector, over scans: [RecordedScan], warmUp: Int
  ) -> DetectorResult {
    var detector = detector
    var result = DetectorResult(name: detector.name, limits: [], alarms: 0, scans: 0)
    for (number, scan) in scans.enumerated() {
      let atStart = detector.limit(target: scan.target)
      var isSuspected = false
      for gap in scan.gaps {
        if gap > detector.limit(target: scan.target) { isSuspected = true }
        detector.saw(gap: gap)
      }
      detector.finished(scan, wasSuspected: isSuspected)
      guard number >= warmUp else { continue }
      result.scans += 1
      result.limits.append(atStart)
      if isSuspected { result.alarms += 1 }
    }
    return result
  }

  /// Knows each scan's largest gap before it happens: nobody can be sooner without a false alarm.
  static func oracle(over scans: [RecordedScan], warmUp: Int) -> DetectorResult {
    let limits = scans.dropFirst(warmUp).map { $0.gaps.max() ?? 0 }
    return DetectorResult(name: "oracle", limits: limits, alarms: 0, scans: limits.count)
  }
}
