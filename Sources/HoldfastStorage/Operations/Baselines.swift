package import HoldfastCore

extension SQLStore {
  package func baselineSummary(
    for lease: Lease
  ) async throws(StoreError) -> Baseline.Summary? {
    try await unbound.read { [scope] (connection) throws(StoreError) in
      guard let target = try Baselines.target(of: lease.scanID, in: scope, connection) else {
        return nil
      }
      return try connection.first(Baselines.summary, target.parameters) {
        (row: any SQLRow) throws(StoreError) in
        Baseline.Summary(scanID: row.uuid(0), parts: row.int(1), summary: row.json(2))
      }
    }
  }

  package func baselineEntries(
    for lease: Lease, after: Baseline.PartID?, limit: Int
  ) async throws(StoreError) -> [Baseline.Entry] {
    try await unbound.read { [scope] (connection) throws(StoreError) in
      guard let target = try Baselines.target(of: lease.scanID, in: scope, connection) else {
        return []
      }
      let decode: (any SQLRow) throws(StoreError) -> Baseline.Entry? = { row in
        guard let id = Baseline.PartID(bytes: row.bytes(0)),
          let fingerprint = Baseline.PartID(bytes: row.bytes(1))
        else {
          row.refuse(0, because: "a part's id and fingerprint are 16 bytes each")
          return nil
        }
        return Baseline.Entry(id: id, fingerprint: fingerprint)
      }
      // The empty blob is before every id.
      return try connection.all(
        Baselines.entries,
        target.parameters + [.blob(after?.bytes ?? []), .int(Int64(limit))], decode
      ).compactMap { $0 }
    }
  }

  package func baselineContents(
    for lease: Lease, ids: [Baseline.PartID]
  ) async throws(StoreError) -> [WorkerMessage.BaselineContent] {
    try await unbound.read { [scope] (connection) throws(StoreError) in
      guard let target = try Baselines.target(of: lease.scanID, in: scope, connection) else {
        return []
      }
      return try connection.all(
        Baselines.contents, target.parameters,
        rows: Recordset(.blobs(ids.sorted().map(\.bytes)))
      ) { (row: any SQLRow) throws(StoreError) in
        (
          row.bytes(0),
          WorkerMessage.BaselineContent(
            id: Base64.encode(row.bytes(0)), segment: Int(row.int(1)),
            content: Base64.encode(row.bytes(2)))
        )
      }.sorted {
        $0.0 == $1.0 ? $0.1.segment < $1.1.segment : $0.0.lexicographicallyPrecedes($1.0)
      }.map(\.1)
    }
  }
}

/// What scans of one target leave for the next.
enum Baselines {
  struct Target {
    var tenantID: String
    var kind: String
    var target: String

    /// `$1` to `$3`.
    var parameters: [SQLValue] { [.text(tenantID), .text(kind), .text(indexKey(target))] }
  }

  /// - Parameter scope: whose scan it must be.
  static func target(
    of id: ScanID, in scope: TenantScope = .all, _ connection: any SQLConnection
  ) throws(StoreError) -> Target? {
    let target = try connection.first(targetOfScan, [.uuid(id)]) {
      (row: any SQLRow) throws(StoreError) in
      Target(tenantID: row.text(0), kind: row.text(1), target: row.text(2))
    }
    return target.flatMap { scope.includes($0.tenantID) ? $0 : nil }
  }

  /// Makes the parts that these scans staged their targets' baselines, in the transaction that ends them.
  static func promote(
    _ scans: [Ending.Ended], _ connection: any SQLConnection
  ) throws(StoreError) {
    for scan in scans {
      guard let target = try target(of: scan.id, connection) else { continue }
      let baseline = try connection.first(
        upsert, [.uuid(scan.id), .text(indexKey(target.target))]
      ) { (row: any SQLRow) throws(StoreError) in row.int(0) }
      guard let baseline, scan.hasStagedParts else { continue }
      try connection.run(replaceParts, [.int(baseline), .int(scan.number)])
      try connection.run(movePart, [.int(baseline), .int(scan.number)])
      try connection.run(dropStaged, [.int(scan.number)])
      try connection.run(countParts, [.int(baseline)])
    }
  }

  private static let targetOfScan = Statement(
    "SELECT tenant_id, kind, target FROM scans WHERE id = $1")

  fileprivate static let summary = Statement(
    """
    SELECT scan_id, parts, summary FROM baselines
    WHERE tenant_id = $1 AND kind = $2 AND target_key = $3
    """)

  private static let ofTarget = """
    (SELECT id FROM baselines WHERE tenant_id = $1 AND kind = $2 AND target_key = $3)
    """

  fileprivate static let entries = Statement(
    """
    SELECT part_id, fingerprint FROM baseline_parts
    WHERE baseline_id = \(ofTarget) AND part_id > $4 AND segment = 0
    ORDER BY part_id LIMIT $5
    """)

  fileprivate static let contents = Statement { dialect in
    """
    SELECT baseline_parts.part_id, baseline_parts.segment, baseline_parts.content
    FROM \(dialect.rows(RowShape(("part_id", .blob)), from: 4))
    JOIN baseline_parts ON baseline_parts.part_id = r.part_id
      AND baseline_parts.baseline_id = \(ofTarget)
    """
  }

  private static let upsert = Statement { dialect in
    """
    INSERT INTO baselines (
      tenant_id, kind, target_key, target, scan_id, summary, parts, updated_at)
    SELECT tenant_id, kind, $2, target, id, summary, 0, \(dialect.now) FROM scans WHERE id = $1
    ON CONFLICT (tenant_id, kind, target_key) DO UPDATE SET
      scan_id = excluded.scan_id, summary = excluded.summary, updated_at = excluded.updated_at
    RETURNING baselines.id
    """
  }

  private static let replaceParts = Statement(
    """
    DELETE FROM baseline_parts WHERE baseline_id = $1
      AND part_id IN (SELECT part_id FROM staged_parts WHERE scan_id = $2)
    """)

  private static let movePart = Statement(
    """
    INSERT INTO baseline_parts (baseline_id, segment, part_id, fingerprint, content)
    SELECT $1, segment, part_id, fingerprint, content FROM staged_parts
    WHERE scan_id = $2 AND content IS NOT NULL
    """)

  static let dropStaged = Statement("DELETE FROM staged_parts WHERE scan_id = $1")

  private static let countParts = Statement(
    """
    UPDATE baselines SET parts = (
      SELECT count(*) FROM baseline_parts WHERE baseline_id = $1 AND segment = 0)
    WHERE id = $1
    """)
}
