import HoldfastCore
import Testing

@Suite struct RhythmBookTests {
  static func record(
    _ id: Int64, progress: Double, activity: Double, suspectedAtRate: Double? = nil
  ) -> RhythmRecord {
    RhythmRecord(
      id: id, kind: "library", target: "/a",
      rhythm: AttemptRhythm(
        progress: [.init(step: "walk", seconds: progress)],
        activity: [.init(step: "walk", seconds: activity)], suspectedAtRate: suspectedAtRate,
        done: 100, seconds: 10))
  }

  static func limit(
    _ book: RhythmBook, _ signal: Suspicion.Signal, rate: Double
  ) -> Double? {
    book.limit(signal, kind: "library", target: "/a", step: "walk", rate: rate)?.seconds
  }

  @Test func eachRateHasItsOwnLimitAndStart() {
    var book = RhythmBook(rates: [0.1, 0.01])
    var random = SeededRandom(seed: 1)
    for id in 1...60 as ClosedRange<Int64> {
      let share = Double(random.next() % 1000) / 1000
      book.learn(Self.record(id, progress: 10 + share, activity: 2 + share / 5))
    }
    #expect(Self.limit(book, .progress, rate: 0.1) != nil)
    #expect(Self.limit(book, .progress, rate: 0.01) == nil, "99 scans are needed")
    #expect(Self.limit(book, .progress, rate: 0.5) == nil, "nobody promised that")
    #expect(book.usualRatePerSecond(kind: "library", target: "/a") == 10)
    let progress = Self.limit(book, .progress, rate: 0.1) ?? 0
    let activity = Self.limit(book, .activity, rate: 0.1) ?? 0
    #expect((9.5...12).contains(progress))
    #expect((1.9...2.4).contains(activity), "its silences are shorter, and so is its limit")
  }

  @Test func aRecordIsLearnedOnce() {
    var once = RhythmBook(rates: [0.1])
    var twice = RhythmBook(rates: [0.1])
    for id in 1...30 as ClosedRange<Int64> {
      let record = Self.record(id, progress: Double(id), activity: 1)
      once.learn(record)
      twice.learn(record)
      twice.learn(record)
    }
    #expect(once == twice && once.lastID == 30)
  }

  /// The promise is made for both signals together: scans whose silences of either kind are long by
  /// chance, and of which neither tells of the other.
  @Test func onePromiseForBothSignals() {
    let rate = 0.01
    var book = RhythmBook(rates: [rate])
    var random = SeededRandom(seed: 5)
    var alarms = 0
    let scans = 6000
    for id in 1...Int64(scans) {
      let progress = Distribution.lognormal.largestGap(&random)
      let activity = Distribution.exponential.largestGap(&random) / 20
      let isSuspected =
        Self.limit(book, .progress, rate: rate).map { progress > $0 } ?? false
        || Self.limit(book, .activity, rate: rate).map { activity > $0 } ?? false
      if isSuspected { alarms += 1 }
      book.learn(
        Self.record(
          id, progress: progress, activity: activity, suspectedAtRate: isSuspected ? rate : nil))
    }
    #expect(alarms > 0)
    #expect(Double(alarms) <= rate * Double(scans) * 1.1, "\(alarms)")
  }

  @Test func everyRateOfTheConfigurationIsKnown() {
    let book = PolicyBook(
      kinds: ["site": PolicyOverride(values: [.suspicionRate: .number(0.02)])],
      targets: [
        .init(
          kind: "library", pattern: "/a*",
          override: PolicyOverride(values: [.suspicionRate: .number(0.05)]))
      ])
    #expect(book.suspicionRates == [0.001, 0.02, 0.05])
  }

  @Test func aRaisedSuspicionSurvivesItsJSON() {
    let raised = RaisedSuspicion(
      signal: .activity, step: "walk", silenceSeconds: 61.5,
      limit: LearnedLimit(seconds: 40, scope: .kind, scans: 1200, rate: 0.001),
      probability: 0.0004, overdueSeconds: 21.5,
      diagnosis: ["class": "waiting_on_disk", "sentence": "It reads."])
    #expect(RaisedSuspicion(json: raised.json) == raised)
    #expect(raised.diagnosedClass == .waitingOnDisk)
    #expect(RaisedSuspicion(json: ["signal": "progress"]) == nil)
    #expect(
      raised.sentence
        == "no activity of its processes for 61 s in step “walk”; of 1200 scans of this kind, at "
        + "most a share of 0.001 is ever silent for 40 s; it waits for a disk")
  }
}
