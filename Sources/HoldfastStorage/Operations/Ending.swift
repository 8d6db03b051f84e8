import HoldfastCore

/// Ends attempts: the status, the event, the baseline, in one transaction.
enum Ending {
  /// - Parameter reports: of different scans, in the order of their ids; only their ends are looked at.
  /// - Returns: the scans whose end was applied. The others' leases do not hold.
  static func apply(
    _ reports: [AttemptReport], _ connection: any SQLConnection
  ) throws(StoreError) -> Set<ScanID> {
    var ends: [ScanID: AttemptEnd] = [:]
    ends.reserveCapacity(reports.count)
    var rows: [Row] = []
    rows.reserveCapacity(reports.count)
    var recovered: Set<ScanID> = []
    for report in reports {
      guard let end = report.end else { continue }
      if let (order, diagnosis) = try recovery(end, of: report.lease, connection) {
        if try Recovering.finish(order, of: report.lease, diagnosis: diagnosis, connection) {
          recovered.insert(report.lease.scanID)
        }
        continue
      }
      ends[report.lease.scanID] = end
      rows.append(Row(report.lease, end))
    }
    guard !rows.isEmpty else { return recovered }

    let ended = try end(recordset(rows), connection)
    try connection.write(
      ended.map { ended in event(ended, ends[ended.id]) }.sorted { $0.scanID < $1.scanID })
    try Baselines.promote(ended.filter(\.movesBaseline), connection)
    try Rhythms.write(taught(by: reports, ended), connection)
    if ended.contains(where: { $0.status == .pending }) { try connection.notify(.queue) }
    return recovered.union(ended.map(\.id))
  }

  /// What is to be carried out instead of a plain end: an order that its worker has finished, or an operator's that stands while the
  /// scan is on its way back to the queue for another reason (a crash, a drain, a worker that starts again).
  private static func recovery(
    _ end: AttemptEnd, of lease: Lease, _ connection: any SQLConnection
  ) throws(StoreError) -> (RecoveryOrder, diagnosis: JSONValue?)? {
    switch end {
    case .recovered(let order, let diagnosis): return (order, diagnosis)
    case .requeued:
      let order = try Recovering.operatorsOrder(lease.scanID, connection)
      return order.map { ($0, diagnosis: Optional<JSONValue>.none) }
    case .completed, .failed, .paused, .cancelled: return nil
    }
  }

  /// Only what came to its end: the last silence of any other was no healthy one.
  private static func taught(
    by reports: [AttemptReport], _ ended: [Ended]
  ) -> [(id: ScanID, rhythm: AttemptRhythm)] {
    let rhythms = reports.filter { $0.rhythm != nil }
    guard !rhythms.isEmpty else { return [] }
    let sound = Set(
      ended.filter { $0.status == .completed || $0.status == .partial }.map(\.id))
    return rhythms.compactMap { report in
      guard let rhythm = report.rhythm, sound.contains(report.lease.scanID) else { return nil }
      return (report.lease.scanID, rhythm)
    }
  }

  /// Ends the scans whose leases hold, and returns those.
  private static func end(
    _ rows: Recordset, _ connection: any SQLConnection
  ) throws(StoreError) -> [Ended] {
    let decode: (any SQLRow) throws(StoreError) -> Ended = { Ended($0) }
    guard connection.dialect == .sqlite else {
      return try connection.all(update, rows: rows, decode)
    }
    // SQLite keeps what a `RETURNING` returns in a table made for each row's run, which costs as much as the change itself.
    // Its write transactions are alone, so that what is read first is what is changed.
    let ended = try connection.all(ending, rows: rows, decode)
    try connection.run(update, rows: rows)
    return ended
  }

  /// What the ending statement tells of a scan that it has ended.
  struct Ended {
    var id: ScanID
    var number: Int64
    var tenantID: String
    var status: ScanStatus
    var attempt: Int64
    var errors: Int64
    var reason: String?
    var hasStagedParts: Bool
    var hasBaseline: Bool

    init(_ row: any SQLRow) {
      id = row.uuid(0)
      number = row.int(1)
      tenantID = row.text(2)
      status = row.status(3)
      attempt = row.int(4)
      errors = row.int(5)
      reason = row.optionalText(6)
      hasStagedParts = row.bool(7)
      hasBaseline = row.bool(8)
    }

    /// A scan that came to its end and takes part in baselines: it wrote some, or there was one to compare with.
    var movesBaseline: Bool {
      (status == .completed || status == .partial) && (hasStagedParts || hasBaseline)
    }
  }

  /// One end as the statement takes it.
  private struct Row {
    var lease: Lease
    var status: ScanStatus
    var message: String?
    var error: String?
    var reason: Reason?
    var summary: JSONValue?
    var delay = 0.0
    var crashes: Int64 = 0

