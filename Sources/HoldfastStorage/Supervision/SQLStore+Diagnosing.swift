package import HoldfastCore

extension SQLStore {
  package func recordDiagnosis(
    _ diagnosis: JSONValue, of lease: Lease, attempt: Int
  ) async throws(StoreError) -> Bool {
    try await unbound.write { [scope] (connection) throws(StoreError) in
      guard try connection.isScan(lease.scanID, of: scope) else { return false }
      return try Diagnosing.record(diagnosis, of: lease, attempt: attempt, connection)
    }
  }

  package func askForDiagnosis(of id: ScanID) async throws(StoreError) -> Bool {
    try await database.write { [scope] (connection) throws(StoreError) in
      guard try connection.isScan(id, of: scope) else { return false }
      let changed = try connection.run(Diagnosing.ask, [.uuid(id)])
      if changed > 0 { try connection.notify(.control) }
      return changed > 0
    }
  }

  package func diagnosis(
    of id: ScanID
  ) async throws(StoreError) -> (found: JSONValue, at: Timestamp?, isWanted: Bool)? {
    try await database.read { [scope] (connection) throws(StoreError) in
      guard try connection.isScan(id, of: scope) else { return nil }
      return try connection.first(Diagnosing.read, [.uuid(id)]) {
        (row: any SQLRow) throws(StoreError) in
        (found: row.json(0), at: row.optionalTime(1), isWanted: row.bool(2))
      }
    }
  }

  package func storedVerdict(of id: ScanID) async throws(StoreError) -> JSONValue? {
    try await database.read { [scope] (connection) throws(StoreError) in
      guard try connection.isScan(id, of: scope) else { return Optional<JSONValue>.none }
      return try connection.first(Diagnosing.verdict, [.uuid(id)]) {
        (row: any SQLRow) throws(StoreError) in row.json(0)
      }
    }
  }
}

/// What was found out about a scan's process: on its row, and in its story.
enum Diagnosing {
  /// - Parameter attempt: `nil` for the attempt that the row is at.
  /// - Returns: whether the scan is there.
  static func record(
    _ diagnosis: JSONValue, of lease: Lease, attempt: Int?, _ connection: any SQLConnection
  ) throws(StoreError) -> Bool {
    let found = try connection.first(look, [.uuid(lease.scanID)]) {
      (row: any SQLRow) throws(StoreError) in
      (tenantID: row.text(0), token: row.int(1), attempt: row.int(2))
    }
    guard let found else { return false }
    if found.token == lease.token {
      try connection.run(
        update, [.uuid(lease.scanID), .int(lease.token), .json(diagnosis.serialized)])
    }
    var data = JSONObjectText()
    data.add("attempt", attempt.map(Int64.init) ?? found.attempt)
    data.add("class", diagnosis["class"]?.stringValue)
    data.add("message", diagnosis["sentence"]?.stringValue)
    let place = diagnosis["evidence"]?["breadcrumb"]
    func text(_ name: String) -> String? {
      place?[name]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }
    data.add("step", text("step"))
    data.add("current", text("current"))
    data.add("waiting_for", text("waiting_for"))
    try connection.write([
      EventDraft(
        scanID: lease.scanID, tenantID: found.tenantID, type: .diagnosed, data: data.finish())
    ])
    return true
  }

  private static let look = Statement { dialect in
    """
    SELECT scans.tenant_id, scans.lease_token, scans.attempt FROM scans
    WHERE scans.id = $1 \(dialect.locking("scans"))
    """
  }

  private static let update = Statement { dialect in
    """
    UPDATE scans SET diagnosis = $3, diagnosis_at = \(dialect.now), diagnosis_wanted_at = NULL
    WHERE scans.id = $1 AND scans.lease_token = $2
    """
  }

  static let ask = Statement { dialect in
    """
    UPDATE scans SET diagnosis_wanted_at = \(dialect.now)
    WHERE scans.id = $1 AND scans.status = 'running'
    """
  }

  static let verdict = Statement(
    "SELECT scans.verdict FROM scans WHERE scans.id = $1 AND scans.verdict IS NOT NULL")

  static let read = Statement(
    """
    SELECT scans.diagnosis, scans.diagnosis_at, scans.diagnosis_wanted_at IS NOT NULL FROM scans
    WHERE scans.id = $1 AND scans.diagnosis IS NOT NULL
    """)
}
