/// What a sweep is about to do: made from what was seen, printed by a dry run, applied as it stands
/// or refused where the world has moved since.
package struct RecoveryPlan: Sendable, Hashable, Codable {
  /// One scan and what is to become of it.
  package struct Entry: Sendable, Hashable, Codable {
    package var scanID: ScanID
    package var number: Int64
    package var kind: String
    package var target: String
    package var decision: RecoveryDecision
    package var verdict: Verdict
    package var guardian: RecoveryGuard
    package var ageSeconds: Double
    package var heartbeatAgeSeconds: Double
    /// The longest delay before it may be claimed again; the actual one is a random share of it
    /// (``Backoff``).
    package var maxDelaySeconds: Double
    package var isResumable: Bool

    enum CodingKeys: String, CodingKey {
      case number, kind, target, decision, verdict
      case scanID = "scan_id"
      case guardian = "guard"
      case ageSeconds = "age_seconds"
      case heartbeatAgeSeconds = "heartbeat_age_seconds"
      case maxDelaySeconds = "max_delay_seconds"
      case isResumable = "resumable"
    }

    /// The same scan with what an operator has chosen for it instead of the policy's decision. It does not count against the
    /// scan: a person has looked at it.
    package func decided(_ action: RecoveryDecision.Action, why: String) -> Entry {
      var entry = self
      entry.decision = RecoveryDecision(
        action: action, reason: decision.reason, why: why, countsAsCrash: false,
        countsAsStuck: false)
      entry.maxDelaySeconds = 0
      return entry
    }

    /// Full jitter over ``maxDelaySeconds``.
    package func delaySeconds(jitter: Double) -> Double {
      maxDelaySeconds * max(0, min(1, jitter))
    }
  }

  /// Which of the due scans an operator means.
  package struct Filter: Sendable, Hashable, Codable {
    package var kind: String?
    /// As in ``Glob``.
    package var target: String?
    package var reason: Reason?
    /// Only scans that were created at least so long ago.
    package var minAgeSeconds: Double?

    package init(
      kind: String? = nil, target: String? = nil, reason: Reason? = nil,
      minAgeSeconds: Double? = nil
    ) {
      self.kind = kind
      self.target = target
      self.reason = reason
      self.minAgeSeconds = minAgeSeconds
    }

    enum CodingKeys: String, CodingKey {
      case kind, target, reason
      case minAgeSeconds = "min_age_seconds"
    }

    func admits(_ snapshot: ScanSnapshot, reason: Reason, ageSeconds: Double) -> Bool {
      (kind.map { $0 == snapshot.kind } ?? true)
        && (target.map { Glob.matches($0, snapshot.target) } ?? true)
        && (self.reason.map { $0 == reason } ?? true)
        && (minAgeSeconds.map { ageSeconds >= $0 } ?? true)
    }
  }

  /// What the observer allows itself (``ObserverHealth``).
  package struct Limits: Sendable, Hashable {
    /// Every limit on silence is made longer by this factor.
    package var stretch: Double
    /// So many recoveries that change a row; the others are held. `nil` for no limit.
    package var allowance: Int?
    /// Why it is held back: “a third of all workers fell silent at once”.
    package var because: String

    package init(stretch: Double = 1, allowance: Int? = nil, because: String = "") {
      self.stretch = stretch
      self.allowance = allowance
      self.because = because
    }
  }

  package var madeAt: Timestamp
  package var filter: Filter
  /// The longest overdue first.
  package var entries: [Entry]
  /// Due as well, but held back for now.
  package var held: [Entry]
  /// Why they are held; empty if none is.
  package var heldBecause: String
  /// Names what the plan does: two plans with the same hash do the same to the same attempts of the
  /// same scans.
  package var hash: String

  enum CodingKeys: String, CodingKey {
    case filter, entries, held, hash
    case madeAt = "made_at"
    case heldBecause = "held_because"
  }

  /// Plans the recovery of all that is due.
  ///
  /// - Parameters:
  ///   - snapshots: active scans; those in good order are passed over.
  ///   - policy: of a scan's kind and target.
  ///   - now: the database's clock, read with the snapshots.
  ///   - limits: what the observer allows itself.
  ///   - request: what an operator asked for, in place of policies' limits.
  package static func make(
    _ snapshots: [ScanSnapshot], policy: (ScanSnapshot) -> Policy, now: Timestamp,
    filter: Filter = Filter(), limits: Limits = Limits(), request: CleanupLimits = CleanupLimits()
  ) -> RecoveryPlan {
    let due = snapshots.compactMap { snapshot in
      let (snapshot, policy) = request.applied(to: snapshot, policy(snapshot))
      return entry(
        for: snapshot, policy: policy.stretched(by: limits.stretch), now: now, filter: filter)
    }
    .sorted { left, right in
      let overdue = (
        left.verdict.overdueSince ?? now, right.verdict.overdueSince ?? now
      )
      return overdue.0 == overdue.1 ? left.scanID < right.scanID : overdue.0 < overdue.1
    }
    var left = limits.allowance ?? .max
    var entries: [Entry] = []
    var held: [Entry] = []
    for entry in due {
      if !entry.decision.action.changes {
        entries.append(entry)
      } else if left > 0 {
        entries.append(entry)
        left -= 1
      } else {
        held.append(entry)
      }
    }
    return RecoveryPlan(
      madeAt: now, filter: filter, entries: entries, held: held,
      heldBecause: held.isEmpty ? "" : limits.because, hash: hash(of: entries))
  }

  private static func entry(
    for snapshot: ScanSnapshot, policy: Policy, now: Timestamp, filter: Filter
  ) -> Entry? {
    let verdict = Supervision.verdict(snapshot, policy: policy, now: now)
    let age = snapshot.age(of: snapshot.createdAt, at: now)
    guard let decision = RecoveryDecision.decide(snapshot, verdict: verdict, policy: policy),
      filter.admits(snapshot, reason: decision.reason, ageSeconds: age)
    else { return nil }
    let failures = decision.countsAsCrash ? snapshot.crashes : snapshot.stuckAttempts
    let returns = decision.action == .resume || decision.action == .requeue
    return Entry(
      scanID: snapshot.scanID, number: snapshot.number, kind: snapshot.kind,
      target: snapshot.target, decision: decision, verdict: verdict,
      guardian: RecoveryGuard(snapshot, verdict: verdict, policy: policy),
      ageSeconds: age,
      heartbeatAgeSeconds: snapshot.age(of: snapshot.heardAt, at: now),
      maxDelaySeconds: returns ? Backoff.ceilingSeconds(failures: failures, policy: policy) : 0,
      isResumable: snapshot.isResumable)
  }

  /// Covers what is done to whom and on what evidence, in the order of the ids; not the time of the
  /// plan, nor ages or words, so that a plan made again a moment later from the same facts has the
  /// same name.
  private static func hash(of entries: [Entry]) -> String {
    var hash = StableHash()
    hash.add(Int64(entries.count))
    for entry in entries.sorted(by: { $0.scanID < $1.scanID }) {
      hash.add(Int64(bitPattern: entry.scanID.high))
      hash.add(Int64(bitPattern: entry.scanID.low))
      hash.add(entry.decision.action.rawValue)
      hash.add(entry.decision.reason.rawValue)
      hash.add(entry.guardian.status.rawValue)
      hash.add(entry.guardian.leaseToken)
      hash.add(entry.guardian.column.rawValue)
      hash.add(entry.guardian.value?.unixMilliseconds)
    }
    return hash.description
  }
}
