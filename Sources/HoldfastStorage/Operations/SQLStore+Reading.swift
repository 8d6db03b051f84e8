package import HoldfastCore

extension SQLStore {
  package func scan(_ reference: ScanReference) async throws(StoreError) -> Scan? {
    let found = try await database.read { (connection) throws(StoreError) in
      switch reference {
      case .id(let id):
        try connection.first(ReadSQL.scanByID, [.uuid(id)], ReadSQL.scan)
      case .number(let number):
        try connection.first(ReadSQL.scanByNumber, [.int(number)], ReadSQL.scan)
      }
    }
    return found.flatMap { scope.includes($0.tenantID) ? $0 : nil }
  }

  package func scans(
    _ filter: ScanFilter, order: ScanOrder, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<Scan> {
    let query = try ScanQuery(filter, of: scope, order: order, cursor: cursor, limit: limit)
    let rows = try await database.read { (connection) throws(StoreError) in
      if connection.dialect == .sqlite, let recent = query.recent {
        let rows = try connection.all(recent, query.parameters, ReadSQL.scan)
        if rows.count > limit { return rows }
      }
      return try connection.all(query.statement, query.parameters, ReadSQL.scan)
    }
    return Page(rows, limit: limit) { query.cursor(after: $0) }
  }

  package func scans(
    changedSince since: Timestamp, after number: Int64, limit: Int
  ) async throws(StoreError) -> [Scan] {
    let changed = try await database.read { (connection) throws(StoreError) in
      try connection.all(
        ReadSQL.changed, [.time(since), .int(Int64(limit)), .int(number)], ReadSQL.scan)
    }
    return changed.filter { scope.includes($0.tenantID) }
  }

  package func statusCounts() async throws(StoreError) -> [ScanStatus: Int64] {
    try await counts.of(scope) { [database, scope] () async throws(StoreError) in
      try await database.read { (connection) throws(StoreError) in
        try Self.countStatuses(of: scope, connection)
      }
    }
  }

  /// Of all scans, most have completed, and no index has those: what is left of the total when the others are counted.
  private static func countStatuses(
    of scope: TenantScope, _ connection: any SQLConnection
  ) throws(StoreError) -> [ScanStatus: Int64] {
    var counts: [ScanStatus: Int64] = [:]
    if case .only(let tenant) = scope {
      try connection.run(ReadSQL.statusCountsOfTenant, [.text(tenant)], rows: nil) {
        (row: any SQLRow) throws(StoreError) in counts[row.status(0)] = row.int(1)
      }
      return counts
    }
    var total: Int64 = 0
    try connection.run(ReadSQL.statusCounts, [], rows: nil) {
      (row: any SQLRow) throws(StoreError) in
      if row.isNull(0) { total = row.int(1) } else { counts[row.status(0)] = row.int(1) }
    }
    let completed = total - counts.values.reduce(0, +)
    if completed > 0 { counts[.completed] = completed }
    return counts
  }

  package func queueDepth() async throws(StoreError) -> [QueueDepth] {
    try await database.read { [scope] (connection) throws(StoreError) in
      try connection.all(
        ReadSQL.queueDepth, [.text(scope.tenant)]
      ) { (row: any SQLRow) throws(StoreError) in
        QueueDepth(
          kind: row.text(0), status: row.status(1), count: row.int(2), due: row.int(3),
          oldestAt: row.time(4))
      }
    }
  }

  package func items(
    of id: ScanID, change: Item.Change?, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<ScanItemRecord> {
    let after = try cursor.map(Cursor.decodeText) ?? ""
    let rows = try await database.read {
      [scope] (connection) throws(StoreError) -> [(key: String, record: ScanItemRecord)] in
      guard try connection.isScan(id, of: scope) else { return [] }
      return try connection.all(
        ReadSQL.items(change), [.uuid(id), .text(after), .int(Int64(limit) + 1)]
      ) { (row: any SQLRow) throws(StoreError) in
        (
          key: row.text(0),
          record: ScanItemRecord(
            scanID: id,
            item: Item(
              key: row.optionalText(5) ?? row.text(0), type: row.text(1),
              change: Item.Change(rawValue: row.text(2)) ?? .found,
              identity: row.optionalText(3), data: row.optionalJSON(4)))
        )
      }
    }
    return Page(
      items: rows.prefix(limit).map(\.record),
      nextCursor: rows.count > limit ? Cursor.encode(rows[limit - 1].key) : nil)
  }

  package func errors(
    of id: ScanID, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<ScanErrorRecord> {
    let after = try cursor.map(Cursor.decodeNumber) ?? 0
    let rows = try await database.read {
      [scope] (connection) throws(StoreError) -> [ScanErrorRecord] in
      guard try connection.isScan(id, of: scope) else { return [] }
      return try connection.all(
        ReadSQL.errors, [.uuid(id), .int(after), .int(Int64(limit) + 1)]
      ) { (row: any SQLRow) throws(StoreError) in
        ScanErrorRecord(
          id: row.int(0), scanID: id, filePath: row.text(1), errorType: row.text(2),
          errorMessage: row.text(3), createdAt: row.time(4))
      }
    }
    return Page(rows, limit: limit) { Cursor.encode($0.id) }
  }

  package func now() async throws(StoreError) -> Timestamp {
    try await database.read { (connection) throws(StoreError) in try connection.now() }
  }

  package func setting(_ name: String) async throws(StoreError) -> String? {
    try await database.read { (connection) throws(StoreError) in
      try connection.first(ReadSQL.setting, [.text(name)]) {
        (row: any SQLRow) throws(StoreError) in row.text(0)
      }
    }
  }

  package func setSetting(_ name: String, to value: String) async throws(StoreError) {
    try await database.write { (connection) throws(StoreError) in
      _ = try connection.run(ReadSQL.setSetting, [.text(name), .text(value)])
    }
  }
}

extension SQLConnection {
  /// Whether a scan is one that the scope shows.
  func isScan(_ id: ScanID, of scope: TenantScope) throws(StoreError) -> Bool {
    guard case .only(let tenant) = scope else { return true }
    return try self.tenant(of: id) == tenant
  }

  /// Whose scan it is; `nil` if there is none.
  func tenant(of id: ScanID) throws(StoreError) -> String? {
    try first(ReadSQL.tenant, [.uuid(id)]) { (row: any SQLRow) throws(StoreError) in row.text(0) }
  }
}

private enum ReadSQL {
  static func scan(_ row: any SQLRow) throws(StoreError) -> Scan { ScanColumns.decode(row) }

  static let scanByID = Statement("SELECT \(ScanColumns.list) FROM scans WHERE id = $1")
  static let tenant = Statement("SELECT tenant_id FROM scans WHERE id = $1")
  static let scanByNumber = Statement("SELECT \(ScanColumns.list) FROM scans WHERE number = $1")

  /// An index on `updated_at` would be rewritten by every progress. What has changed lately either runs, or has a recent
  /// event.
  static let changed = Statement { dialect in
    // What is told are milliseconds.
    let changed =
      dialect == .postgres ? "date_trunc('milliseconds', updated_at)" : "updated_at"
    return """
      WITH recent AS MATERIALIZED (
        SELECT DISTINCT scan_id FROM (
          SELECT scan_id, created_at FROM scan_lifecycle_events ORDER BY id DESC LIMIT 10000
        ) AS tail WHERE created_at >= $1)
      SELECT \(ScanColumns.list) FROM scans
      WHERE number IN (
        SELECT number FROM scans WHERE status = 'running' AND updated_at >= $1
        UNION SELECT number FROM scans WHERE id IN (SELECT scan_id FROM recent))
      AND (\(changed) > $1 OR (\(changed) = $1 AND number > $3))
      ORDER BY \(changed), number LIMIT $2
      """
  }

  /// One statement, so that all is counted at one moment. The row without a status is the total.
  static let statusCounts = Statement(
    """
    SELECT status, count(*) FROM scans WHERE \(isActive()) GROUP BY status
    UNION ALL SELECT status, count(*) FROM scans WHERE \(notCompleted()) GROUP BY status
    UNION ALL SELECT NULL, count(*) FROM scans
    """)
  static let statusCountsOfTenant = Statement(
    "SELECT status, count(*) FROM scans WHERE tenant_id = $1 GROUP BY status")

  static let queueDepth = Statement { dialect in
    """
    SELECT kind, status, count(*),
      count(CASE WHEN status = 'pending' AND run_at <= \(dialect.now) THEN 1 END), min(created_at)
    FROM scans \(dialect.byIndex("scans_check"))
    WHERE \(isActive()) AND ($1 IS NULL OR tenant_id = $1)
    GROUP BY kind, status ORDER BY kind, status
    """
  }

  static func items(_ change: Item.Change?) -> Statement {
    change.flatMap { itemsByChange[$0] } ?? allItems
  }

  private static let allItems = itemStatement("")
  private static let itemsByChange = Dictionary(
    uniqueKeysWithValues: Item.Change.allCases.map {
      // A literal, because the planner takes a partial index only for a condition that it can see.
      ($0, itemStatement("AND change = '\($0.rawValue)'"))
    })

  private static func itemStatement(_ condition: String) -> Statement {
    Statement(
      """
      SELECT key, type, change, identity, data, long_key FROM scan_items
      WHERE scan_id = (SELECT number FROM scans WHERE id = $1) AND key > $2 \(condition)
      ORDER BY key LIMIT $3
      """)
  }

  static let errors = Statement(
    """
    SELECT id, file_path, error_type, error_message, created_at FROM scan_errors
    WHERE scan_id = (SELECT number FROM scans WHERE id = $1) AND id > $2
    ORDER BY id LIMIT $3
    """)

  static let setting = Statement("SELECT value FROM settings WHERE name = $1")
  static let setSetting = Statement { dialect in
    """
    INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, \(dialect.now))
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
    """
  }
}
