package import HoldfastCore

extension SQLStore {
  package func act(
    _ action: OperatorAction, on id: ScanID, by actor: String, reason: String?
  ) async throws(StoreError) -> ActionOutcome {
    try await database.write { [caller, scope] (connection) throws(StoreError) in
      guard let scan = try connection.first(Acting.lock, [.uuid(id)], Acting.decode),
        scope.includes(scan.tenantID)
      else { return .notFound }
      let operation = Acting(scan: scan, actor: actor, reason: reason, connection: connection)
      let outcome =
        switch action {
        case .cancel: try operation.cancel()
        case .pause: try operation.pause()
        case .resume: try operation.resume()
        case .retry: try operation.retry()
        case .fail: try operation.fail()
        case .requeue: try operation.requeue()
        case .revert: try operation.revert()
        case .reset: try operation.reset()
        }
      switch outcome {
      case .done(let after), .requested(let after):
        try connection.audit(
          .scan(action.rawValue, before: scan, after: after, reason: reason), caller)
      case .notAllowed, .scopeHeld, .notFound: break
      }
      return outcome
    }
  }
}

/// One operator's action on one scan, whose row is locked.
struct Acting {
  let scan: Scan
  let actor: String
  let reason: String?
  let connection: any SQLConnection

  func cancel() throws(StoreError) -> ActionOutcome {
    // Its process must end before its row does, and only its worker can see to that.
    if scan.status == .running { return try request(.cancel, .cancelRequested) }
    guard Lifecycle.status(after: .cancel, from: scan.status) != nil else {
      return .notAllowed(scan)
    }
    return try change(.cancel, .cancelled, Acting.cancelStatement)
  }

  func pause() throws(StoreError) -> ActionOutcome {
    guard Lifecycle.status(after: .pause, from: scan.status) != nil else {
      return .notAllowed(scan)
    }
    return try request(.pause, .pauseRequested)
  }

  func resume() throws(StoreError) -> ActionOutcome {
    guard Lifecycle.status(after: .unpause, from: scan.status) != nil else {
      return .notAllowed(scan)
    }
    try connection.notify(.queue)
    return try change(.unpause, .unpaused, Acting.resumeStatement)
  }

  func retry() throws(StoreError) -> ActionOutcome {
    try backIntoQueue(.retried, afresh: try startsAfresh())
  }

  /// Whether nothing of the earlier attempts can be kept: the scan came to its end, or has nothing to resume from, or its
  /// target's baseline has moved on under it, so that what it has compared so far no longer holds.
  func startsAfresh() throws(StoreError) -> Bool {
    guard scan.status != .partial, scan.checkpoint != nil else { return true }
    return try baselineMoved()
  }

  /// Puts an ended scan back into the queue.
  ///
  /// - Parameter afresh: nothing of the earlier attempts is kept.
  func backIntoQueue(_ type: EventType, afresh: Bool) throws(StoreError) -> ActionOutcome {
    guard Lifecycle.status(after: .retry, from: scan.status) != nil else {
      return .notAllowed(scan)
    }
    if let scope = scan.scope,
      let holder = try connection.first(
        Acting.holder, [.text(scan.tenantID), .text(scope)], Acting.decode)
    {
      return .scopeHeld(by: holder)
    }
    if afresh {
      try connection.run(Acting.clearItems, [.int(scan.number)])
      try connection.run(Acting.clearErrors, [.int(scan.number)])
      try connection.run(Baselines.dropStaged, [.int(scan.number)])
      try connection.run(Acting.clearProgress, [.uuid(scan.id)])
    }
    try connection.notify(.queue)
    return try change(.retry, type, Acting.retryStatement)
  }

  func baselineMoved() throws(StoreError) -> Bool {
    guard let started = scan.startedAt else { return true }
    let target = Baselines.Target(
      tenantID: scan.tenantID, kind: scan.kind, target: scan.target)
    let moved = try connection.first(Acting.baselineTime, target.parameters) {
      (row: any SQLRow) throws(StoreError) in row.time(0)
    }
    return moved.map { $0 >= started } ?? false
  }

  /// Records the wish, once, for the worker that runs the scan.
  private func request(
    _ action: RequestedAction, _ event: EventType
  ) throws(StoreError) -> ActionOutcome {
    // A cancel stands above a pause, and a wish repeated is the same wish.
    if scan.requestedAction == action || scan.requestedAction == .cancel {
      try connection.notify(.control)
      return .requested(scan)
    }
    let asked = try connection.first(
      Acting.requestStatement, [.uuid(scan.id), .text(action.rawValue), .text(actor)],
      Acting.decode)
    guard let asked else { return .notAllowed(scan) }
    try write(event)
    try connection.notify(.control)
    return .requested(asked)
  }

