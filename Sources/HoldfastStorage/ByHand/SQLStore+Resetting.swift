package import HoldfastCore

extension SQLStore {
  package func resettable(
    tenantID: String, limit: Int
  ) async throws(StoreError) -> [ResetCandidate] {
    guard scope.includes(tenantID) else { return [] }
    return try await database.read { (connection) throws(StoreError) in
      try connection.all(Resetting.failed, [.text(tenantID), .int(Int64(limit))]) {
        (row: any SQLRow) throws(StoreError) in
        ResetCandidate(
          scan: ScanColumns.decode(row), supersededBy: row.optionalInt(ScanColumns.count))
      }
    }
  }

  package func delete(
    _ id: ScanID, by actor: String, reason: String?
  ) async throws(StoreError) -> ActionOutcome {
    try await database.write { [caller, scope] (connection) throws(StoreError) in
      guard let scan = try connection.first(Acting.lock, [.uuid(id)], Acting.decode),
        scope.includes(scan.tenantID)
      else { return .notFound }
      guard scan.status.isTerminal else { return .notAllowed(scan) }
      try connection.run(Acting.clearItems, [.int(scan.number)])
      try connection.run(Acting.clearErrors, [.int(scan.number)])
      try connection.run(ProgressSamples.clear, [.int(scan.number)])
      try connection.run(Baselines.dropStaged, [.int(scan.number)])
      try connection.run(Resetting.delete, [.uuid(id)])
      var data = JSONObjectText()
      data.add("by", actor)
      data.add("reason", reason)
      data.add("number", scan.number)
      data.add("kind", scan.kind)
      data.add("target", scan.target)
      data.add("from", scan.status.rawValue)
      try connection.write([
        EventDraft(
          scanID: scan.id, tenantID: scan.tenantID, type: .deleted, data: data.finish())
      ])
      try connection.audit(.scan("delete", before: scan, after: nil, reason: reason), caller)
      return .done(scan)
    }
  }
}

private enum Resetting {
  /// By the index of targets: of thousands that failed, each costs a look at its own target's scans. Without the sum, PostgreSQL would
  /// look for the largest number among all scans, from the newest on.
  static let failed = Statement(
    """
    SELECT \(ScanColumns.list),
      (SELECT max(later.number + 0) FROM scans AS later
        WHERE later.target = scans.target AND later.tenant_id = scans.tenant_id
          AND later.kind = scans.kind AND later.number > scans.number)
    FROM scans WHERE scans.tenant_id = $1 AND scans.status = 'failed'
    ORDER BY scans.number DESC LIMIT $2
    """)

  static let delete = Statement("DELETE FROM scans WHERE id = $1")
}
