package import HoldfastCore

extension SQLStore: RetentionStore {
  package func storedScans(
    after number: Int64, limit: Int
  ) async throws(StoreError) -> [StoredScan] {
    try await database.read { (connection) throws(StoreError) in
      try connection.all(RetentionSQL.scans, [.int(number), .int(Int64(limit))]) {
        (row: any SQLRow) throws(StoreError) in
        StoredScan(
          number: row.int(0), kind: row.text(1), target: row.text(2),
          secondsSinceCreation: row.double(3),
          secondsSinceEnd: row.isNull(4) ? nil : row.double(4), hasItems: row.bool(5),
          hasEvents: row.bool(6))
      }
    }
  }

  package func expire(
    _ due: [Expiry], mostRows: Int
  ) async throws(StoreError) -> (finished: Int, deleted: ExpiredRows) {
    let (finished, deleted) = try await database.write {
      (connection) throws(StoreError) -> (Int, ExpiredRows) in
      var batch = ExpiryBatch(connection: connection, left: Int64(mostRows))
      var finished = 0
      for expiry in due {
        guard batch.left > 0, try batch.delete(expiry) else { break }
        finished += 1
      }
      return (finished, batch.deleted)
    }
    return (finished, deleted)
  }
}

/// Deletions within one transaction, of so many rows at most.
private struct ExpiryBatch {
  let connection: any SQLConnection
  var left: Int64
  var deleted = ExpiredRows()

  /// - Returns: whether nothing of it is left to be deleted.
  mutating func delete(_ expiry: Expiry) throws(StoreError) -> Bool {
    let statement =
      expiry.part == .events ? RetentionSQL.holdEvents : RetentionSQL.holdScan
    let scan = try connection.first(
      statement,
      [.int(expiry.scan), .double(-expiry.keepSeconds), .text(indexKey(expiry.target))]
    ) { (row: any SQLRow) throws(StoreError) in row.uuid(0) }
    // Retried in the meantime, deleted by hand, or still needed.
    guard let scan else { return true }
    switch expiry.part {
    case .items:
      guard try deleteItems(of: expiry.scan) else { return false }
      try connection.run(RetentionSQL.markItems, [.int(expiry.scan)])
    case .events:
      guard try deleteEvents(of: scan, expiry.scan) else { return false }
      try connection.run(RetentionSQL.markEvents, [.int(expiry.scan)])
    case .scan:
      guard try deleteItems(of: expiry.scan), try deleteEvents(of: scan, expiry.scan) else {
        return false
      }
      try connection.run(Baselines.dropStaged, [.int(expiry.scan)])
      try connection.run(RetentionSQL.deleteScan, [.int(expiry.scan)])
      deleted.scans += 1
      left -= 1
    }
    return true
  }

  private mutating func deleteItems(of scan: Int64) throws(StoreError) -> Bool {
    for statement in [RetentionSQL.deleteItems, RetentionSQL.deleteErrors] {
      let (count, isAll) = try run(statement, .int(scan))
      deleted.items += count
      guard isAll else { return false }
    }
    return true
  }

  private mutating func deleteEvents(
    of id: ScanID, _ scan: Int64
  ) throws(StoreError) -> Bool {
    for (statement, key) in [
      (RetentionSQL.deleteEvents, SQLValue.uuid(id)),
      (ProgressSamples.deleteSome, .int(scan)),
    ] {
      let (count, isAll) = try run(statement, key)
      deleted.events += count
      guard isAll else { return false }
    }
    return true
  }

  /// Deletes as many rows as are left to this batch, and tells whether those were all.
  private mutating func run(
    _ statement: Statement, _ scan: SQLValue
  ) throws(StoreError) -> (count: Int, isAll: Bool) {
    guard left > 0 else { return (0, false) }
    let count = try connection.run(statement, [scan, .int(left)])
    left -= Int64(count)
    return (count, left > 0)
  }
}

private enum RetentionSQL {
  static let scans = Statement { dialect in
    """
    SELECT number, kind, target, \(dialect.seconds(since: "created_at")),
      CASE WHEN \(isEnded) THEN \(dialect.seconds(since: "ended_at")) END,
      (items_expired_at IS NULL OR items_expired_at < ended_at),
      (events_expired_at IS NULL OR events_expired_at < ended_at)
    FROM scans WHERE number > $1 ORDER BY number LIMIT $2
    """
  }

  private static let isEnded = anyOf(
    "scans.status", ScanStatus.allCases.filter(\.isTerminal).map(\.rawValue))

  private static let isCompleted = anyOf(
    "scans.status", [ScanStatus.completed.rawValue, ScanStatus.partial.rawValue])

  /// `$1` to `$3`: the number, how long it is kept (less than 0), the target as baselines name it.
  private static func hold(_ dialect: Dialect, and condition: String) -> String {
    """
    SELECT scans.id FROM scans
    WHERE scans.number = $1 AND \(isEnded)
      AND scans.ended_at <= \(dialect.now(plus: "$2"))
      AND \(condition) \(dialect.locking("scans"))
    """
  }

  /// Events are told of, not needed. The third parameter has no use here.
  static let holdEvents = Statement { dialect in
    hold(dialect, and: "$3 IS NOT NULL")
  }

  static let holdScan = Statement { dialect in
    hold(
      dialect,
      and: """
        scans.number < (SELECT max(number) FROM scans)
          AND NOT EXISTS (
            SELECT 1 FROM baselines WHERE baselines.tenant_id = scans.tenant_id
              AND baselines.kind = scans.kind AND baselines.target_key = $3
              AND baselines.scan_id = scans.id)
          AND NOT EXISTS (SELECT 1 FROM schedules WHERE schedules.last_scan_id = scans.id)
          AND (NOT \(isCompleted) OR EXISTS (
            SELECT 1 FROM scans AS later WHERE later.target = scans.target
              AND later.kind = scans.kind AND later.tenant_id = scans.tenant_id
              AND later.number > scans.number
              AND \(isCompleted.replacing("scans.", with: "later."))))
        """)
  }

  static let deleteItems = Statement(
    """
    DELETE FROM scan_items WHERE scan_id = $1 AND key IN (
      SELECT key FROM scan_items WHERE scan_id = $1 ORDER BY key LIMIT $2)
    """)

  static let deleteErrors = Statement(
    """
    DELETE FROM scan_errors WHERE id IN (
      SELECT id FROM scan_errors WHERE scan_id = $1 ORDER BY id LIMIT $2)
    """)

  /// The newest event of all stays: streams go on after its id, which must not be given out again.
  static let deleteEvents = Statement(
    """
    DELETE FROM scan_lifecycle_events WHERE id IN (
      SELECT id FROM scan_lifecycle_events WHERE scan_id = $1
        AND id < (SELECT max(id) FROM scan_lifecycle_events)
      ORDER BY id LIMIT $2)
    """)

  static let deleteScan = Statement("DELETE FROM scans WHERE number = $1")

  static let markItems = Statement { dialect in
    "UPDATE scans SET items_expired_at = \(dialect.now) WHERE number = $1"
  }

  static let markEvents = Statement { dialect in
    "UPDATE scans SET events_expired_at = \(dialect.now) WHERE number = $1"
  }
}
