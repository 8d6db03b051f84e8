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

  private func order(_ action: RecoveryDecision.Action) -> RecoveryOrder {
    RecoveryOrder(
      action: action, reason: .manualIntervention, countsAsCrash: false, countsAsStuck: false,
      delaySeconds: 0, sentence: reason ?? "\(action.rawValue) by \(actor)", actor: actor)
  }

  /// Ends the running attempt.
  private func end(
    _ action: RecoveryDecision.Action, asking type: EventType
  ) throws(StoreError) -> ActionOutcome {
    let order = order(action)
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

  /// Whether the worker that holds the lease has been heard of within three of its intervals.
  private func isWorkerThere() throws(StoreError) -> Bool {
    guard let worker = scan.workerID else { return false }
    return try connection.first(Acting.liveWorker, [.text(worker)]) {
      (row: any SQLRow) throws(StoreError) in row.int(0)
    } != nil
  }

  private static let liveWorker = Statement { dialect in
    """
    SELECT 1 FROM workers WHERE id = $1 AND status = 'alive'
      AND last_heartbeat_at >= \(dialect.now(plus: "-3 * heartbeat_interval_seconds"))
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
