/// The verdict on a scan in the queue: it waits, or is stuck there, with the cause; or nobody
/// should run it again.
struct PendingJudge {
  let snapshot: ScanSnapshot
  let policy: Policy
  let deadlines: Deadlines
  let now: Timestamp

  var verdict: Verdict {
    if let since = deadlines.proven { return poison(since: since) }
    guard let pending = deadlines.pending, now > pending else { return waiting }
    return Verdict(
      kind: .stuckPending, cause: cause, reason: .pendingTimeout, overdueSince: pending,
      sentence: "\(snapshot.name) is stuck in the queue since \(span(age)): \(explanation).",
      evidence: evidence,
      lost: [
        .init(
          .waiting,
          because: "it is due since \(span(age)), of \(span(limit)) allowed"),
        .init(.poison, because: crashes),
      ],
      judgedAt: now)
  }

  /// Of several causes the one that would still hold if the others were gone: a paused queue before
  /// a held scope, that before a missing worker, that before busy slots.
  private var cause: Verdict.PendingCause {
    guard let queue = snapshot.queue else { return .unknown }
    if queue.isPaused { return .paused }
    if let holder = queue.scopeHolder { return .scopeHeld(by: holder) }
    if queue.workersForKind == 0 { return .noWorker }
    if queue.freeSlots == 0 { return .slotsBusy }
    return .unknown
  }

  private var explanation: String {
    switch cause {
    case .paused: "the queue is paused"
    case .scopeHeld(let holder): "scan \(holder) holds its exclusive scope"
    case .noWorker: "no live worker takes \(snapshot.kind) scans"
    case .slotsBusy: "every slot of the workers for its kind is busy\(ahead)"
    case .unknown: "nothing known stands in its way\(ahead)"
    }
  }

  private var ahead: String {
    guard let count = snapshot.queue?.ahead, count > 0 else { return "" }
    return count == 1 ? ", and 1 scan comes before it" : ", and \(count) scans come before it"
  }

  private var waiting: Verdict {
    let text =
      now < snapshot.runAt
      ? "is not due for another \(span(snapshot.runAt.seconds(since: now)))"
      : "is in the queue since \(span(age))"
    return Verdict(
      kind: .waiting, sentence: "\(snapshot.name) \(text).", evidence: evidence,
      lost: [
        .init(
          .stuckPending, because: "it is due since \(span(age)), of \(span(limit)) allowed"),
        .init(.poison, because: crashes),
      ], judgedAt: now)
  }

  private func poison(since: Timestamp) -> Verdict {
    Verdict(
      kind: .poison, reason: .runnerCrashed, overdueSince: since,
      sentence: "\(snapshot.name) is poison: \(crashes).", evidence: evidence,
      lost: [.init(.waiting, because: "whoever claims it loses its runner")], judgedAt: now)
  }

  private var evidence: [Verdict.Evidence] {
    var all = [
      Verdict.Evidence(
        .queue, "due since \(span(age)): \(explanation)", seconds: age, limitSeconds: limit)
    ]
    if snapshot.crashes > 0 { all.append(.init(.crashes, crashes)) }
    return all
  }

  private var crashes: String {
    let count = snapshot.crashes == 1 ? "once" : "\(snapshot.crashes) times"
    return "its runners have died \(count), of \(policy.maxCrashes) allowed"
  }

  private var age: Double { snapshot.age(of: snapshot.runAt, at: now) }
  private var limit: Double { policy.pendingTimeoutMinutes * 60 }
  private func span(_ seconds: Double) -> String { SpanText.describe(seconds: seconds) }
}

/// The verdict on a scan that an operator paused: after a while it is reported as stuck, and never
/// touched.
struct PausedJudge {
  let snapshot: ScanSnapshot
  let deadlines: Deadlines
  let now: Timestamp

  var verdict: Verdict {
    let age = snapshot.age(of: snapshot.pausedAt ?? snapshot.createdAt, at: now)
    let span = SpanText.describe(seconds: age)
    let evidence = [Verdict.Evidence(.queue, "paused for \(span)", seconds: age)]
    guard let paused = deadlines.paused, now > paused else {
      return Verdict(
        kind: .waiting, sentence: "\(snapshot.name) is paused since \(span).",
        evidence: evidence,
        lost: [.init(.stuckPending, because: "it is paused for \(span) only")], judgedAt: now)
    }
    return Verdict(
      kind: .stuckPending, cause: .paused, reason: .pendingTimeout, overdueSince: paused,
      sentence: "\(snapshot.name) is paused since \(span); an operator has to let it go on.",
      evidence: evidence,
      lost: [.init(.waiting, because: "it is paused for \(span)")], judgedAt: now)
  }
}
