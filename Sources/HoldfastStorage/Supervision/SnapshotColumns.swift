import HoldfastCore

/// The columns that make a ``DuePage/Row``, in the order in which ``decode(_:)`` reads them.
enum SnapshotColumns {
  /// Of `scans` as `s` and its worker's life as `w`.
  static func list(_ dialect: Dialect) -> String {
    """
    s.id, s.number, s.tenant_id, s.kind, s.target, s.status, s.attempt, s.lease_token, s.crashes,
    s.stuck_attempts, s.created_at, s.run_at, s.claimed_at, s.started_at, s.last_activity_at,
    s.paused_at, s.progress, s.progress_at, s.done_at_claim, s.answered_at, s.activity_at,
    s.waiting_for, s.wait_since, s.wait_limit_seconds, s.waited_seconds,
    \(hasCheckpoint(dialect)),
    s.items_added + s.items_updated + s.items_removed + s.items_moved + s.items_found,
    s.requested_action, s.requested_at, s.max_runtime_minutes, s.heartbeat_interval_seconds,
    s.worker_id, s.worker_name, w.last_heartbeat_at, w.running, w.status, s.diagnosis,
    coalesce(s.check_at, s.created_at), s.ordered_at, \(dialect.now), CAST(s.check_at AS text),
    s.suspicion, s.verdict,
    CASE WHEN s.status = 'pending' AND s.scope IS NULL THEN (
      SELECT h.number FROM scans h
      WHERE h.tenant_id = s.tenant_id AND h.scope = s.kind || ':' || s.target
        AND \(isActive("h")) LIMIT 1) END,
    s.stale_multiple
    """
  }

  /// Whether there is a checkpoint with something in it. A large one is not read for that.
  private static func hasCheckpoint(_ dialect: Dialect) -> String {
    let nothing = "('{}', '[]', 'null')"
    switch dialect {
    case .postgres:
      return """
        (s.checkpoint IS NOT NULL AND CASE WHEN pg_column_size(s.checkpoint) > 16 THEN TRUE
          ELSE s.checkpoint::text NOT IN \(nothing) END)
        """
    case .sqlite: return "(s.checkpoint IS NOT NULL AND s.checkpoint NOT IN \(nothing))"
    }
  }

  static let source = "scans s LEFT JOIN workers w ON w.id = s.worker_id"

  static func decode(_ row: any SQLRow) -> DuePage.Row {
    var snapshot = ScanSnapshot(
      scanID: row.uuid(0), number: row.int(1), kind: row.text(3), target: row.text(4),
      status: row.status(5), createdAt: row.time(10), attempt: Int(row.int(6)),
      leaseToken: row.int(7), crashes: Int(row.int(8)), stuckAttempts: Int(row.int(9)),
      runAt: row.time(11), claimedAt: row.optionalTime(12), startedAt: row.optionalTime(13),
      lastActivityAt: row.optionalTime(14), pausedAt: row.optionalTime(15),
      progress: row.optionalJSON(16).map(Progress.init(json:)),
      progressAt: row.optionalTime(17), doneAtClaim: row.int(18),
      answeredAt: row.optionalTime(19), waitedSeconds: row.double(24),
      hasCheckpoint: row.bool(25), items: row.int(26),
      request: row.optionalText(27).flatMap(RequestedAction.init(rawValue:)),
      requestedAt: row.optionalTime(28), maxRuntimeMinutes: row.double(29),
      heartbeatIntervalSeconds: row.double(30), staleMultiple: row.optionalDouble(44))
    snapshot.activity = row.optionalTime(20).map(ScanSnapshot.Activity.init(changedAt:))
    snapshot.wait = wait(row)
    if snapshot.status == .running { snapshot.worker = worker(row) }
    suspicion(row, of: &snapshot)
    return DuePage.Row(
      snapshot: snapshot, tenantID: row.text(2), checkAt: row.time(37),
      position: row.optionalText(40), workerID: row.optionalText(31),
      orderedAt: row.optionalTime(38),
      heldFor: row.optionalJSON(42)?["verdict"]?.stringValue.flatMap(Verdict.Kind.init),
      scopeHolder: row.optionalInt(43))
  }

  /// The database's clock as the statement read it.
  static func now(_ row: any SQLRow) -> Timestamp { row.time(39) }

  private static func wait(_ row: any SQLRow) -> ScanSnapshot.Wait? {
    guard let reason = row.optionalText(21), let since = row.optionalTime(22) else { return nil }
    return ScanSnapshot.Wait(reason: reason, since: since, limitSeconds: row.double(23))
  }

  /// A suspicion brings the limit that it was raised by, and what was found out about its cause.
  private static func suspicion(_ row: any SQLRow, of snapshot: inout ScanSnapshot) {
    guard let raised = row.optionalJSON(41).flatMap(RaisedSuspicion.init(json:)) else { return }
    snapshot.learned = ScanSnapshot.Learned(
      progress: raised.signal == .progress ? raised.limit : nil,
      activity: raised.signal == .activity ? raised.limit : nil)
    snapshot.diagnosis = raised.diagnosedClass.map {
      Diagnosis(
        class: $0, sentence: raised.diagnosis?["sentence"]?.stringValue ?? "",
        evidence: DiagnosisEvidence())
    }
  }

  private static func worker(_ row: any SQLRow) -> ScanSnapshot.Worker? {
    guard let name = row.optionalText(32), let beaten = row.optionalTime(33) else { return nil }
    // A life that has signed off, or whose process a later life saw gone, is no silence but a proof.
    let isGone = ["retired", "gone"].contains(row.text(35))
    return ScanSnapshot.Worker(
      name: name, lastHeartbeatAt: beaten, running: Int(row.int(34)),
      secondOpinion: isGone ? .gone : .unknown)
  }
}
