/// The verdict on a running scan: hypotheses in the order of their gravity, of which the first that
/// holds wins.
struct RunningJudge {
  let snapshot: ScanSnapshot
  let policy: Policy
  let deadlines: Deadlines
  let now: Timestamp

  /// One thing that the scan may be.
  struct Hypothesis {
    var kind: Verdict.Kind
    var holds: Bool
    /// Why it holds, or why not: the end of a sentence that begins “…, because”.
    var because: String
    var reason: Reason?
    var since: Timestamp?
  }

  var verdict: Verdict {
    let hypotheses = [poison, neverStarted, dead, stuckCancelling, hung, waiting, slow, moving]
    // The last one, `moving`, always holds.
    let found = hypotheses.firstIndex { $0.holds } ?? hypotheses.count - 1
    let winner = hypotheses[found]
    let lost = hypotheses.enumerated().filter { $0.offset != found }.map { _, other in
      Verdict.Lost(
        other.kind,
        because: other.holds && other.kind != .moving
          ? "\(other.because), which “\(winner.kind.rawValue)” explains" : other.because)
    }
    let overTime = isPast(deadlines.runtime)
    let isOverTime = winner.reason == nil && overTime
    let allowed = SpanText.describe(seconds: policy.maxRuntimeMinutes * 60)
    return Verdict(
      kind: winner.kind, reason: isOverTime ? .runtimeTimeout : winner.reason,
      overdueSince: isOverTime ? deadlines.runtime : winner.since,
      blamesScan: isDead && blamesScan, suspicion: suspicion,
      sentence: "\(snapshot.name) \(says(winner))"
        + (isOverTime ? ", but it has had its \(allowed)." : "."),
      evidence: RunningEvidence(snapshot: snapshot, policy: policy, now: now, suspicion: suspicion)
        .all,
      lost: lost, judgedAt: now)
  }

  // MARK: Hypotheses

  private var poison: Hypothesis {
    let deaths = snapshot.crashes + (isDead && blamesScan ? 1 : 0)
    return Hypothesis(
      kind: .poison, holds: isDead && blamesScan && deaths >= policy.maxCrashes,
      because: "its runners have died \(times(deaths)), of \(policy.maxCrashes) allowed",
      reason: .runnerCrashed, since: deathSince)
  }

  private var neverStarted: Hypothesis {
    Hypothesis(
      kind: .neverStarted, holds: isDead && !snapshot.hasBeaten,
      because: snapshot.hasBeaten
        ? "its heart has beaten in this attempt" : "no heartbeat since its claim \(heardAge) ago",
      reason: deathReason, since: deathSince)
  }

  private var dead: Hypothesis {
    Hypothesis(
      kind: .dead, holds: isDead,
      because: isGone
        ? "its worker's process is gone"
        : "its last heartbeat is \(heardAge) old, of \(span(staleLimit)) allowed",
      reason: deathReason, since: deathSince)
  }

  private var stuckCancelling: Hypothesis {
    guard let request = snapshot.request else {
      return Hypothesis(
        kind: .stuckCancelling, holds: false, because: "nobody has asked it to stop")
    }
    let age = snapshot.requestedAt.map { snapshot.age(of: $0, at: now) } ?? 0
    return Hypothesis(
      kind: .stuckCancelling, holds: isPast(deadlines.request),
      because: "it was asked to \(request.rawValue) \(span(age)) ago, of "
        + "\(span(policy.cancellingTimeoutSeconds)) allowed",
      reason: .manualIntervention, since: deadlines.request)
  }

  private var hung: Hypothesis {
    let still = span(snapshot.age(of: Deadlines.movedAt(snapshot, policy), at: now))
    if isPast(deadlines.stalled) {
      return Hypothesis(
        kind: .hung, holds: true,
        because: "nothing has moved for \(still), of \(span(policy.stallAfterSeconds)) allowed",
        reason: .progressStalled, since: deadlines.stalled)
    }
    if isPast(deadlines.unresponsive) {
      return Hypothesis(
        kind: .hung, holds: true,
        because: "its runner has neither answered nor moved for over "
          + span(policy.staleAfterSeconds),
        reason: .heartbeatStale, since: deadlines.unresponsive)
    }
    if isPast(deadlines.suspected), let suspicion {
      return Hypothesis(
        kind: .hung, holds: true,
        because: "it is silent for longer than scans like it ever are "
          + "(\(span(suspicion.silenceSeconds)) of \(suspicion.signal.rawValue))"
          + (snapshot.diagnosis.map { ", and \($0.class.phrase)" } ?? ""),
        reason: .progressStalled, since: deadlines.suspected)
    }
    return Hypothesis(
      kind: .hung, holds: false,
      because: "it moved \(still) ago, of \(span(policy.stallAfterSeconds)) allowed")
  }

