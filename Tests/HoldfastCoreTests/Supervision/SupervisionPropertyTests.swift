import HoldfastCore
import Testing

/// Random snapshots, each named by its seed: what must hold of every one.
@Suite struct SupervisionPropertyTests {
  static let count = 20_000

  /// What is on time here is said without the code under test: plain differences of the snapshot's
  /// times.
  static func isOnTime(_ snapshot: ScanSnapshot, _ policy: Policy, now: Timestamp) -> Bool {
    let policy = policy.bound(to: snapshot)
    guard snapshot.status == .running, let claimed = snapshot.claimedAt else { return false }
    func age(_ time: Timestamp?) -> Double {
      let time = max(time ?? claimed, claimed)
      let credit = snapshot.clockSteps.reduce(0.0) { time < $1.at ? $0 + $1.seconds : $0 }
      return now.seconds(since: time) - credit
    }
    let learned = snapshot.learned.map {
      max(
        policy.suspicionFloorSeconds,
        min($0.progress?.seconds ?? .infinity, $0.activity?.seconds ?? .infinity))
    }
    return age(snapshot.lastActivityAt) <= policy.staleAfterSeconds
      && age(snapshot.progressAt) <= policy.stallAfterSeconds
      && age(snapshot.progressAt) <= (learned ?? .infinity)
      && (snapshot.answeredAt == nil
        || min(age(snapshot.answeredAt), age(snapshot.progressAt)) <= policy.staleAfterSeconds)
      && age(claimed) <= policy.maxRuntimeMinutes * 60
      && (snapshot.request == nil
        || age(snapshot.requestedAt) <= policy.cancellingTimeoutSeconds)
      && snapshot.worker?.secondOpinion != .gone
  }

  @Test func whatIsOnTimeIsNeverRecovered() {
    var onTime = 0
    var due = 0
    for seed in 0..<UInt64(Self.count) {
      var random = SeededRandom(seed: seed)
      let (snapshot, policy, now) = random.situation()
      let verdict = Supervision.verdict(snapshot, policy: policy, now: now)
      if Self.isOnTime(snapshot, policy, now: now) {
        onTime += 1
        #expect(verdict.reason == nil, "seed \(seed): \(verdict.sentence)")
      }
      if verdict.isDue { due += 1 }
    }
    // The property would be empty if either kind were rare.
    #expect(onTime > Self.count / 20)
    #expect(due > Self.count / 4)
  }

  @Test func nothingIsDueBeforeItsEarliestCheck() throws {
    for seed in 0..<UInt64(Self.count) {
      var random = SeededRandom(seed: seed)
      let (snapshot, policy, now) = random.situation()
      let earliest = Supervision.earliestCheck(snapshot, policy: policy)
      let verdict = Supervision.verdict(snapshot, policy: policy, now: now)
      guard let earliest else {
        #expect(!verdict.isDue, "seed \(seed)")
        continue
      }
      #expect(verdict.isDue == (now >= earliest), "seed \(seed): \(verdict.sentence)")
      let before = earliest.adding(seconds: -0.001)
      #expect(
        !Supervision.verdict(snapshot, policy: policy, now: before).isDue
          || snapshot.worker?.secondOpinion == .gone || snapshot.crashes >= policy.maxCrashes,
        "seed \(seed)")
      #expect(Supervision.verdict(snapshot, policy: policy, now: earliest).isDue, "seed \(seed)")
    }
  }

  @Test func signsOfLifeNeverBringTheCheckForward() throws {
    for seed in 0..<UInt64(Self.count) {
      var random = SeededRandom(seed: seed)
      let (snapshot, policy, now) = random.situation()
      // An ended wait is among the rare changes that have to write the index anew; a clock step
      // moves it as well.
      let plain = snapshot.changed {
        $0.wait = nil
        $0.waitedSeconds = 0
        $0.clockSteps = []
      }
      guard let before = Supervision.earliestCheck(plain, policy: policy) else { continue }
      let alive = plain.changed {
        $0.lastActivityAt = max($0.lastActivityAt ?? now, now)
        $0.progressAt = max($0.progressAt ?? now, now)
        if $0.answeredAt != nil { $0.answeredAt = now }
        if $0.activity != nil { $0.activity?.changedAt = now }
      }
      let after = try #require(Supervision.earliestCheck(alive, policy: policy))
      #expect(after >= before, "seed \(seed)")
    }
  }

  @Test func everyVerdictNamesItsLosersAndSpeaks() {
    for seed in 0..<UInt64(2000) {
      var random = SeededRandom(seed: seed)
      let (snapshot, policy, now) = random.situation()
      let verdict = Supervision.verdict(snapshot, policy: policy, now: now)
      #expect(verdict.sentence.hasPrefix("Scan \(snapshot.number) "), "seed \(seed)")
      #expect(verdict.sentence.hasSuffix("."), "seed \(seed)")
      #expect(!verdict.lost.contains { $0.verdict == verdict.kind }, "seed \(seed)")
      #expect(verdict.lost.allSatisfy { !$0.because.isEmpty }, "seed \(seed)")
      #expect(verdict.judgedAt == now)
      #expect(verdict.overdueSince.map { $0 < now } ?? true, "seed \(seed)")
      #expect((verdict.reason == nil) == (verdict.overdueSince == nil), "seed \(seed)")
      #expect((verdict.reason == nil) == verdict.exceeded.isEmpty, "seed \(seed)")
    }
  }
}

