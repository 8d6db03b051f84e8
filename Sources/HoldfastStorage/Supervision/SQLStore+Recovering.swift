package import HoldfastCore

extension SQLStore {
  package func recover(
    _ entry: RecoveryPlan.Entry, delaySeconds: Double, by actor: String
  ) async throws(StoreError) -> Bool {
    let order = RecoveryOrder(entry, delaySeconds: delaySeconds)
    return try await database.write { [caller, scope] (connection) throws(StoreError) in
      guard try connection.isScan(entry.scanID, of: scope) else { return false }
      let standing = try Recovering.operatorsOrder(entry.scanID, connection)
      let isDone = try Recovering.apply(
        standing ?? order, to: entry.scanID, guardian: entry.guardian, diagnosis: nil,
        by: standing?.actor ?? actor, connection)
      if isDone { try connection.audit("recover", entry, caller) }
      return isDone
    }
  }

  package func orderRecovery(
    _ entry: RecoveryPlan.Entry, delaySeconds: Double
  ) async throws(StoreError) -> Bool {
    let order = RecoveryOrder(entry, delaySeconds: delaySeconds)
    return try await database.write { [caller, scope] (connection) throws(StoreError) in
      guard try connection.isScan(entry.scanID, of: scope) else { return false }
      let isOrdered = try Recovering.order(order, entry, connection)
      if isOrdered { try connection.audit("order_recovery", entry, caller) }
      return isOrdered
    }
  }

  package func unlock(
    scope: String, tenantID: String, by actor: String, reason: String
  ) async throws(StoreError) -> ActionOutcome {
    guard self.scope.includes(tenantID) else { return .notFound }
    return try await database.write { [caller] (connection) throws(StoreError) in
      let holder = try connection.first(
        Acting.holderOfScope, [.text(tenantID), .text(indexKey(scope))], Acting.decode)
      guard let holder else { return .notFound }
      let outcome = try Acting(
        scan: holder, actor: actor, reason: reason, connection: connection
      ).unlock()
      switch outcome {
      case .done(let after), .requested(let after):
        try connection.audit(
          .scan("unlock", before: holder, after: after, reason: reason), caller)
      case .notAllowed, .scopeHeld, .notFound: break
      }
      return outcome
    }
  }
}

/// The one statement that recovers a scan: whoever applies it, the sweep or the worker that has ended the process.
enum Recovering {
  /// - Parameters:
  ///   - guardian: what must still be true; `nil` values are compared too.
  ///   - diagnosis: what the worker found out before it ended the process.
  /// - Returns: whether the scan was still so.
  static func apply(
    _ order: RecoveryOrder, to id: ScanID, guardian: RecoveryGuard,
    isEvidenceChecked: Bool = true, diagnosis: JSONValue?, by actor: String,
    _ connection: any SQLConnection
  ) throws(StoreError) -> Bool {
    let event = guardian.status == .pending && order.action == .fail ? .expire : order.event
    guard let event, let status = Lifecycle.status(after: event, from: guardian.status),
      let statement = isEvidenceChecked ? statements[guardian.column] : leaseOnly,
      let before = try connection.first(lock, [.uuid(id)], decode)
    else { return false }
    let info = recoveryInfo(order, of: before, by: actor)
    let after = try connection.first(
      statement,
      [
        .uuid(id), .text(guardian.status.rawValue), .int(guardian.leaseToken),
        .time(guardian.value), .text(status.rawValue), .double(order.delaySeconds),
        .text(order.reason.rawValue), .text(status == .failed ? order.sentence : nil),
        .json(info.serialized), .int(order.countsAsCrash ? 1 : 0),
        .int(order.countsAsStuck ? 1 : 0), .bool(order.action == .requeue),
        .json(diagnosis?.serialized),
      ], decode)
    guard let after else { return false }
    try connection.write([draft(order, before: before, after: after, by: actor)])
    if status == .pending { try connection.notify(.queue) }
    try connection.notify(.control)
    return true
  }

  /// Tells the worker that holds the scan; once for each attempt.
  ///
  /// - Returns: whether the scan was still as the plan saw it, and had no order yet.
  @discardableResult
  static func order(
    _ order: RecoveryOrder, _ entry: RecoveryPlan.Entry, _ connection: any SQLConnection
  ) throws(StoreError) -> Bool {
    let guardian = entry.guardian
    guard let statement = orders[guardian.column] else { return false }
    let changed = try connection.run(
      statement,
      [
        .uuid(entry.scanID), .text(guardian.status.rawValue), .int(guardian.leaseToken),
        .time(guardian.value), .json(order.json.serialized),
      ])
    if changed > 0 { try connection.notify(.control) }
    return changed > 0
  }

