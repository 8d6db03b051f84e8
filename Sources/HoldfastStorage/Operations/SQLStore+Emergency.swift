package import HoldfastCore

/// Writes that a changed schema cannot stop as long as the fence's own columns are there: for when the full ones are refused.
extension SQLStore {
  package func refreshSchema() async throws(StoreError) {
    guard database.dialect == .postgres else { return }
    try await database.write { (connection) throws(StoreError) in
      try connection.runScript("NOTIFY pgrst, 'reload schema'")
    }
  }

  package func beatMinimally(
    _ life: WorkerLife, leases: [Lease]
  ) async throws(StoreError) -> BeatOutcome {
    try await unbound.write { [scope] (connection) throws(StoreError) in
      try connection.run(Emergency.beat, [.text(life.id)])
      let foreign = try connection.scans(leases.map(\.scanID), outOf: scope)
      var held: Set<Lease> = []
      let sorted = leases.filter { !foreign.contains($0.scanID) }
        .sorted { $0.scanID < $1.scanID }
      try connection.run(
        Emergency.renew, [],
        rows: Recordset(.uuids(sorted.map(\.scanID)), .ints(sorted.map(\.token)))
      ) { (row: any SQLRow) throws(StoreError) in
        held.insert(Lease(scanID: row.uuid(0), token: row.int(1)))
      }
      return BeatOutcome(lost: leases.filter { !held.contains($0) }, requests: [:])
    }
  }

  package func reportMinimally(
    _ report: AttemptReport
  ) async throws(StoreError) -> ReportOutcome {
    guard let end = report.end else {
      return try await self.report([AttemptReport(lease: report.lease)]).first ?? .superseded
    }
    var refusal = StoreError.statement("there is no form to write")
    for (form, withoutTriggers) in Emergency.attempts(database.dialect) {
      do throws(StoreError) {
        let isApplied = try await unbound.write { [scope] (connection) throws(StoreError) in
          guard try connection.isScan(report.lease.scanID, of: scope) else { return false }
          let triggers = withoutTriggers ? try Emergency.takeTriggersAway(connection) : []
          let isApplied = try Emergency.end(end, of: report.lease, form, connection)
          for trigger in triggers { try connection.runScript(trigger) }
          return isApplied
        }
        return isApplied ? .applied : .superseded
      } catch .statement(let why) {
        refusal = .statement(why)
      }
    }
    throw refusal
  }
}

private enum Emergency {
  /// Each smaller than the one before.
  enum Form: CaseIterable {
    /// Status, reason, error and times, with the event.
    case told
    /// Status and reason.
    case reasoned
    /// The status alone.
    case bare
  }

  /// What is tried, one after the other. SQLite compiles a table's triggers into each statement that could fire them, so that a column
  /// which a trigger names and nobody finds stands in the way of every form: there, all are tried without triggers, too.
  static func attempts(_ dialect: Dialect) -> [(Form, withoutTriggers: Bool)] {
    Form.allCases.map { ($0, false) }
      + (dialect == .sqlite ? Form.allCases.map { ($0, true) } : [])
  }

  /// Only until the end of the transaction, which nobody else sees the inside of.
  ///
  /// - Returns: the statements that put them back.
  static func takeTriggersAway(_ connection: any SQLConnection) throws(StoreError) -> [String] {
    let triggers = try connection.all(triggersOfScans, []) {
      (row: any SQLRow) throws(StoreError) in (name: row.text(0), sql: row.text(1))
    }
    for trigger in triggers { try connection.runScript("DROP TRIGGER \"\(trigger.name)\"") }
    return triggers.map(\.sql)
  }

  private static let triggersOfScans = Statement(
    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'scans'")

  static func end(
    _ end: AttemptEnd, of lease: Lease, _ form: Form, _ connection: any SQLConnection
  ) throws(StoreError) -> Bool {
    let status = Lifecycle.status(after: end.event, from: .running) ?? .failed
    let fence: [SQLValue] = [
      .uuid(lease.scanID), .int(lease.token), .text(status.rawValue),
    ]
    let reason = SQLValue.text(end.emergencyReason)
    switch form {
    case .told:
      let tenant = try connection.first(told, fence + [reason, .text(end.emergencyText)]) {
        (row: any SQLRow) throws(StoreError) in row.text(0)
      }
      guard let tenant else { return false }
      var data = JSONObjectText()
      data.add("reason", end.emergencyReason)
      data.add("message", end.emergencyText)
      data.add("emergency", JSONValue.bool(true))
      try connection.write([
        EventDraft(
          scanID: lease.scanID, tenantID: tenant, type: eventType(of: status),
          data: data.finish())
      ])
    case .reasoned: guard try connection.run(reasoned, fence + [reason]) > 0 else { return false }
    case .bare: guard try connection.run(bare, fence) > 0 else { return false }
    }
    if status == .pending { try connection.notify(.queue) }
    return true
  }

  private static func eventType(of status: ScanStatus) -> EventType {
    switch status {
    case .completed: .completed
    case .partial: .partial
    case .failed: .failed
    case .cancelled: .cancelled
    case .paused: .paused
    case .pending, .running: .requeued
    }
  }

  static let beat = Statement { dialect in
    "UPDATE workers SET last_heartbeat_at = \(dialect.now) WHERE id = $1 AND status <> 'retired'"
  }

  static let renew = Statement { dialect in
    """
    UPDATE scans SET last_activity_at = \(dialect.now)
    FROM \(dialect.rows(RowShape(("id", .uuid), ("token", .int)), from: 1))
    WHERE scans.id = r.id AND scans.lease_token = r.token AND scans.status = 'running'
    RETURNING scans.id, scans.lease_token
    """
  }

  private static let fence =
    "WHERE scans.id = $1 AND scans.lease_token = $2 AND scans.status = 'running'"

  static let told = Statement { dialect in
    """
    UPDATE scans SET
      status = $3, transitions = scans.transitions + 1, cleanup_reason = $4, error_message = $5,
      ended_at = CASE WHEN $3 IN ('pending', 'paused') THEN NULL ELSE \(dialect.now) END,
      run_at = CASE WHEN $3 = 'pending' THEN \(dialect.now) ELSE scans.run_at END,
      requested_action = NULL, updated_at = \(dialect.now)
    \(fence)
    RETURNING scans.tenant_id
    """
  }

  static let reasoned = Statement(
    """
    UPDATE scans SET status = $3, transitions = scans.transitions + 1, cleanup_reason = $4
    \(fence)
    """)

  static let bare = Statement("UPDATE scans SET status = $3 \(fence)")
}

extension AttemptEnd {
  fileprivate var emergencyReason: String? {
    switch self {
    case .failed(_, let reason, _): reason?.rawValue
    case .requeued(let reason, _, _, _): reason.rawValue
    case .recovered(let order, _): order.reason.rawValue
    case .completed, .paused, .cancelled: nil
    }
  }

  fileprivate var emergencyText: String? {
    switch self {
    case .failed(let error, _, _): error
    case .recovered(let order, _): order.sentence
    case .completed, .requeued, .paused, .cancelled: nil
    }
  }
}