extension SeededRandom {
  mutating func chance(_ probability: Double) -> Bool { unit() < probability }

  mutating func choice<Element>(_ elements: [Element]) -> Element {
    elements[Int(next() % UInt64(elements.count))]
  }

  /// A span around `scale`, from a tenth of it to ten times as much.
  mutating func span(_ scale: Double) -> Double {
    let decades = unit() * 2 - 1
    return scale * (decades < 0 ? 1 / (1 - 9 * decades) : 1 + 9 * decades)
  }

  /// A scan, a policy and a moment, such that about as many are on time as are not.
  mutating func situation() -> (ScanSnapshot, Policy, Timestamp) {
    var policy = Policy.default(for: choice(["site", "portal", "library", "command"]))
    if chance(0.5) {
      policy.heartbeatIntervalSeconds = span(10)
      policy.staleMultiple = 2 + unit() * 8
      policy.stallAfterSeconds = span(300)
      policy.maxRuntimeMinutes = span(20)
      policy.waitingCapMinutes = unit() * 20
      policy.suspicion = choice(Policy.SuspicionUse.allCases)
    }
    let now = at(1_000_000)
    func ago(_ seconds: Double) -> Timestamp { now.adding(seconds: -seconds) }
    let claimed = span(policy.maxRuntimeMinutes * 25)
    var snapshot = ScanSnapshot(
      scanID: ScanID(high: next(), low: next()), number: 1 + Int64(next() % 1000), kind: "library",
      target: "/srv", status: choice([.running, .running, .running, .running, .pending, .paused]),
      createdAt: ago(claimed + span(60)), attempt: 1, leaseToken: 1,
      crashes: chance(0.8) ? 0 : Int(next() % 5), stuckAttempts: Int(next() % 4),
      runAt: ago(span(150)), claimedAt: ago(claimed), startedAt: ago(claimed),
      lastActivityAt: chance(0.9) ? ago(span(policy.staleAfterSeconds / 3)) : nil,
      pausedAt: ago(span(200)),
      progress: Progress(done: Int64(next() % 1000), total: chance(0.5) ? 1000 : nil),
      progressAt: chance(0.9) ? ago(span(policy.stallAfterSeconds / 3)) : nil)
    if chance(0.3) { snapshot.answeredAt = ago(span(policy.staleAfterSeconds / 2)) }
    if chance(0.5) { snapshot.activity = .init(changedAt: ago(span(policy.staleAfterSeconds))) }
    if chance(0.2) {
      snapshot.wait = .init(reason: "a lock", since: ago(span(60)), limitSeconds: span(100))
    }
    if chance(0.2) { snapshot.waitedSeconds = span(50) }
    if chance(0.2) {
      snapshot.request = choice(RequestedAction.allCases)
      snapshot.requestedAt = ago(span(40))
    }
    if chance(0.7) {
      snapshot.worker = .init(
        name: "w", lastHeartbeatAt: ago(span(60)), running: 1 + Int(next() % 3),
        secondOpinion: choice([.unknown, .unknown, .unknown, .alive, .gone]))
    }
    if chance(0.3) {
      let limit = LearnedLimit(seconds: span(100), scope: .kind, scans: 1000, rate: 0.001)
      snapshot.learned = .init(
        progress: limit, activity: chance(0.5) ? limit : nil,
        usualRatePerSecond: chance(0.5) ? span(1) : nil)
    }
    if chance(0.3) {
      snapshot.diagnosis = Diagnosis(
        class: choice(Diagnosis.Class.allCases), sentence: "Why.", evidence: .init())
    }
    if chance(0.1) { snapshot.clockSteps = [.init(at: ago(span(30)), seconds: span(100))] }
    return (snapshot, policy, now)
  }
}