  private var waiting: Hypothesis {
    guard let wait = snapshot.wait else {
      return Hypothesis(kind: .waiting, holds: false, because: "it has declared no wait")
    }
    let age = snapshot.age(of: wait.since, at: now)
    let limit = min(wait.limitSeconds, policy.waitingCapMinutes * 60)
    return Hypothesis(
      kind: .waiting, holds: age <= limit,
      because: "it has waited for \(wait.reason) for \(span(age)), of \(span(limit)) at most")
  }

  private var slow: Hypothesis {
    guard let usual = snapshot.learned?.usualRatePerSecond, usual > 0, let rate else {
      return Hypothesis(
        kind: .slow, holds: false, because: "no usual rate is known to compare with")
    }
    let share = rate / usual
    return Hypothesis(
      kind: .slow, holds: share < policy.slowBelowRate,
      because: "it does \(percent(share)) of its kind's usual rate")
  }

  private var moving: Hypothesis {
    let still = span(snapshot.age(of: Deadlines.movedAt(snapshot, policy), at: now))
    return Hypothesis(kind: .moving, holds: true, because: "it last moved \(still) ago")
  }

  /// Units of progress per second in this attempt, declared waits left out; `nil` within its first
  /// minute, in which a rate means little.
  private var rate: Double? {
    guard let claimedAt = snapshot.claimedAt, let progress = snapshot.progress else { return nil }
    let waited =
      snapshot.waitedSeconds + (snapshot.wait.map { snapshot.age(of: $0.since, at: now) } ?? 0)
    let seconds = snapshot.age(of: claimedAt, at: now) - waited
    guard seconds >= Policy.rateAfterSeconds else { return nil }
    return Double(max(0, progress.done - snapshot.doneAtClaim)) / seconds
  }

  // MARK: Facts

  private var isGone: Bool { deadlines.proven != nil }
  private var isDead: Bool { isGone || isPast(deadlines.stale) }
  private var deathSince: Timestamp? { isGone ? snapshot.heardAt : deadlines.stale }
  private var heardAge: String { span(snapshot.age(of: snapshot.heardAt, at: now)) }

  private var staleLimit: Double {
    snapshot.worker?.secondOpinion == .alive
      ? policy.staleAfterSeconds * 2 : policy.staleAfterSeconds
  }

  /// Whether a death speaks against the scan: its runner died under a worker that lives, or its
  /// worker died with nothing else on it. Of several scans on one dead worker at most one is to
  /// blame, and nobody knows which.
  private var blamesScan: Bool {
    guard let worker = snapshot.worker else { return false }
    return !isWorkerLost || worker.running <= 1
  }

  /// Whether the worker fell silent together with its scan. One that has beaten for an interval or
  /// more without this scan lives, and has lost its runner.
  private var isWorkerLost: Bool {
    guard let worker = snapshot.worker else { return false }
    switch worker.secondOpinion {
    case .gone: return true
    case .alive: return false
    case .unknown:
      return worker.lastHeartbeatAt
        <= snapshot.heardAt.adding(seconds: policy.heartbeatIntervalSeconds)
    }
  }

  private var deathReason: Reason { isWorkerLost ? .workerLost : .heartbeatStale }

  /// The newest of the learned limits that is passed, by how far.
  private var suspicion: Suspicion? {
    Deadlines.suspicions(snapshot, policy).filter { now > $0.at }.min { $0.at < $1.at }.map {
      Suspicion(
        signal: $0.signal, silenceSeconds: snapshot.age(of: $0.since, at: now), limit: $0.limit,
        since: $0.at)
    }
  }

  private func isPast(_ moment: Timestamp?) -> Bool { moment.map { now > $0 } ?? false }

  // MARK: Words

  private func says(_ winner: Hypothesis) -> String {
    switch winner.kind {
    case .moving: "is moving: \(winner.because)\(position)\(doubt)"
    case .waiting: "is waiting: \(winner.because)\(doubt)"
    case .slow: "is slow: \(winner.because)\(position)\(doubt)"
    case .hung: "is hung: it is alive, but \(winner.because)\(position)"
    case .dead: "is dead: \(winner.because)\(position)"
    case .neverStarted: "has never started: \(winner.because)"
    case .stuckCancelling: "does not stop: \(winner.because)"
    case .poison: "is poison: \(winner.because)"
    case .stuckPending, .ended: winner.because
    }
  }

  private var doubt: String {
    guard let suspicion else { return "" }
    return "; suspected, since scans like it are never silent for more than "
      + span(suspicion.limit.seconds)
  }

  private var position: String {
    guard let progress = snapshot.progress else { return "" }
    let place =
      progress.percentage.map { ", at \($0) %" } ?? ", at \(progress.done) \(progress.unit)"
    return progress.step.isEmpty ? place : "\(place) in step “\(progress.step)”"
  }

  private func span(_ seconds: Double) -> String { SpanText.describe(seconds: seconds) }
  private func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }
  private func percent(_ share: Double) -> String {
    "\(Int(max(0, min(share, 100)) * 100)) %"
  }
}
