package import HoldfastCore

extension SQLStore: SupervisionStore {
  package func due(
    after cursor: DueCursor?, limit: Int
  ) async throws(StoreError) -> DuePage {
    try await page { [scope] (connection) throws(StoreError) in
      var rows: [(DuePage.Row, Timestamp)] = []
      if cursor == nil {
        rows += try Looking.unarmed.all([.int(Int64(limit))], of: scope, connection)
      }
      rows += try Looking.due.all(
        [
          .text(cursor?.checkAt ?? Looking.beginning), .int(cursor?.number ?? 0),
          .int(Int64(limit)),
        ], of: scope, connection)
      return rows
    }
  }

  package func foundStuck(after: Int64, limit: Int) async throws(StoreError) -> DuePage {
    try await page { [scope] (connection) throws(StoreError) in
      try Looking.foundStuck.all([.int(after), .int(Int64(limit))], of: scope, connection)
    }
  }

  package func active(after: Int64, limit: Int) async throws(StoreError) -> DuePage {
    try await page { [scope] (connection) throws(StoreError) in
      try Looking.active.all([.int(after), .int(Int64(limit))], of: scope, connection)
    }
  }

  package func snapshots(of ids: [ScanID]) async throws(StoreError) -> DuePage {
    try await page { [scope] (connection) throws(StoreError) in
      var rows: [(DuePage.Row, Timestamp)] = []
      for id in ids {
        rows += try Looking.byID.all([.uuid(id)], of: scope, connection)
      }
      return rows
    }
  }

  package func snapshot(
    scope: String, tenantID: String
  ) async throws(StoreError) -> DuePage {
    try await page { [visible = self.scope] (connection) throws(StoreError) in
      try Looking.byScope.all([.text(tenantID), .text(indexKey(scope))], of: visible, connection)
    }
  }

  package func fleet() async throws(StoreError) -> Fleet {
    let (workers, now) = (try await presentWorkers(), try await now())
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
      let now = if let first = found.first { first.1 } else { try connection.now() }
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

/// A question about active scans, for everybody and for one tenant: two statements, so that neither is planned for both.
private struct ScopedQuestion {
  private let ofAll: Statement
  private let ofTenant: Statement

  /// - Parameters:
  ///   - parameters: how many the predicate and the limit have; the tenant comes after them.
  ///   - limit: the number of the limit's parameter.
  init(
    _ order: String, parameters: Int, limit: Int? = nil, where predicate: (Dialect) -> String
  ) {
    func statement(_ condition: String) -> Statement {
      Statement { dialect in
        """
        SELECT \(SnapshotColumns.list(dialect)) FROM \(SnapshotColumns.source)
        WHERE \(predicate(dialect))\(condition)
        ORDER BY \(order)\(limit.map { " LIMIT $\($0)" } ?? "")
        """
      }
    }
    ofAll = statement("")
    ofTenant = statement(" AND s.tenant_id = $\(parameters + 1)")
  }

  func all(
    _ parameters: [SQLValue], of scope: TenantScope, _ connection: any SQLConnection
  ) throws(StoreError) -> [(DuePage.Row, Timestamp)] {
    guard case .only(let tenant) = scope else {
      return try connection.all(ofAll, parameters, Looking.decode)
    }
    return try connection.all(ofTenant, parameters + [.text(tenant)], Looking.decode)
  }
}

private enum Looking {
  /// Before every time that a scan can have.
  static let beginning = "0001-01-01T00:00:00.000Z"

  static let active = ScopedQuestion("s.number", parameters: 2, limit: 2) { _ in
    "\(isActive("s")) AND s.number > $1"
  }

  static let foundStuck = ScopedQuestion("s.number", parameters: 2, limit: 2) { _ in
    "\(wasFoundStuck("s")) AND s.number > $1"
  }

  static let byID = ScopedQuestion("s.number", parameters: 1) { _ in
    "s.id = $1 AND \(isActive("s"))"
  }

  static let byScope = ScopedQuestion("s.number", parameters: 2) { _ in
    "s.tenant_id = $1 AND s.scope = $2 AND \(isActive("s"))"
  }

  static let due = ScopedQuestion("s.check_at, s.number", parameters: 3, limit: 3) { dialect in
    """
    \(isActive("s")) AND s.check_at <= \(dialect.now)
      AND (s.check_at, s.number) > (\(dialect == .postgres ? "$1::timestamptz" : "$1"), $2)
    """
  }

  static let unarmed = ScopedQuestion("s.check_at, s.number", parameters: 1, limit: 1) { _ in
    "\(isActive("s")) AND s.check_at IS NULL"
  }

  static func decode(_ row: any SQLRow) throws(StoreError) -> (DuePage.Row, Timestamp) {
    (SnapshotColumns.decode(row), SnapshotColumns.now(row))
  }
}
