/// What must still be true of a scan when its recovery is applied: its status, its lease, and the
/// evidence on which the reason rests. A statement that recovers repeats all of it in its predicate;
/// never the id alone.
package struct RecoveryGuard: Sendable, Hashable, Codable {
  /// What a reason rests on: a column, or the latest of several.
  package enum Column: String, Sendable, Hashable, Codable, CaseIterable {
    case lastActivityAt = "last_activity_at"
    case progressAt = "progress_at"
    case claimedAt = "claimed_at"
    case requestedAt = "requested_at"
    case runAt = "run_at"
    /// The later of `progress_at` and `activity_at`: for a silence that activity breaks, too.
    case movedAt = "moved_at"
    /// The latest of these and `answered_at`: for a runner that gives no sign at all.
    case signAt = "sign_at"
  }

  package var status: ScanStatus
  package var leaseToken: Int64
  package var column: Column
  package var value: Timestamp?

  package init(status: ScanStatus, leaseToken: Int64, column: Column, value: Timestamp?) {
    self.status = status
    self.leaseToken = leaseToken
    self.column = column
    self.value = value
  }

  /// - Parameter policy: the one that the verdict was made by.
  package init(_ snapshot: ScanSnapshot, verdict: Verdict, policy: Policy) {
    status = snapshot.status
    leaseToken = snapshot.leaseToken
    column =
      switch (verdict.kind, verdict.reason) {
      case (_, .runtimeTimeout): .claimedAt
      case (.stuckCancelling, _): .requestedAt
      case (.hung, .heartbeatStale): .signAt
      // Heartbeats go on arriving while a scan hangs; only its moving would refute it.
      case (.hung, _): Self.isBrokenByActivity(verdict, policy) ? .movedAt : .progressAt
      case (.stuckPending, _): .runAt
      case (.poison, _) where snapshot.status == .pending: .runAt
      default: .lastActivityAt
      }
    value = Self.value(of: column, in: snapshot)
  }

  /// A program that spins is active for ever and does not advance: there, activity refutes nothing but a suspicion that rests on it.
  private static func isBrokenByActivity(_ verdict: Verdict, _ policy: Policy) -> Bool {
    if policy.movement == .any { return true }
    guard verdict.suspicion?.signal == .activity else { return false }
    return verdict.overdueSince == verdict.suspicion?.since
  }

  static func value(of column: Column, in snapshot: ScanSnapshot) -> Timestamp? {
    switch column {
    case .lastActivityAt: snapshot.lastActivityAt
    case .progressAt: snapshot.progressAt
    case .claimedAt: snapshot.claimedAt
    case .requestedAt: snapshot.requestedAt
    case .runAt: snapshot.runAt
    case .movedAt: latest(snapshot.progressAt, snapshot.activity?.changedAt)
    case .signAt:
      latest(snapshot.progressAt, snapshot.activity?.changedAt, snapshot.answeredAt)
    }
  }

  private static func latest(_ moments: Timestamp?...) -> Timestamp? {
    moments.compactMap { $0 }.max()
  }

  enum CodingKeys: String, CodingKey {
    case status, column, value
    case leaseToken = "lease_token"
  }
}

/// Why an entry of a plan is not applied any more.
package struct RecoveryRefusal: Sendable, Hashable, Codable {
  package enum Change: String, Sendable, Hashable, Codable, CaseIterable {
    /// It was deleted.
    case gone
    /// It ended, was paused, was claimed, …
    case status
    /// Another attempt runs.
    case attempt
    /// It was heard of, or advanced, since.
    case evidence
    /// It is due for something else now.
    case decision
    /// It has become due since, and the plan does not have it.
    case added
  }

  package var number: Int64
  package var change: Change
  package var sentence: String

  package init(number: Int64, change: Change, sentence: String) {
    self.number = number
    self.change = change
    self.sentence = sentence
  }
}

extension RecoveryPlan {
  /// What has moved since the plan was made; empty where it can be applied whole.
  ///
  /// - Parameters:
  ///   - current: what is seen now of the plan's scans; one that is missing is gone.
  ///   - now: the plan that would be made of it now, with the same filter and limits.
  package func refusals(
    current: [ScanSnapshot], now fresh: RecoveryPlan
  ) -> [RecoveryRefusal] {
    let snapshots = Dictionary(current.map { ($0.scanID, $0) }) { _, last in last }
    let replanned = Dictionary((fresh.entries + fresh.held).map { ($0.scanID, $0) }) { $1 }
    let planned = Set((entries + held).map(\.scanID))
    let moved = entries.compactMap { entry in
      Self.refusal(
        of: entry, current: snapshots[entry.scanID], replanned: replanned[entry.scanID])
    }
    let added = fresh.entries.filter { !planned.contains($0.scanID) }.map {
      RecoveryRefusal(
        number: $0.number, change: .added,
        sentence: "Scan \($0.number) has become due since: \($0.decision.reason.rawValue).")
    }
    return moved + added
  }

  private static func refusal(
    of entry: Entry, current: ScanSnapshot?, replanned: Entry?
  ) -> RecoveryRefusal? {
    let name = "Scan \(entry.number)"
    func refused(_ change: RecoveryRefusal.Change, _ text: String) -> RecoveryRefusal {
      RecoveryRefusal(number: entry.number, change: change, sentence: "\(name) \(text).")
    }
    guard let current else { return refused(.gone, "is gone") }
    let guardian = entry.guardian
    if current.status != guardian.status {
      return refused(
        .status, "is \(current.status.rawValue) now; it was \(guardian.status.rawValue)")
    }
    if current.leaseToken != guardian.leaseToken {
      return refused(.attempt, "has been claimed again since")
    }
    if RecoveryGuard.value(of: guardian.column, in: current) != guardian.value {
      return refused(.evidence, "has moved since: \(guardian.column.rawValue) is another")
    }
    guard let replanned else { return refused(.decision, "is not due any more") }
    if replanned.decision.action != entry.decision.action
      || replanned.decision.reason != entry.decision.reason
    {
      return refused(
        .decision,
        "is now due to \(replanned.decision.action.rawValue) for "
          + replanned.decision.reason.rawValue)
    }
    return nil
  }
}