  /// What the worker does once it has ended the process of a stuck attempt: its lease is all that must still hold.
  static func finish(
    _ order: RecoveryOrder, of lease: Lease, diagnosis: JSONValue?,
    _ connection: any SQLConnection
  ) throws(StoreError) -> Bool {
    let guardian = RecoveryGuard(
      status: .running, leaseToken: lease.token, column: .claimedAt, value: nil)
    return try apply(
      order, to: lease.scanID, guardian: guardian, isEvidenceChecked: false,
      diagnosis: diagnosis, by: order.actor ?? "sweep", connection)
  }

  /// What an operator has ordered of this running scan, and its worker has not carried out: it stands above what a plan decides,
  /// as a cancel does.
  static func operatorsOrder(
    _ id: ScanID, _ connection: any SQLConnection
  ) throws(StoreError) -> RecoveryOrder? {
    let stored = try connection.first(standingOrder, [.uuid(id)]) {
      (row: any SQLRow) throws(StoreError) in row.json(0)
    }
    guard let order = stored.flatMap(RecoveryOrder.init(json:)), order.actor != nil else {
      return nil
    }
    return order
  }

  /// As the stuck-audit prevention prints it.
  private static func recoveryInfo(
    _ order: RecoveryOrder, of scan: Scan, by actor: String
  ) -> JSONValue {
    var original: [String: JSONValue] = [
      "status": .string(scan.status.rawValue), "attempt": .int(Int64(scan.attempt)),
    ]
    if let progress = scan.progress { original["progress"] = progress.json }
    if let worker = scan.workerName { original["worker_id"] = .string(worker) }
    if let at = scan.lastActivityAt { original["last_worker_update"] = .string("\(at)") }
    return .object([
      "reason": .string(order.reason.rawValue), "action": .string(order.action.rawValue),
      "message": .string(order.sentence), "by": .string(actor),
      "original_status": .object(original),
    ])
  }

  private static func draft(
    _ order: RecoveryOrder, before: Scan, after: Scan, by actor: String
  ) -> EventDraft {
    var data = JSONObjectText()
    data.add("attempt", Int64(before.attempt))
    // The runbook of stuck website scans watches for failures with this reason.
    let isCleanup = after.status == .failed && order.actor == nil
    data.add("reason", isCleanup ? "cleanup_stuck_scans" : order.reason.rawValue)
    data.add("cleanup_reason", order.reason.rawValue)
    data.add("action", order.action.rawValue)
    data.add("message", order.sentence)
    data.add("by", actor)
    let type: EventType =
      switch after.status {
      case .failed: .failed
      case .cancelled: .cancelled
      case .paused: .paused
      default: .requeued
      }
    return EventDraft(
      scanID: after.id, tenantID: after.tenantID, type: type, data: data.finish())
  }

  private static func decode(_ row: any SQLRow) throws(StoreError) -> Scan {
    ScanColumns.decode(row)
  }

  private static let lock = Statement { dialect in
    """
    SELECT \(ScanColumns.list) FROM scans WHERE scans.id = $1 \(dialect.locking("scans"))
    """
  }

  /// One for each column on which a reason may rest.
  private static let statements = Dictionary(
    uniqueKeysWithValues: RecoveryGuard.Column.allCases.map { ($0, statement(guardedBy: $0)) })

  private static let orders = Dictionary(
    uniqueKeysWithValues: RecoveryGuard.Column.allCases.map { column in
      (
        column,
        Statement { dialect in
          """
          UPDATE scans SET ordered_recovery = $5, ordered_at = \(dialect.now)
          WHERE \(unchanged(column, dialect)) AND ordered_at IS NULL
          """
        }
      )
    })

  /// The whole predicate of a recovery: status, token, and the evidence. Databases keep finer times than milliseconds, which
  /// is what evidence is told in.
  private static func unchanged(_ column: RecoveryGuard.Column?, _ dialect: Dialect) -> String {
    guard let column else {
      return "scans.id = $1 AND scans.status = $2 AND scans.lease_token = $3 AND $4 IS NULL"
    }
    let value = evidence(column, dialect)
    return """
      scans.id = $1 AND scans.status = $2 AND scans.lease_token = $3
        AND \(dialect == .postgres ? "date_trunc('milliseconds', \(value))" : value)
          IS NOT DISTINCT FROM $4
      """
  }

