/// The moments after which a scan is overdue, one for each thing it owes. A moment that cannot come
/// is `nil`.
///
/// The verdict compares them with now, and the index of overdue scans holds their minimum; both
/// therefore agree to the millisecond. A scan is overdue *after* its moment, not at it.
package struct Deadlines: Sendable, Hashable {
  /// No heartbeat for too long.
  package var stale: Timestamp?
  /// Not moving for too long, declared waits excepted.
  package var stalled: Timestamp?
  /// Alive by its worker's word only: no answer to pings, no progress, no activity for as long as
  /// makes a heartbeat stale.
  package var unresponsive: Timestamp?
  /// Silent for longer than scans like it, and the policy lets a suspicion recover.
  package var suspected: Timestamp?
  package var runtime: Timestamp?
  /// A cancel or pause not carried out.
  package var request: Timestamp?
  /// Nobody claims it.
  package var pending: Timestamp?
  /// Nobody lets it go on. Reported only.
  package var paused: Timestamp?
  /// Where the moment has come already: a proof that its worker is gone, too many crashes.
  package var proven: Timestamp?

  /// - Parameter policy: already bound to the scan (``Policy/bound(to:)``).
  package init(_ snapshot: ScanSnapshot, policy: Policy) {
    switch snapshot.status {
    case .pending:
      if snapshot.crashes >= policy.maxCrashes { proven = snapshot.createdAt }
      pending = snapshot.time(policy.pendingTimeoutMinutes * 60, after: snapshot.runAt)
    case .paused:
      let since = snapshot.pausedAt ?? snapshot.createdAt
      paused = snapshot.time(policy.pendingTimeoutMinutes * 60, after: since)
    case .running:
      stale = Self.stale(snapshot, policy)
      stalled = Self.stalled(snapshot, policy)
      unresponsive = Self.unresponsive(snapshot, policy)
      suspected = Self.suspected(snapshot, policy)
      runtime = snapshot.time(
        policy.maxRuntimeMinutes * 60,
        after: snapshot.claimedAt ?? snapshot.startedAt ?? snapshot.createdAt)
      if policy.deadlineSparesProgress { runtime = nil }
      if snapshot.request != nil, let requestedAt = snapshot.requestedAt {
        // A wish from before this attempt was claimed cannot be overdue in it.
        let since = max(requestedAt, snapshot.claimedAt ?? requestedAt)
        request = snapshot.time(policy.cancellingTimeoutSeconds, after: since)
      }
      if snapshot.worker?.secondOpinion == .gone {
        proven = snapshot.claimedAt ?? snapshot.createdAt
      }
    case .completed, .partial, .failed, .cancelled: break
    }
  }

  /// The limits that are passed at `now`, the gravest first.
  package func exceeded(at now: Timestamp) -> [Reason] {
    func isPast(_ moments: Timestamp?...) -> Bool {
      moments.contains { $0.map { now > $0 } ?? false }
    }
    var reasons: [Reason] = []
    if isPast(proven, stale) { reasons.append(pending == nil ? .heartbeatStale : .runnerCrashed) }
    if isPast(request) { reasons.append(.manualIntervention) }
    if isPast(stalled, unresponsive, suspected) { reasons.append(.progressStalled) }
    if isPast(runtime) { reasons.append(.runtimeTimeout) }
    if isPast(pending, paused) { reasons.append(.pendingTimeout) }
    return reasons
  }

  /// The first moment at which a scan may be overdue: a millisecond after the earliest of them.
  package var earliest: Timestamp? {
    let all = [
      stale, stalled, unresponsive, suspected, runtime, request, pending, paused, proven,
    ]
    return all.compactMap { $0 }.min()?.adding(seconds: 0.001)
  }

  /// A worker that answers on a second channel while its heartbeats do not arrive has trouble with
  /// the database, not with its scans; it gets the same time once more, and no longer, since its
  /// lease cannot be held for ever.
  private static func stale(_ snapshot: ScanSnapshot, _ policy: Policy) -> Timestamp {
    let patience = snapshot.worker?.secondOpinion == .alive ? 2.0 : 1.0
    return snapshot.time(policy.staleAfterSeconds * patience, after: snapshot.heardAt)
  }

  /// When it last moved, as the policy understands moving.
  static func movedAt(_ snapshot: ScanSnapshot, _ policy: Policy) -> Timestamp {
    let advanced = snapshot.advancedAt
    guard policy.movement == .any, let activity = snapshot.activity else { return advanced }
    return max(advanced, activity.changedAt)
  }

  private static func stalled(_ snapshot: ScanSnapshot, _ policy: Policy) -> Timestamp {
    silence(
      of: policy.stallAfterSeconds, since: movedAt(snapshot, policy), snapshot, policy)
  }

  /// When a silence that began at `start` has lasted for `limit` seconds, declared waits not
  /// counted.
  ///
  /// The clock stands still during a wait, for as long as the runner said that it would take and
  /// for all waits together up to the policy's cap. So a wait that begins before the limit is
  /// reached puts it off by the whole credit that it can still claim, and one that begins after it
  /// puts nothing off.
  static func silence(
    of limit: Double, since start: Timestamp, _ snapshot: ScanSnapshot, _ policy: Policy
  ) -> Timestamp {
    let cap = policy.waitingCapMinutes * 60
    let ended = min(cap, max(0, snapshot.waitedSeconds))
    let withoutWait = snapshot.time(limit + ended, after: start)
    guard let wait = snapshot.wait, wait.since <= withoutWait else { return withoutWait }
    let begun = max(wait.since, start)
    let overlap = max(0, wait.limitSeconds - begun.seconds(since: wait.since))
    let credit = min(cap, ended + overlap)
    return snapshot.time(limit + credit, after: start)
  }

  /// Only where pings are answered at all, and where activity is sampled: the silence of one signal
  /// alone proves nothing.
  private static func unresponsive(_ snapshot: ScanSnapshot, _ policy: Policy) -> Timestamp? {
    guard let answered = snapshot.answeredAt, let activity = snapshot.activity else { return nil }
    let last = max(answered, activity.changedAt, snapshot.advancedAt)
    return silence(of: policy.staleAfterSeconds, since: last, snapshot, policy)
  }

  private static func suspected(_ snapshot: ScanSnapshot, _ policy: Policy) -> Timestamp? {
    switch policy.suspicion {
    case .ignore, .report: return nil
    case .diagnosed:
      guard snapshot.diagnosis?.agreesWithHang == true else { return nil }
    case .recover: break
    }
    return suspicions(snapshot, policy).map(\.at).min()
  }

  /// The moments at which each learned limit is passed, the floor respected.
  static func suspicions(
    _ snapshot: ScanSnapshot, _ policy: Policy
  ) -> [(signal: Suspicion.Signal, at: Timestamp, since: Timestamp, limit: LearnedLimit)] {
    guard policy.suspicion != .ignore, let learned = snapshot.learned else { return [] }
    let advanced = snapshot.advancedAt
    // Progress breaks a silence of activity too: a sample that went missing must not outweigh work
    // that was done.
    let signals: [(Suspicion.Signal, LearnedLimit?, Timestamp?)] = [
      (.progress, learned.progress, advanced),
      (.activity, learned.activity, snapshot.activity.map { max($0.changedAt, advanced) }),
    ]
    return signals.compactMap { signal, limit, last in
      guard let limit, let last else { return nil }
      let seconds = max(limit.seconds, policy.suspicionFloorSeconds)
      let at = silence(of: seconds, since: last, snapshot, policy)
      return (signal, at, last, limit)
    }
  }
}