  private func change(
    _ event: Lifecycle.Event, _ type: EventType, _ statement: Statement
  ) throws(StoreError) -> ActionOutcome {
    let message = reason ?? "\(event.rawValue) by \(actor)"
    let changed = try connection.first(
      statement, [.uuid(scan.id), .text(message)], Acting.decode)
    guard let changed else { return .notAllowed(scan) }
    try write(type)
    return .done(changed)
  }

  func write(_ type: EventType) throws(StoreError) {
    var data = JSONObjectText()
    data.add("by", actor)
    data.add("reason", reason)
    data.add("from", scan.status.rawValue)
    try connection.write([
      EventDraft(scanID: scan.id, tenantID: scan.tenantID, type: type, data: data.finish())
    ])
  }

  static func decode(_ row: any SQLRow) throws(StoreError) -> Scan { ScanColumns.decode(row) }

  static let lock = Statement { dialect in
    """
    SELECT \(ScanColumns.list) FROM scans WHERE scans.id = $1 \(dialect.locking("scans"))
    """
  }

  /// Locked, so that what is decided of it holds.
  static let holderOfScope = Statement { dialect in
    """
    SELECT \(ScanColumns.list) FROM scans
    WHERE scans.tenant_id = $1 AND scans.scope = $2 AND \(isActive("scans"))
    \(dialect.locking("scans"))
    """
  }

  private static let holder = Statement(
    """
    SELECT \(ScanColumns.list) FROM scans
    WHERE tenant_id = $1 AND scope = $2 AND \(isActive())
    """)

  private static func statement(
    _ event: Lifecycle.Event, to status: ScanStatus, _ changes: @escaping (Dialect) -> String
  ) -> Statement {
    Statement { dialect in
      """
      UPDATE scans SET
        status = '\(status.rawValue)',
        transitions = transitions + 1,
        updated_at = \(dialect.now),
        \(changes(dialect))
      WHERE id = $1 AND status IN (\(sources(of: event)))
      RETURNING \(ScanColumns.list)
      """
    }
  }

  private static let cancelStatement = statement(.cancel, to: .cancelled) { dialect in
    """
    ended_at = \(dialect.now), message = $2, requested_action = NULL, cleanup_reason = NULL,
    error_message = NULL
    """
  }

  private static let resumeStatement = statement(.unpause, to: .pending) { dialect in
    """
    run_at = \(dialect.now), paused_at = NULL, progress_message = $2,
    check_at = \(dialect.now(plus: Checks.pendingSeconds))
    """
  }

  private static let retryStatement = statement(.retry, to: .pending) { dialect in
    """
    run_at = \(dialect.now), ended_at = NULL, message = NULL, error_message = NULL,
    cleanup_reason = NULL, requested_action = NULL, crashes = 0, stuck_attempts = 0,
    verdict = NULL, check_at = \(dialect.now(plus: Checks.pendingSeconds)),
    progress_message = $2
    """
  }

  private static let requestStatement = Statement { dialect in
    """
    UPDATE scans SET
      requested_action = $2, requested_by = $3, requested_at = \(dialect.now),
      check_at = \(dialect.now(plus: "1")), updated_at = \(dialect.now)
    WHERE id = $1 AND status = 'running'
    RETURNING \(ScanColumns.list)
    """
  }

  private static let baselineTime = Statement(
    """
    SELECT updated_at FROM baselines
    WHERE tenant_id = $1 AND kind = $2 AND target_key = $3
    """)

  static let clearItems = Statement("DELETE FROM scan_items WHERE scan_id = $1")
  static let clearErrors = Statement("DELETE FROM scan_errors WHERE scan_id = $1")
  private static let clearProgress = Statement(
    """
    UPDATE scans SET
      checkpoint = NULL, checkpoint_at = NULL, progress = NULL, progress_at = NULL,
      started_at = NULL, has_staged_parts = FALSE, items_added = 0, items_updated = 0,
      items_removed = 0, items_moved = 0, items_found = 0, items_missing = 0, errors_count = 0,
      summary = '{}', done_at_claim = 0, furthest_done = 0
    WHERE id = $1
    """)
}
