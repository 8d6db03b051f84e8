package import HoldfastCore

extension SQLStore: SupervisionStore {
  package func due(
    after cursor: DueCursor?, limit: Int
  ) async throws(StoreError) -> DuePage {
    try await page { (connection) throws(StoreError) in
      var rows: [(DuePage.Row, Timestamp)] = []
      if cursor == nil {
        rows += try connection.all(Looking.unarmed, [.int(Int64(limit))], Looking.decode)
      }
      rows += try connection.all(
        Looking.due,
        [
          .text(cursor?.checkAt ?? Looking.beginning), .int(cursor?.number ?? 0),
          .int(Int64(limit)),
        ], Looking.decode)
      return rows
    }
  }

  package func active(after: Int64, limit: Int) async throws(StoreError) -> DuePage {
    try await page { (connection) throws(StoreError) in
      try connection.all(Looking.active, [.int(after), .int(Int64(limit))], Looking.decode)
    }
  }

  package func snapshots(of ids: [ScanID]) async throws(StoreError) -> DuePage {
    try await page { (connection) throws(StoreError) in
      var rows: [(DuePage.Row, Timestamp)] = []
      for id in ids {
        rows += try connection.all(Looking.byID, [.uuid(id)], Looking.decode)
      }
      return rows
    }
  }

  package func snapshot(
    scope: String, tenantID: String
  ) async throws(StoreError) -> DuePage {
    try await page { (connection) throws(StoreError) in
      try connection.all(
        Looking.byScope, [.text(tenantID), .text(indexKey(scope))], Looking.decode)
    }
  }

  package func fleet() async throws(StoreError) -> Fleet {
    let (workers, now) = (try await workers(), try await now())
    return Fleet(
      workers: workers.filter { $0.status == "alive" || $0.status == "lost" }.map {
        Fleet.Worker(
          record: $0, heartbeatAgeSeconds: max(0, now.seconds(since: $0.lastHeartbeatAt)))
      }, now: now)
  }

  private func page(
    _ rows:
      @escaping @Sendable (any SQLConnection) throws(StoreError)
      -> [(DuePage.Row, Timestamp)]
  ) async throws(StoreError) -> DuePage {
    try await database.read { (connection) throws(StoreError) in
      let found = try rows(connection)
      var now = found.first?.1
      if now == nil { now = try connection.first(Looking.now, []) { $0.time(0) } }
      guard let now else { throw .statement("the database did not tell its time") }
      // After rows that have no time at all, the list of those that have begins.
      let next = found.last.map { row, _ in
        DueCursor(
          checkAt: row.position ?? Looking.beginning,
          number: row.position == nil ? 0 : row.snapshot.number)
      }
      return DuePage(rows: found.map(\.0), now: now, next: next)
    }
  }
}

private enum Looking {
  /// Before every time that a scan can have.
  static let beginning = "0001-01-01T00:00:00.000Z"

  static let active = statement("\(isActive("s")) AND s.number > $1", "s.number", 2)

  static let byID = statement("s.id = $1 AND \(isActive("s"))", "s.number", nil)

  static let byScope = statement(
    "s.tenant_id = $1 AND s.scope = $2 AND \(isActive("s"))", "s.number", nil)

  static let due = Statement { dialect in
    """
    SELECT \(SnapshotColumns.list(dialect)) FROM \(SnapshotColumns.source)
    WHERE \(isActive("s")) AND s.check_at <= \(dialect.now)
      AND (s.check_at, s.number) > (\(dialect == .postgres ? "$1::timestamptz" : "$1"), $2)
    ORDER BY s.check_at, s.number LIMIT $3
    """
  }

  static let unarmed = statement(
    "\(isActive("s")) AND s.check_at IS NULL", "s.check_at, s.number", 1)

  static let now = Statement { "SELECT \($0.now)" }

  static func decode(_ row: any SQLRow) throws(StoreError) -> (DuePage.Row, Timestamp) {
    (SnapshotColumns.decode(row), SnapshotColumns.now(row))
  }

  private static func statement(
    _ predicate: String, _ order: String, _ limit: Int?
  ) -> Statement {
    Statement { dialect in
      """
      SELECT \(SnapshotColumns.list(dialect)) FROM \(SnapshotColumns.source)
      WHERE \(predicate) ORDER BY \(order)\(limit.map { " LIMIT $\($0)" } ?? "")
      """
    }
  }
}
