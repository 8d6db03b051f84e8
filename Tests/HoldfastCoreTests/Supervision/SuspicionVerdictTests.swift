import HoldfastCore
import Testing

/// A learned suspicion in a verdict: shown, withdrawn, and what it may lead to.
@Suite struct SuspicionVerdictTests {
  static let limit = LearnedLimit(seconds: 100, scope: .step, scans: 1200, rate: 0.0005)

  static func policy(_ use: Policy.SuspicionUse) -> Policy {
    var policy = Policy.default(for: "library")
    policy.suspicion = use
    return policy
  }

  static func silent(
    _ seconds: Double, diagnosis: Diagnosis.Class? = nil,
    change: (inout ScanSnapshot) -> Void = { _ in }
  ) -> ScanSnapshot {
    ScanSnapshot.running {
      $0.learned = .init(progress: limit)
      $0.beat(at: 1 + seconds)
      $0.diagnosis = diagnosis.map {
        Diagnosis(class: $0, sentence: "Because.", evidence: .init())
      }
      change(&$0)
    }
  }

  @Test func shownFromTheLimitOnAndNoMore() {
    let snapshot = Self.silent(100)
    #expect(snapshot.verdict(at: at(101)).suspicion == nil)
    let verdict = snapshot.verdict(at: at(101.001))
    #expect(verdict.kind == .moving)
    #expect(verdict.reason == nil)
    #expect(
      verdict.suspicion
        == Suspicion(signal: .progress, silenceSeconds: 100.001, limit: Self.limit, since: at(101)))
    #expect(
      verdict.sentence == "Scan 17 (library /srv) is moving: it last moved 100 s ago, at 45 % in "
        + "step “walk”; suspected, since scans like it are never silent for more than 100 s.")
    #expect(verdict.evidence.contains { $0.signal == .suspicion })
  }

  @Test func lateEvidenceWithdrawsIt() {
    let snapshot = Self.silent(200).changed { $0.progressAt = at(150) }
    #expect(snapshot.verdict(at: at(201)).suspicion == nil)
  }

  @Test(arguments: Diagnosis.Class.allCases) func recoversWithADiagnosisThatAgrees(
    class: Diagnosis.Class
  ) {
    let snapshot = Self.silent(150, diagnosis: `class`)
    let agrees = ![Diagnosis.Class.spinning, .unknown].contains(`class`)
    let verdict = snapshot.verdict(at: at(151))
    #expect(verdict.kind == (agrees ? .hung : .moving))
    #expect(verdict.reason == (agrees ? .progressStalled : nil))
    #expect(verdict.suspicion != nil)
  }

  @Test func itsSentenceNamesTheDiagnosis() {
    let verdict = Self.silent(150, diagnosis: .waitingOnNetwork).verdict(at: at(151))
    #expect(
      verdict.sentence
        == "Scan 17 (library /srv) is hung: it is alive, but it is silent for longer "
        + "than scans like it ever are (2 min 30 s of progress), and it waits for the network, "
        + "at 45 % in step “walk”.")
  }

  @Test(arguments: [
    (Policy.SuspicionUse.ignore, false, false), (.report, true, false), (.diagnosed, true, false),
    (.recover, true, true),
  ])
  func eachUseWithoutADiagnosis(use: Policy.SuspicionUse, isShown: Bool, recovers: Bool) {
    let verdict = Self.silent(150).verdict(at: at(151), policy: Self.policy(use))
    #expect((verdict.suspicion != nil) == isShown)
    #expect(verdict.isDue == recovers)
  }

  @Test func neverBelowTheFloor() {
    let quick = LearnedLimit(seconds: 2, scope: .kind, scans: 5000, rate: 0.001)
    let snapshot = Self.silent(31) { $0.learned = .init(progress: quick) }
    #expect(snapshot.verdict(at: at(31), policy: Self.policy(.recover)).suspicion == nil)
    #expect(snapshot.verdict(at: at(31.001), policy: Self.policy(.recover)).kind == .hung)
  }

  @Test func activityIsASignalOfItsOwnThatProgressBreaks() {
    let snapshot = ScanSnapshot.running {
      $0.learned = .init(activity: Self.limit)
      $0.activity = .init(changedAt: at(50))
      $0.beat(at: 150)
    }
    #expect(snapshot.verdict(at: at(150)).suspicion == nil)
    #expect(snapshot.verdict(at: at(150.001)).suspicion?.signal == .activity)
    #expect(snapshot.changed { $0.progressAt = at(60) }.verdict(at: at(160)).suspicion == nil)
    #expect(snapshot.changed { $0.activity = nil }.verdict(at: at(160)).suspicion == nil)
  }

  @Test func declaredWaitsAreNoSilence() {
    let snapshot = Self.silent(150) {
      $0.wait = .init(reason: "a robots delay", since: at(50), limitSeconds: 60)
    }
    #expect(snapshot.verdict(at: at(161)).suspicion == nil)
    #expect(snapshot.verdict(at: at(161.001)).suspicion != nil)
  }

  @Test func raisedAndWithdrawn() {
    func suspicion(_ seconds: Double, _ signal: Suspicion.Signal = .progress) -> Suspicion {
      Suspicion(signal: signal, silenceSeconds: 1, limit: Self.limit, since: at(seconds))
    }
    #expect(Suspicion.change(from: nil, to: nil) == nil)
    #expect(Suspicion.change(from: nil, to: suspicion(1)) == .raised)
    #expect(Suspicion.change(from: suspicion(1), to: nil) == .withdrawn)
    #expect(Suspicion.change(from: suspicion(1), to: suspicion(1)) == nil)
    #expect(Suspicion.change(from: suspicion(1), to: suspicion(2)) == .withdrawn)
    #expect(Suspicion.change(from: suspicion(1), to: suspicion(2, .activity)) == nil)
  }
}
