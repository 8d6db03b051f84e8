import HoldfastCore
import Testing

@Suite struct RhythmModelTests {
  typealias Gap = GapTracker.StepGap

  static func model(
    rate: Double = 0.1, change: (inout RhythmModel.Configuration) -> Void = { _ in }
  ) -> RhythmModel {
    var configuration = RhythmModel.Configuration(rate: rate)
    change(&configuration)
    return RhythmModel(configuration: configuration)
  }

  static func gaps(_ steps: (String, Double)...) -> [Gap] {
    steps.map { Gap(step: $0.0, seconds: $0.1) }
  }

  @Test func nothingIsSuspectedUntilEnoughIsKnown() {
    var model = Self.model()
    #expect(model.limit(kind: "site", target: "a", step: "s") == nil)
    #expect(model.probability(ofSilence: 1, kind: "site", target: "a", step: "s") == nil)
    // Five to have a scale, then the nine that a share of a tenth needs.
    for scan in 1...13 {
      model.learn(
        kind: "site", target: "a", gaps: Self.gaps(("s", Double(scan))), wasSuspected: false)
      #expect(model.limit(kind: "site", target: "a", step: "s") == nil, "after \(scan)")
    }
    model.learn(kind: "site", target: "a", gaps: Self.gaps(("s", 14)), wasSuspected: false)
    let limit = model.limit(kind: "site", target: "a", step: "s")
    #expect(limit?.scope == .step)
    #expect(limit?.scans == 9)
    #expect(limit?.rate == 0.1)
    #expect(model.limit(kind: "other", target: "a", step: "s") == nil)
  }

  /// The thousandth that a share of a thousandth needs, neither one earlier nor one later.
  @Test func aSmallShareNeedsManyScans() {
    var model = Self.model(rate: 0.001)
    for scan in 1...(5 + 999) {
      #expect(model.limit(kind: "k", target: "t", step: "s") == nil, "before \(scan)")
      model.learn(kind: "k", target: "t", gaps: Self.gaps(("s", 1)), wasSuspected: false)
    }
    #expect(model.limit(kind: "k", target: "t", step: "s")?.scans == 999)
  }

  /// Scans of targets with rhythms of their own, one a thousand times slower than the other.
  static func taught() -> RhythmModel {
    var model = Self.model()
    var random = SeededRandom(seed: 1)
    for _ in 0..<200 {
      for (target, scale) in [("fast", 1.0), ("slow", 1000)] {
        let walk = scale * (1 + random.unit())
        let hash = scale * 10 * (1 + random.unit())
        model.learn(
          kind: "k", target: target, gaps: gaps(("walk", walk), ("hash", hash)),
          wasSuspected: false)
      }
    }
    return model
  }

  @Test func eachTargetAndStepHasItsOwnLimit() throws {
    let model = Self.taught()
    func limit(_ target: String, _ step: String) throws -> LearnedLimit {
      try #require(model.limit(kind: "k", target: target, step: step))
    }
    let fast = try limit("fast", "walk")
    let slow = try limit("slow", "walk")
    #expect(fast.scope == .step)
    #expect((1.5...3).contains(fast.seconds))
    #expect((1500...3000).contains(slow.seconds))
    #expect((15...30).contains(try limit("fast", "hash").seconds))
    // An unknown step falls back to its target, whose largest gaps are those of its slowest step.
    let unknown = try limit("fast", "new step")
    #expect(unknown.scope == .target)
    #expect((15...30).contains(unknown.seconds))
    // An unknown target falls back to its kind, which has seen the slow ones.
    let elsewhere = try limit("new target", "walk")
    #expect(elsewhere.scope == .kind)
    #expect(elsewhere.seconds >= 1000)
  }

