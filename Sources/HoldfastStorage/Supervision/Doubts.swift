import HoldfastCore

/// Writes what workers suspect of their own attempts, with its event.
enum Doubts {
  /// - Parameter reports: of scans whose rows are locked and whose leases hold.
  static func write(
    _ reports: [AttemptReport], _ connection: any SQLConnection
  ) throws(StoreError) {
    let doubts = reports.compactMap { report in report.doubt.map { (report.lease, $0) } }
    guard !doubts.isEmpty else { return }
    var tenants: [ScanID: String] = [:]
    try connection.run(
      update, [],
      rows: Recordset(
        .uuids(doubts.map(\.0.scanID)), .ints(doubts.map(\.0.token)),
        .jsons(doubts.map { $0.1.suspicion?.json.serialized }),
        .doubles(doubts.map { $0.1.suspicion?.overdueSeconds ?? 0 }),
        .bools(doubts.map(\.1.asksForLook)))
    ) { (row: any SQLRow) throws(StoreError) in tenants[row.uuid(0)] = row.text(1) }
    try connection.write(
      doubts.compactMap { lease, doubt in
        tenants[lease.scanID].flatMap { event(doubt, of: lease, tenantID: $0) }
      })
  }

  private static func event(
    _ doubt: AttemptDoubt, of lease: Lease, tenantID: String
  ) -> EventDraft? {
    guard let change = doubt.change else { return nil }
    var data = JSONObjectText()
    if let suspicion = doubt.suspicion {
      data.add("message", suspicion.sentence)
      data.add("signal", suspicion.signal.rawValue)
      data.add("silence_seconds", JSONValue.double(suspicion.silenceSeconds))
      data.add("limit_seconds", JSONValue.double(suspicion.limit.seconds))
      data.add("probability", suspicion.probability.map(JSONValue.double))
      data.add("diagnosis", suspicion.diagnosedClass?.rawValue)
    }
    return EventDraft(
      scanID: lease.scanID, tenantID: tenantID,
      type: change == .raised ? .suspected : .suspicionWithdrawn, data: data.finish())
  }

  private static let shape = RowShape(
    ("id", .uuid), ("token", .int), ("suspicion", .json), ("overdue", .double), ("looks", .bool))

  private static let update = Statement { dialect in
    """
    UPDATE scans SET
      suspicion = r.suspicion,
      suspected_at = CASE WHEN r.suspicion IS NULL THEN NULL
        ELSE coalesce(scans.suspected_at, \(dialect.now(plus: "-r.overdue"))) END,
      check_at = CASE WHEN r.looks THEN \(dialect.now) ELSE scans.check_at END
    FROM \(dialect.rows(shape, from: 1))
    WHERE scans.id = r.id AND scans.lease_token = r.token AND scans.status = 'running'
    RETURNING scans.id, scans.tenant_id
    """
  }
}
