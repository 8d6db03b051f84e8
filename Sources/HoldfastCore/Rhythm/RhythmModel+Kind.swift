extension RhythmModel {
  /// What is usual, as the median of a few.
  struct Scales: Sendable, Hashable, Codable {
    var whole: SortedWindow
    var steps: [String: SortedWindow] = [:]
    var usedAt: Int64 = 0

    init(_ configuration: Configuration) {
      whole = SortedWindow(capacity: configuration.scaleWindow)
    }

    mutating func add(_ gaps: [GapTracker.StepGap], at clock: Int64, _ configuration: Configuration)
    {
      usedAt = clock
      whole.add(gaps.map(\.seconds).max() ?? 0)
      for gap in gaps {
        guard steps[gap.step] != nil || steps.count < configuration.maxSteps else { continue }
        steps[gap.step, default: SortedWindow(capacity: configuration.scaleWindow)]
          .add(gap.seconds)
      }
    }

    func of(step: String, _ configuration: Configuration) -> Double? {
      Self.median(steps[step], configuration)
    }

    func ofWhole(_ configuration: Configuration) -> Double? { Self.median(whole, configuration) }

    private static func median(_ window: SortedWindow?, _ configuration: Configuration) -> Double? {
      guard let window, window.count >= configuration.scaleMinimum else { return nil }
      // A scale of nothing would make every gap infinitely large.
      return window.median.map { max($0, 0.001) }
    }
  }

  /// One kind of scan.
  struct Kind: Sendable, Hashable, Codable {
    /// Scores of scans, their own target's scales applied…
    private var own: SortedWindow
    /// …and the kind's scales, as if their target had been new.
    private var general: SortedWindow
    private var scales: Scales
    var targets: [String: Scales] = [:]
    private(set) var factor = 1.0
    private(set) var usedAt: Int64 = 0

    init(_ configuration: Configuration) {
      own = SortedWindow(capacity: configuration.scores)
      general = SortedWindow(capacity: configuration.scores)
      scales = Scales(configuration)
    }

    mutating func learn(
      target: String, gaps: [GapTracker.StepGap], wasSuspected: Bool, at clock: Int64,
      _ configuration: Configuration
    ) {
      usedAt = clock
      if wasSuspected { factor *= 2 }
      // 1 − 0.65 α shrinks by no more than 2^−α for every α up to 0.1, which keeps the bound
      // without a logarithm.
      factor = max(1, factor * (1 - 0.65 * configuration.rate))
      // A score is made with the scales as they were while the scan ran: the next one is judged in
      // the same way.
      let known = targets[target]?.ofWhole(configuration) != nil
      if known { own.add(score(gaps, target: target, configuration)) }
      if scales.ofWhole(configuration) != nil {
        general.add(score(gaps, target: nil, configuration))
      }
      scales.add(gaps, at: clock, configuration)
      targets[target, default: Scales(configuration)].add(gaps, at: clock, configuration)
    }

    private func score(
      _ gaps: [GapTracker.StepGap], target: String?, _ configuration: Configuration
    ) -> Double {
      gaps.reduce(0) { largest, gap in
        guard let scale = scale(target: target, step: gap.step, configuration) else {
          return largest
        }
        return max(largest, gap.seconds / scale.seconds)
      }
    }

    /// Within one scan the scales are all of its target, or all of its kind: the whole of a target
    /// is known whenever a step of it is.
    private func scale(
      target: String?, step: String, _ configuration: Configuration
    ) -> (seconds: Double, scope: LearnedLimit.Scope)? {
      if let target, let known = targets[target] {
        if let seconds = known.of(step: step, configuration) { return (seconds, .step) }
        if let seconds = known.ofWhole(configuration) { return (seconds, .target) }
      }
      return (scales.of(step: step, configuration) ?? scales.ofWhole(configuration)).map {
        ($0, .kind)
      }
    }

    /// The target's own scale if enough scores were made with such, else its kind's.
    func limit(
      target: String, step: String, _ configuration: Configuration
    ) -> LearnedLimit? {
      for target in [target, nil] {
        guard let scale = scale(target: target, step: step, configuration) else { continue }
        let window = scale.scope == .kind ? general : own
        guard let score = window.smallest(rank(of: window.count, configuration)) else { continue }
        return LearnedLimit(
          seconds: score * scale.seconds * factor, scope: scale.scope, scans: window.count,
          rate: configuration.rate)
      }
      return nil
    }

    /// ⌈(1−α)(n+1)⌉; the tiny subtrahend keeps 0.999 × 1000 from being rounded up to 1000.
    private func rank(of count: Int, _ configuration: Configuration) -> Int {
      Int(((1 - configuration.rate) * Double(count + 1) - 1e-9).rounded(.up))
    }

    func probability(
      ofSilence seconds: Double, target: String, step: String, _ configuration: Configuration
    ) -> Double? {
      let isOwn = own.smallest(rank(of: own.count, configuration)) != nil
      guard let scale = scale(target: isOwn ? target : nil, step: step, configuration) else {
        return nil
      }
      let window = scale.scope == .kind ? general : own
      guard window.count > 0 else { return nil }
      let score = seconds / (scale.seconds * factor)
      return Double(1 + window.countAtLeast(score)) / Double(1 + window.count)
    }
  }
}