  @Test func theProbabilityAgreesWithTheLimit() throws {
    let model = Self.taught()
    let limit = try #require(model.limit(kind: "k", target: "fast", step: "walk")).seconds
    func probability(_ seconds: Double) throws -> Double {
      try #require(model.probability(ofSilence: seconds, kind: "k", target: "fast", step: "walk"))
    }
    #expect(try probability(limit * 0.999) > 0.1)
    #expect(try probability(limit * 1.001) <= 0.1)
    #expect(try probability(0) == 1)
    #expect(try probability(1e9) < 0.01)
  }

  @Test func eachFalseAlarmDoublesTheLimitsAndTimeForgives() throws {
    var model = Self.taught()
    let before = try #require(model.limit(kind: "k", target: "fast", step: "walk")).seconds
    #expect(model.caution(kind: "k") == 1)
    let usual = Self.gaps(("walk", 1.5), ("hash", 15))
    model.learn(kind: "k", target: "fast", gaps: usual, wasSuspected: true)
    #expect((1.8...2).contains(model.caution(kind: "k")))
    let after = try #require(model.limit(kind: "k", target: "fast", step: "walk")).seconds
    #expect(after > before * 1.7)
    #expect(model.caution(kind: "other") == 1)
    for _ in 0..<20 {
      model.learn(kind: "k", target: "fast", gaps: usual, wasSuspected: false)
    }
    #expect(model.caution(kind: "k") == 1)
  }

  @Test func oldRhythmsAreForgotten() throws {
    var model = Self.model { $0.scores = 100 }
    for scan in 0..<300 {
      model.learn(
        kind: "k", target: "t", gaps: Self.gaps(("s", 100 + Double(scan % 7))),
        wasSuspected: false)
    }
    for scan in 0..<120 {
      model.learn(
        kind: "k", target: "t", gaps: Self.gaps(("s", 1 + Double(scan % 7) / 100)),
        wasSuspected: false)
    }
    let limit = try #require(model.limit(kind: "k", target: "t", step: "s")).seconds
    #expect(limit < 2)
  }

  @Test func memoryIsBounded() {
    var model = Self.model {
      $0.scores = 50
      $0.maxKinds = 3
      $0.maxTargets = 40
      $0.maxSteps = 4
    }
    for scan in 0..<2000 {
      model.learn(
        kind: "kind \(scan % 7)", target: "target \(scan)",
        gaps: (0..<30).map { Gap(step: "step \($0)", seconds: 1) }, wasSuspected: false)
      #expect(model.targetCount <= 41)
    }
    // The last kinds are known, the first are not.
    #expect((0..<7).count { model.caution(kind: "kind \($0)") == 1 } == 7)
    #expect(model.targetCount > 0)
  }

  @Test func itCanBeStored() throws {
    let model = Self.taught()
    let read = try roundTrip(model)
    #expect(read == model)
    #expect(
      read.limit(kind: "k", target: "fast", step: "walk")
        == model.limit(kind: "k", target: "fast", step: "walk"))
  }

  @Test func aScanWithoutGapsTeachesNothing() {
    var model = Self.model()
    model.learn(kind: "k", target: "t", gaps: [], wasSuspected: true)
    #expect(model == Self.model())
  }

  @Test func usualRates() {
    var rates = UsualRates()
    for scan in 1...4 {
      rates.learn(kind: "k", target: "a", done: Int64(scan) * 10, seconds: 10)
    }
    rates.learn(kind: "k", target: "a", done: 0, seconds: 10)
    rates.learn(kind: "k", target: "a", done: 10, seconds: 0)
    #expect(rates.perSecond(kind: "k", target: "a") == nil)
    for _ in 1...3 { rates.learn(kind: "k", target: "b", done: 100, seconds: 1) }
    #expect(rates.perSecond(kind: "k", target: "a") == 4)
    rates.learn(kind: "k", target: "a", done: 50, seconds: 10)
    #expect(rates.perSecond(kind: "k", target: "a") == 3)
    for name in 0..<3000 { rates.learn(kind: "x", target: "\(name)", done: 1, seconds: 1) }
    // The target is forgotten by then, and its kind's median holds.
    #expect(rates.perSecond(kind: "k", target: "a") == 4)
  }
}