    init(_ lease: Lease, _ end: AttemptEnd) {
      self.lease = lease
      // Every end starts from running: the table has a status for each.
      status = Lifecycle.status(after: end.event, from: .running) ?? .failed
      switch end {
      case .completed(let message, let summary):
        self.message = message
        self.summary = summary
      case .failed(let error, let reason, let summary):
        self.error = error
        self.reason = reason
        self.summary = summary
      case .requeued(let reason, let message, let delay, let countsAsCrash):
        self.reason = reason
        self.message = message
        self.delay = delay
        crashes = countsAsCrash ? 1 : 0
      case .paused, .recovered: break
      case .cancelled(let message): self.message = message
      }
    }
  }

  private static func recordset(_ rows: [Row]) -> Recordset {
    Recordset(
      .uuids(rows.map(\.lease.scanID)), .ints(rows.map(\.lease.token)),
      .texts(rows.map(\.status.rawValue)), .texts(rows.map(\.message)),
      .texts(rows.map(\.error)), .texts(rows.map { $0.reason?.rawValue }),
      .jsons(rows.map { $0.summary?.storedText }), .doubles(rows.map(\.delay)),
      .ints(rows.map(\.crashes)))
  }

  private static func event(_ ended: Ended, _ end: AttemptEnd?) -> EventDraft {
    let type: EventType =
      switch ended.status {
      case .completed: .completed
      case .partial: .partial
      case .failed: .failed
      case .cancelled: .cancelled
      case .paused: .paused
      case .pending, .running: .requeued
      }
    var data = JSONObjectText()
    data.add("attempt", ended.attempt)
    data.add("reason", ended.reason)
    switch end {
    case .completed(let message, _): data.add("message", message)
    case .failed(let error, _, _): data.add("error", error)
    case .requeued(_, let message, let delay, _):
      data.add("message", message)
      if delay > 0 { data.add("delay_seconds", JSONValue.double(delay)) }
    case .cancelled(let message): data.add("message", message)
    case .paused, .recovered, nil: break
    }
    if ended.errors > 0 { data.add("errors_count", ended.errors) }
    return EventDraft(
      scanID: ended.id, tenantID: ended.tenantID, type: type, data: data.finish())
  }

  private static let shape = RowShape(
    ("id", .uuid), ("token", .int), ("status", .text), ("message", .text), ("error", .text),
    ("reason", .text), ("summary", .json), ("delay", .double), ("crashes", .int))

  /// The status to be: completed with item errors is partial, and a scan on its way back to the queue goes where an operator
  /// has asked it to go instead.
  private static let newStatus = """
    CASE
      WHEN r.status = 'completed' AND scans.errors_count > 0 THEN 'partial'
      WHEN r.status = 'pending' AND scans.requested_action = 'cancel' THEN 'cancelled'
      WHEN r.status = 'pending' AND scans.requested_action = 'pause' THEN 'paused'
      ELSE r.status
    END
    """

  private static let update = Statement(forEach: shape) { dialect in
    """
    UPDATE scans SET
      status = \(newStatus),
      transitions = scans.transitions + 1,
      ended_at = CASE
        WHEN r.status = 'paused' THEN NULL
        WHEN r.status = 'pending' AND scans.requested_action IS DISTINCT FROM 'cancel' THEN NULL
        ELSE \(dialect.now) END,
      run_at = CASE WHEN r.status = 'pending' THEN \(dialect.now(plus: "r.delay"))
        ELSE scans.run_at END,
      message = CASE WHEN r.status = 'pending' THEN scans.message ELSE r.message END,
      error_message = r.error,
      cleanup_reason = r.reason,
      summary = coalesce(r.summary, scans.summary),
      crashes = scans.crashes + r.crashes,
      check_at = CASE WHEN r.status = 'pending'
        THEN \(dialect.now(plus: "r.delay + \(Checks.pendingSeconds)")) ELSE scans.check_at END,
      paused_at = CASE WHEN r.status = 'paused' THEN \(dialect.now) ELSE NULL END,
      ordered_at = NULL,
      suspicion = NULL,
      suspected_at = NULL,
      waiting_for = NULL,
      wait_since = NULL,
      requested_action = NULL,
      requested_at = NULL,
      requested_by = NULL,
      last_activity_at = \(dialect.now),
      updated_at = \(dialect.now)
    \(dialect.each(shape))
    WHERE scans.id = r.id AND scans.lease_token = r.token
      AND scans.status IN (\(sources(of: .complete)))
    \(dialect == .postgres ? "RETURNING \(told("scans.status"))" : "")
    """
  }

  /// On SQLite, what ``update`` is about to end.
  private static let ending = Statement(forEach: shape) { dialect in
    """
    SELECT \(told(newStatus)) FROM scans
    WHERE scans.id = r.id AND scans.lease_token = r.token
      AND scans.status IN (\(sources(of: .complete)))
    """
  }

  /// The columns of ``Ended``.
  private static func told(_ status: String) -> String {
    """
    scans.id, scans.number, scans.tenant_id, \(status), scans.attempt, scans.errors_count,
    r.reason, scans.has_staged_parts,
    EXISTS (
      SELECT 1 FROM baselines WHERE baselines.tenant_id = scans.tenant_id
        AND baselines.kind = scans.kind AND baselines.target_key = scans.target)
    """
  }
}
