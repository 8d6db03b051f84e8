/// What to do before a scan of a target starts, when one may be there already (auto-cleanup of
/// scraping runs, "Pre-Scrape Check").
package struct PreScanCheck: Sendable, Hashable, Encodable {
  package enum Action: String, Sendable, Hashable, Codable, CaseIterable {
    /// Nothing is in the way.
    case start
    /// An unfinished one can go on.
    case resume
    /// A dead one is in the way: clean it and start.
    case cleanup
    /// One is at work, or too young to be called dead.
    case wait
  }

  package var action: Action
  package var hasRunning: Bool
  /// The scan in the way.
  package var number: Int64?
  package var scanID: ScanID?
  package var verdict: Verdict.Kind?
  package var isResumable: Bool
  package var ageHours: Double?
  package var reason: String

  enum CodingKeys: String, CodingKey {
    case action, verdict, reason
    case hasRunning = "has_running"
    case number = "run_id"
    case scanID = "scan_id"
    case isResumable = "resumable"
    case ageHours = "age_hours"
  }

  /// Decides from the active scan of the same scope.
  ///
  /// A scan that is in good order is waited for, whatever its age. One that is stuck, dead or
  /// paused is resumed if it left anything to go on from; otherwise it is cleaned once it is old
  /// enough, and until then waited for, since it may still be starting, and its own recovery may
  /// come first.
  ///
  /// - Parameter ageHours: in place of the policy's `check_age_hours`.
  package static func decide(
    active snapshot: ScanSnapshot?, policy: Policy, now: Timestamp, ageHours: Double? = nil
  ) -> PreScanCheck {
    guard let snapshot, snapshot.status.isActive else {
      return PreScanCheck(
        action: .start, hasRunning: false, isResumable: false,
        reason: "No scan of this target is active.")
    }
    let verdict = Supervision.verdict(snapshot, policy: policy, now: now)
    let age = snapshot.age(of: snapshot.createdAt, at: now)
    let threshold = ageHours ?? policy.checkAgeHours
    let (action, reason) = choose(snapshot, verdict, age: age, threshold: threshold)
    return PreScanCheck(
      action: action, hasRunning: true, number: snapshot.number, scanID: snapshot.scanID,
      verdict: verdict.kind, isResumable: snapshot.isResumable,
      ageHours: (age / 36).rounded(.down) / 100, reason: reason)
  }

  private static func choose(
    _ snapshot: ScanSnapshot, _ verdict: Verdict, age: Double, threshold: Double
  ) -> (Action, String) {
    let said = verdict.sentence
    if snapshot.status == .paused {
      return (.resume, "\(said) It can go on from where it was paused.")
    }
    if snapshot.request == .cancel {
      return (.wait, "\(said) It has been cancelled and will be out of the way.")
    }
    guard verdict.isDue else { return (.wait, said) }
    if verdict.kind == .stuckPending {
      return (.wait, "\(said) A second one would not be claimed sooner.")
    }
    if verdict.kind == .poison {
      return (.wait, "\(said) It will not be run again, and is out of the way with the next sweep.")
    }
    if snapshot.isResumable {
      let from = snapshot.hasCheckpoint ? "its checkpoint" : "the progress it has made"
      return (.resume, "\(said) It can go on from \(from).")
    }
    let limit = SpanText.describe(seconds: threshold * 3600)
    let old = SpanText.describe(seconds: age)
    if age > threshold * 3600 {
      return (
        .cleanup,
        "\(said) It is \(old) old, of \(limit) allowed, and left nothing to go on from."
      )
    }
    return (
      .wait,
      "\(said) It is \(old) old and may still be starting; it can be cleaned after \(limit)."
    )
  }
}

/// What is stuck, divided into what can go on and what is dead: the summary of `cleanup`.
package struct StuckSummary: Sendable, Hashable, Encodable {
  package struct Run: Sendable, Hashable, Encodable {
    package var id: Int64
    package var scanID: ScanID
    package var kind: String
    package var target: String
    package var reason: Reason
    package var sentence: String

    enum CodingKeys: String, CodingKey {
      case id, kind, target, reason, sentence
      case scanID = "scan_id"
    }
  }

  package var resumable: [Run]
  package var dead: [Run]
  package var total: Int { resumable.count + dead.count }

  package init(of plan: RecoveryPlan) {
    let runs = (plan.entries + plan.held).filter { $0.guardian.status == .running }.map { entry in
      (
        entry.isResumable,
        Run(
          id: entry.number, scanID: entry.scanID, kind: entry.kind, target: entry.target,
          reason: entry.decision.reason, sentence: entry.verdict.sentence)
      )
    }
    resumable = runs.filter(\.0).map(\.1)
    dead = runs.filter { !$0.0 }.map(\.1)
  }

  private enum Key: String, CodingKey {
    case total = "total_stuck"
    case resumableCount = "resumable_count"
    case deadCount = "dead_count"
    case resumable = "resumable_runs"
    case dead = "dead_runs"
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(total, forKey: .total)
    try container.encode(resumable.count, forKey: .resumableCount)
    try container.encode(dead.count, forKey: .deadCount)
    try container.encode(resumable, forKey: .resumable)
    try container.encode(dead, forKey: .dead)
  }
}
