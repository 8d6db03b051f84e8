import HoldfastCore

/// The actions that end an attempt or take back its end. Where a worker is there to end the process, it is asked to, and the row
/// follows; where none is, the row is changed at once.
extension Acting {
  func fail() throws(StoreError) -> ActionOutcome {
    switch scan.status {
    case .running: return try end(.fail, asking: .failRequested)
    case .pending: return try recover(order(.fail))
    default: return .notAllowed(scan)
    }
  }

  func requeue() throws(StoreError) -> ActionOutcome {
    if scan.status == .running { return try end(.requeue, asking: .requeueRequested) }
    return try backIntoQueue(.requeued, afresh: true)
  }

  /// Only for a scan that was failed by a cleanup or by hand: another failure is the scan's own, and is retried.
  func revert() throws(StoreError) -> ActionOutcome {
    guard scan.status == .failed, scan.cleanupReason != nil else { return .notAllowed(scan) }
    return try backIntoQueue(.reverted, afresh: try baselineMoved())
  }

  func reset() throws(StoreError) -> ActionOutcome {
    guard scan.status == .failed else { return .notAllowed(scan) }
    return try backIntoQueue(.reset, afresh: try startsAfresh())
  }

  /// Fails the scan for the scope that it holds; one that is paused has no process and cannot fail any more, and is cancelled.
  func unlock() throws(StoreError) -> ActionOutcome {
    if scan.status == .running, try isWorkerThere() {
      return try end(.fail, asking: .failRequested, for: .orphanedLock)
    }
    let freed = try connection.first(
      Acting.unlockStatement, [.uuid(scan.id), .text(reason)], Acting.decode)
    guard let freed else { return .notAllowed(scan) }
    var data = JSONObjectText()
    data.add("reason", Reason.orphanedLock.rawValue)
    data.add("message", reason)
    data.add("scope", scan.scope)
    data.add("by", actor)
    try connection.write([
      EventDraft(
        scanID: scan.id, tenantID: scan.tenantID,
        type: freed.status == .failed ? .failed : .cancelled, data: data.finish())
    ])
    return .done(freed)
  }

  private func order(
    _ action: RecoveryDecision.Action, for cause: Reason = .manualIntervention
  ) -> RecoveryOrder {
    RecoveryOrder(
      action: action, reason: cause, countsAsCrash: false, countsAsStuck: false,
      delaySeconds: 0, sentence: reason ?? "\(action.rawValue) by \(actor)", actor: actor)
  }

  /// Ends the running attempt.
  private func end(
    _ action: RecoveryDecision.Action, asking type: EventType,
    for cause: Reason = .manualIntervention
  ) throws(StoreError) -> ActionOutcome {
    let order = order(action, for: cause)
    guard try isWorkerThere() else { return try recover(order) }
    // The same wish repeated is the same wish; it only needs to be heard.
    if try Recovering.operatorsOrder(scan.id, connection)?.action == action {
      try connection.notify(.control)
      return .requested(scan)
    }
    let asked = try connection.first(
      Acting.orderStatement, [.uuid(scan.id), .json(order.json.serialized)], Acting.decode)
    guard let asked else { return .notAllowed(scan) }
    try write(type)
    try connection.notify(.control)
    return .requested(asked)
  }

  private func recover(_ order: RecoveryOrder) throws(StoreError) -> ActionOutcome {
    let guardian = RecoveryGuard(
      status: scan.status, leaseToken: scan.leaseToken, column: .claimedAt, value: nil)
    let isDone = try Recovering.apply(
      order, to: scan.id, guardian: guardian, isEvidenceChecked: false,
      diagnosis: Optional<JSONValue>.none, by: actor, connection)
    guard isDone, let after = try connection.first(Acting.lock, [.uuid(scan.id)], Acting.decode)
    else { return .notAllowed(scan) }
    return .done(after)
  }

  /// Whether the worker that holds the lease has been heard of lately, or its lease still lasts: for so long its runner may be at
  /// work. An order that nobody is left to carry out is carried out by the sweep once the lease is stale.
  private func isWorkerThere() throws(StoreError) -> Bool {
    guard let worker = scan.workerID else { return false }
    return try connection.first(Acting.liveWorker, [.text(worker), .uuid(scan.id)]) {
      (row: any SQLRow) throws(StoreError) in row.int(0)
    } != nil
  }

  private static let liveWorker = Statement { dialect in
    """
    SELECT 1 FROM workers JOIN scans ON scans.id = $2
    WHERE workers.id = $1 AND (
      workers.status = 'alive' AND workers.last_heartbeat_at
        >= \(dialect.now(plus: "-(\(Checks.workerSilenceSeconds))"))
      OR workers.status IN ('alive', 'lost') AND scans.last_activity_at
        >= \(dialect.now(plus: "-(\(Checks.leaseSeconds(of: "scans")))")))
    """
  }

  private static let unlockStatement = Statement { dialect in
    """
    UPDATE scans SET
      status = CASE scans.status WHEN 'paused' THEN 'cancelled' ELSE 'failed' END,
      transitions = scans.transitions + 1, ended_at = \(dialect.now), paused_at = NULL,
      cleanup_reason = '\(Reason.orphanedLock.rawValue)', error_message = $2,
      requested_action = NULL, ordered_recovery = NULL, ordered_at = NULL,
      updated_at = \(dialect.now)
    WHERE scans.id = $1 AND \(isActive("scans"))
    RETURNING \(ScanColumns.list)
    """
  }

  private static let orderStatement = Statement { dialect in
    """
    UPDATE scans SET
      ordered_recovery = $2, ordered_at = \(dialect.now), updated_at = \(dialect.now)
    WHERE id = $1 AND status = 'running'
    RETURNING \(ScanColumns.list)
    """
  }
}