  private static func evidence(_ column: RecoveryGuard.Column, _ dialect: Dialect) -> String {
    switch column {
    case .lastActivityAt, .progressAt, .claimedAt, .requestedAt, .runAt: "scans.\(column.rawValue)"
    case .movedAt: latest(["progress_at", "activity_at"], dialect)
    case .signAt: latest(["progress_at", "activity_at", "answered_at"], dialect)
    }
  }

  /// The latest of the times that there are; null if there is none.
  private static func latest(_ columns: [String], _ dialect: Dialect) -> String {
    switch dialect {
    case .postgres: "greatest(\(columns.map { "scans.\($0)" }.joined(separator: ", ")))"
    case .sqlite:
      // Its max() of a null is null; a text without characters comes before every time.
      "nullif(max(\(columns.map { "coalesce(scans.\($0), '')" }.joined(separator: ", "))), '')"
    }
  }

  /// Locks the row, so that no order comes between this look and what is done after it.
  private static let standingOrder = Statement { dialect in
    """
    SELECT coalesce(CASE WHEN ordered_at IS NOT NULL THEN ordered_recovery END, '{}') FROM scans
    WHERE id = $1 AND status = 'running' \(dialect.locking("scans"))
    """
  }

  private static let leaseOnly = statement(guardedBy: nil)

  private static func statement(guardedBy column: RecoveryGuard.Column?) -> Statement {
    Statement { dialect in
      let info =
        dialect == .postgres
        ? "(jsonb_build_object('recovered_at', \(dialect.now)) || $9::jsonb)::json"
        : "json_set($9, '$.recovered_at', \(dialect.now))"
      return """
        UPDATE scans SET
          status = $5,
          transitions = scans.transitions + 1,
          run_at = CASE WHEN $5 = 'pending' THEN \(dialect.now(plus: "$6"))
            ELSE scans.run_at END,
          check_at = CASE WHEN $5 = 'pending' THEN \(dialect.now(plus: "$6 + 60"))
            ELSE scans.check_at END,
          ended_at = CASE WHEN $5 IN ('failed', 'cancelled') THEN \(dialect.now) ELSE NULL END,
          paused_at = CASE WHEN $5 = 'paused' THEN \(dialect.now) ELSE NULL END,
          cleanup_reason = $7,
          error_message = coalesce($8, scans.error_message),
          recovery_info = \(info),
          crashes = scans.crashes + $10,
          stuck_attempts = scans.stuck_attempts + $11,
          checkpoint = CASE WHEN $12 THEN NULL ELSE scans.checkpoint END,
          diagnosis = coalesce($13, scans.diagnosis),
          suspicion = NULL,
          suspected_at = NULL,
          waiting_for = NULL,
          wait_since = NULL,
          requested_action = NULL,
          requested_at = NULL,
          requested_by = NULL,
          ordered_recovery = NULL,
          ordered_at = NULL,
          updated_at = \(dialect.now)
        WHERE \(unchanged(column, dialect))
        RETURNING \(ScanColumns.list)
        """
    }
  }
}

extension RecoveryOrder {
  /// As it is stored, for the worker to read.
  package var json: JSONValue {
    var members: [String: JSONValue] = [
      "action": .string(action.rawValue), "reason": .string(reason.rawValue),
      "counts_as_crash": .bool(countsAsCrash), "counts_as_stuck": .bool(countsAsStuck),
      "delay_seconds": .double(delaySeconds), "sentence": .string(sentence),
    ]
    if let actor { members["actor"] = .string(actor) }
    return .object(members)
  }

  /// Reads ``json``; `nil` if something else was stored.
  init?(json: JSONValue) {
    guard let action = json["action"]?.stringValue.flatMap(RecoveryDecision.Action.init),
      let reason = json["reason"]?.stringValue.flatMap(Reason.init(rawValue:))
    else { return nil }
    self.init(
      action: action, reason: reason,
      countsAsCrash: json["counts_as_crash"]?.boolValue ?? false,
      countsAsStuck: json["counts_as_stuck"]?.boolValue ?? false,
      delaySeconds: json["delay_seconds"]?.doubleValue ?? 0,
      sentence: json["sentence"]?.stringValue ?? "", actor: json["actor"]?.stringValue)
  }
}
