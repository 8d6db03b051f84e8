/// All that was learned from finished scans: a ``RhythmModel`` for each rate that is promised, and
/// the usual rates.
///
/// **One promise for both signals.** A suspicion may come from progress or from activity. With a
/// limit of its own for each, a healthy scan could be suspected twice as often as promised. So both
/// are learned as one: their gaps are divided by what is usual for the signal and step at hand, and
/// a scan's score is the largest quotient of all. The promise then holds for the two together, and
/// needs no more scans than one of them alone.
package struct RhythmBook: Sendable, Hashable {
  private var models: [Double: RhythmModel]
  private var usual = UsualRates()
  /// The newest record that it has learned from.
  package private(set) var lastID: Int64 = 0

  /// Steps of both signals share the room, hence twice a model's own.
  private static let maxSteps = 32

  /// - Parameter rates: all that policies promise.
  package init(rates: Set<Double>) {
    models = Dictionary(
      uniqueKeysWithValues: rates.map { rate in
        var configuration = RhythmModel.Configuration(rate: rate)
        configuration.maxSteps = Self.maxSteps
        return (rate, RhythmModel(configuration: configuration))
      })
  }

  /// The rates that it promises.
  package var rates: Set<Double> { Set(models.keys) }

  /// Records come in the order of their ids; one that it has seen is passed over.
  package mutating func learn(_ record: RhythmRecord) {
    guard record.id > lastID else { return }
    lastID = record.id
    let rhythm = record.rhythm
    let gaps =
      rhythm.progress.map { Self.gap($0, of: .progress) }
      + rhythm.activity.map { Self.gap($0, of: .activity) }
    for rate in models.keys {
      models[rate]?.learn(
        kind: record.kind, target: record.target, gaps: gaps,
        wasSuspected: rhythm.suspectedAtRate == rate)
    }
    usual.learn(
      kind: record.kind, target: record.target, done: rhythm.done, seconds: rhythm.seconds)
  }

  /// The silence of `signal` beyond which a scan in this step is suspected; `nil` while too little
  /// is known.
  package func limit(
    _ signal: Suspicion.Signal, kind: String, target: String, step: String, rate: Double
  ) -> LearnedLimit? {
    models[rate]?.limit(kind: kind, target: target, step: Self.name(step, signal))
  }

  /// See ``RhythmModel/probability(ofSilence:kind:target:step:)``.
  package func probability(
    ofSilence seconds: Double, _ signal: Suspicion.Signal, kind: String, target: String,
    step: String, rate: Double
  ) -> Double? {
    models[rate]?.probability(
      ofSilence: seconds, kind: kind, target: target, step: Self.name(step, signal))
  }

  package func usualRatePerSecond(kind: String, target: String) -> Double? {
    usual.perSecond(kind: kind, target: target)
  }

  private static func gap(
    _ gap: GapTracker.StepGap, of signal: Suspicion.Signal
  ) -> GapTracker.StepGap {
    GapTracker.StepGap(step: name(gap.step, signal), seconds: gap.seconds)
  }

  private static func name(_ step: String, _ signal: Suspicion.Signal) -> String {
    "\(signal.rawValue):\(step)"
  }
}

extension PolicyBook {
  /// Every rate that a policy promises, for ``RhythmBook/init(rates:)``.
  package var suspicionRates: Set<Double> {
    let kinds = Set(Self.kindNames).union(kinds.keys).map { effective(kind: $0) }
    let targets = targets.map { effective(kind: $0.kind, target: $0.pattern) }
    // Fields of several targets can only replace each other, so that no further rate can come out.
    return Set((kinds + targets).map(\.policy.suspicionRate))
  }
}
