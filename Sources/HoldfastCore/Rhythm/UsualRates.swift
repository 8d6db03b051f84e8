/// How fast scans of a kind usually are, in units of progress per second: the median of the last
/// finished ones, of the same target where enough are known, else of the kind. What falls far below
/// it is `slow`.
package struct UsualRates: Sendable, Hashable, Codable {
  package static let window = 101
  package static let minimum = 5
  package static let maxNames = 1024

  private struct Rates: Sendable, Hashable, Codable {
    var window = SortedWindow(capacity: UsualRates.window)
    var usedAt: Int64 = 0
  }

  private var kinds: [String: Rates] = [:]
  private var targets: [String: Rates] = [:]
  private var clock: Int64 = 0

  package init() {}

  /// Learns from a finished scan; one that counted nothing or took no time teaches nothing.
  package mutating func learn(kind: String, target: String, done: Int64, seconds: Double) {
    guard done > 0, seconds > 0 else { return }
    clock += 1
    let rate = Double(done) / seconds
    Self.add(rate, to: &kinds, under: kind, at: clock)
    Self.add(rate, to: &targets, under: "\(kind):\(target)", at: clock)
  }

  package func perSecond(kind: String, target: String) -> Double? {
    let rates = [targets["\(kind):\(target)"], kinds[kind]]
    return rates.compactMap { $0 }.first { $0.window.count >= Self.minimum }?.window.median
  }

  private static func add(
    _ rate: Double, to all: inout [String: Rates], under name: String, at clock: Int64
  ) {
    if all[name] == nil, all.count >= maxNames,
      let oldest = all.min(by: { $0.value.usedAt < $1.value.usedAt })?.key
    {
      all[oldest] = nil
    }
    all[name, default: Rates()].window.add(rate)
    all[name]?.usedAt = clock
  }
}
