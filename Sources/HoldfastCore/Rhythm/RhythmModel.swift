/// Learns how silent healthy scans ever get, and from that the silence beyond which a scan is
/// suspected, with a share of falsely suspected scans that is promised and kept.
///
/// **The quantile.** A scan has hundreds of gaps, so a limit that errs on one gap in a thousand
/// errs on most scans. What is learned is therefore each finished scan's *largest* gap: of n such
/// numbers and the next scan's, each rank is equally likely (conformal prediction), so the
/// ⌈(1−α)(n+1)⌉-th smallest is exceeded by at most a share α of scans, whatever their distribution.
/// With fewer than 1/α − 1 scans there is no such number, and nothing is suspected: the fixed
/// window stands guard alone.
///
/// **The scale.** Targets and their steps differ by orders of magnitude, and few targets are ever
/// scanned a thousand times. So a gap is divided by what is usual for it, the median of the last
/// largest gaps of the same target and step (or of the target, or of the kind's step, or of the
/// kind), and a scan's score is the largest of these quotients. Scores of all targets of a kind
/// fill one window; a limit is its quantile times the scale of the target and step at hand.
///
/// **Drift.** Both windows are bounded, so what was usual long ago is forgotten. Beyond that, each
/// false alarm doubles a factor on all limits of its kind, which then shrinks by 2^−α with each
/// finished scan. Since the factor never falls below 1, the false alarms among T scans cannot
/// exceed αT + log₂ of the factor at the end, for *any* sequence of scans.
package struct RhythmModel: Sendable, Hashable, Codable {
  package struct Configuration: Sendable, Hashable, Codable {
    /// The share α of healthy scans that may ever be suspected.
    package var rate: Double
    /// Scores kept for each kind.
    package var scores = 4096
    /// Largest gaps kept for each scale.
    package var scaleWindow = 15
    /// A scale of fewer is not used.
    package var scaleMinimum = 5
    package var maxKinds = 64
    package var maxTargets = 2048
    package var maxSteps = 16

    package init(rate: Double) { self.rate = rate }
  }

  package let configuration: Configuration
  private var kinds: [String: Kind] = [:]
  private var clock: Int64 = 0

  package init(configuration: Configuration) { self.configuration = configuration }

  /// Learns from a scan that came to its end in good health. (One that was recovered teaches
  /// nothing: its last silence was no healthy one.)
  ///
  /// - Parameter wasSuspected: whether this model suspected it on the way: a false alarm, as is now
  ///   known.
  package mutating func learn(
    kind: String, target: String, gaps: [GapTracker.StepGap], wasSuspected: Bool
  ) {
    guard !gaps.isEmpty else { return }
    clock += 1
    makeRoom(for: kind)
    kinds[kind, default: Kind(configuration)].learn(
      target: target, gaps: gaps, wasSuspected: wasSuspected, at: clock, configuration)
  }

  /// The silence beyond which a scan in this step is suspected; `nil` while too little is known.
  package func limit(kind: String, target: String, step: String) -> LearnedLimit? {
    kinds[kind]?.limit(target: target, step: step, configuration)
  }

  /// The share of healthy scans that are ever as silent as this: (1 + those that were) / (1 + all);
  /// `nil` while nothing is known. It is below α exactly where the silence is beyond the limit.
  package func probability(
    ofSilence seconds: Double, kind: String, target: String, step: String
  ) -> Double? {
    kinds[kind]?.probability(ofSilence: seconds, target: target, step: step, configuration)
  }

  /// By how much false alarms have widened the limits of a kind; 1 for not at all.
  package func caution(kind: String) -> Double { kinds[kind]?.factor ?? 1 }

  /// How many targets it remembers, of all kinds.
  package var targetCount: Int { kinds.values.reduce(0) { $0 + $1.targets.count } }

  /// Forgets the kind that has been quiet for longest, or targets in the same way, when there are
  /// too many.
  private mutating func makeRoom(for kind: String) {
    if kinds[kind] == nil, kinds.count >= configuration.maxKinds,
      let oldest = kinds.min(by: { $0.value.usedAt < $1.value.usedAt })?.key
    {
      kinds[oldest] = nil
    }
    guard targetCount >= configuration.maxTargets else { return }
    // An eighth at once, so that a stream of new targets does not look for the oldest each time.
    let all = kinds.flatMap { kind, state in state.targets.map { (kind, $0.key, $0.value.usedAt) } }
    for (kind, target, _) in all.sorted(by: { $0.2 < $1.2 }).prefix(max(1, all.count / 8)) {
      kinds[kind]?.targets[target] = nil
    }
  }
}
