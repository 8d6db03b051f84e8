package import HoldfastCore

extension SQLStore {
  package func auditLog(
    _ filter: AuditFilter, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<AuditRecord> {
    var conditions = ["TRUE"]
    var parameters: [SQLValue] = []
    func add(_ comparison: String, _ value: SQLValue?) {
      guard let value else { return }
      parameters.append(value)
      conditions.append("\(comparison) $\(parameters.count)")
    }
    add("id <", try cursor.map(Cursor.decodeNumber).map { SQLValue.int($0) })
    add("tenant_id =", scope.tenant.map { .text($0) })
    add("actor =", filter.actor.map { .text($0) })
    add("action =", filter.action.map { .text($0) })
    add("object =", filter.object.map { .text($0) })
    parameters.append(.int(Int64(limit) + 1))
    let statement = Statement(
      """
      SELECT id, created_at, tenant_id, actor, address, request_id, action, object,
        before_action, after_action
      FROM audit_log WHERE \(conditions.joined(separator: " AND "))
      ORDER BY id DESC LIMIT $\(parameters.count)
      """)
    let rows = try await database.read { [parameters] (connection) throws(StoreError) in
      try connection.all(statement, parameters) { (row: any SQLRow) throws(StoreError) in
        AuditRecord(
          id: row.int(0), at: row.time(1), tenant: row.text(2), actor: row.text(3),
          address: row.optionalText(4), requestID: row.optionalText(5), action: row.text(6),
          object: row.text(7), before: row.json(8), after: row.json(9))
      }
    }
    return Page(rows, limit: limit) { Cursor.encode($0.id) }
  }

  package func recordAction(_ entry: AuditEntry) async throws(StoreError) {
    try await database.write { [caller] (connection) throws(StoreError) in
      try connection.audit(entry, caller)
    }
  }
}

extension SQLConnection {
  /// Writes a line of the audit log in the transaction of the change; none for the program's own parts, which have no caller.
  func audit(_ entry: AuditEntry, _ caller: Caller?) throws(StoreError) {
    guard let caller else { return }
    try run(
      AuditSQL.insert,
      [
        .text(entry.tenant), .text(caller.actor), .text(caller.address), .text(caller.requestID),
        .text(entry.action), .text(entry.object), .json(entry.before.serialized),
        .json(entry.after.serialized),
      ])
  }
}

extension SQLConnection {
  /// Writes what a caller's cleanup did to a scan, or has asked its worker to do.
  func audit(
    _ action: String, _ entry: RecoveryPlan.Entry, _ caller: Caller?
  ) throws(StoreError) {
    guard let caller else { return }
    try audit(
      AuditEntry(
        tenant: try tenant(of: entry.scanID) ?? TenantScope.defaultTenant,
        action: "scan.\(action)", object: "scan \(entry.number)",
        before: ["status": .string(entry.guardian.status.rawValue)],
        after: [
          "action": .string(entry.decision.action.rawValue),
          "sentence": .string(entry.verdict.sentence),
        ]), caller)
  }
}

extension AuditEntry {
  /// What somebody did to a scan.
  ///
  /// - Parameter before: `nil` where the scan is new.
  static func scan(
    _ action: String, before: Scan?, after: Scan?, reason: String? = nil
  ) -> AuditEntry {
    func shown(_ scan: Scan?) -> JSONValue {
      guard let scan else { return .null }
      var members: [String: JSONValue] = [
        "status": .string(scan.status.rawValue), "kind": .string(scan.kind),
        "target": .string(scan.target),
      ]
      if let requested = scan.requestedAction {
        members["requested_action"] = .string(requested.rawValue)
      }
      if let reason { members["reason"] = .string(reason) }
      return .object(members)
    }
    let scan = after ?? before
    return AuditEntry(
      tenant: scan?.tenantID ?? TenantScope.defaultTenant, action: "scan.\(action)",
      object: "scan \(scan?.number ?? 0)", before: shown(before), after: shown(after))
  }
}

private enum AuditSQL {
  static let insert = Statement { dialect in
    """
    INSERT INTO audit_log (
      tenant_id, actor, address, request_id, action, object, before_action, after_action,
      created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \(dialect.now))
    """
  }
}
