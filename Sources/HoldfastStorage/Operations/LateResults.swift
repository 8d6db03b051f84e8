import HoldfastCore

/// What to make of an end whose lease does not hold.
enum LateResults {
  /// Records the ends of superseded attempts in their scans' stories, without applying them.
  ///
  /// - Returns: the scans that such an end has in fact ended before: the same report delivered again after its
  ///   acknowledgement was lost. Those count as applied.
  static func record(
    _ reports: [AttemptReport], _ connection: any SQLConnection
  ) throws(StoreError) -> Set<ScanID> {
    guard !reports.isEmpty else { return [] }
    var found: [ScanID: Found] = [:]
    try connection.run(look, [], rows: Recordset(.uuids(reports.map(\.lease.scanID)))) {
      (row: any SQLRow) throws(StoreError) in
      found[row.uuid(0)] = Found(
        token: row.int(1), status: row.status(2), tenantID: row.text(3))
    }
    var repeated: Set<ScanID> = []
    var events: [EventDraft] = []
    for report in reports {
      guard let scan = found[report.lease.scanID], let end = report.end else { continue }
      if scan.hasEnded(by: end, token: report.lease.token) {
        repeated.insert(report.lease.scanID)
      } else if try !isRecorded(report.lease, connection) {
        var data = JSONObjectText()
        data.add("token", report.lease.token)
        data.add("end", end.name)
        data.add("message", end.text)
        events.append(
          EventDraft(
            scanID: report.lease.scanID, tenantID: scan.tenantID, type: .lateResult,
            data: data.finish()))
      }
    }
    try connection.write(events)
    return repeated
  }

  private struct Found {
    var token: Int64
    var status: ScanStatus
    var tenantID: String

    /// No later attempt has been given a token, and the scan is where this end would have put it.
    func hasEnded(by end: AttemptEnd, token: Int64) -> Bool {
      guard self.token == token, status != .running else { return false }
      switch end {
      case .completed: return status == .completed || status == .partial
      case .requeued: return status == .pending || status == .cancelled || status == .paused
      default: return status == Lifecycle.status(after: end.event, from: .running)
      }
    }
  }

  private static func isRecorded(
    _ lease: Lease, _ connection: any SQLConnection
  ) throws(StoreError) -> Bool {
    try connection.all(recorded, [.uuid(lease.scanID)]) {
      (row: any SQLRow) throws(StoreError) in row.json(0)["token"]?.intValue
    }.contains(lease.token)
  }

  private static let look = Statement { dialect in
    """
    SELECT scans.id, scans.lease_token, scans.status, scans.tenant_id
    FROM \(dialect.rows(RowShape(("id", .uuid)), from: 1)) JOIN scans ON scans.id = r.id
    """
  }

  private static let recorded = Statement(
    """
    SELECT event_data FROM scan_lifecycle_events
    WHERE scan_id = $1 AND event_type = 'late_result'
    """)
}

extension AttemptEnd {
  fileprivate var name: String {
    switch self {
    case .completed: "completed"
    case .failed: "failed"
    case .requeued: "requeued"
    case .paused: "paused"
    case .cancelled: "cancelled"
    case .recovered: "recovered"
    }
  }

  fileprivate var text: String? {
    switch self {
    case .completed(let message, _): message
    case .failed(let error, _, _): error
    case .requeued(_, let message, _, _), .cancelled(let message): message
    case .paused: nil
    case .recovered(let order, _): order.sentence
    }
  }
}
