package import HoldfastCore

extension SQLStore {
  package func addTenant(
    _ name: String, by actor: String, idempotency: IdempotencyKey?
  ) async throws(StoreError) -> TenantOutcome {
    try await database.write { [caller, scope] (connection) throws(StoreError) in
      switch try Idempotency.claim(
        idempotency, for: "tenant.create", of: scope, object: name, connection)
      {
      case .new: break
      case .otherRequest: return .keyUsed
      case .seen(let name):
        let tenant = try connection.first(TenantSQL.named, [.text(name)], TenantSQL.decode)
        return tenant.map { .existing($0) } ?? .keyUsed
      }
      let added = try connection.first(
        TenantSQL.add, [.text(name), .text(actor)], TenantSQL.decode)
      guard let added else {
        try Idempotency.release(idempotency, for: "tenant.create", of: scope, connection)
        return .nameTaken
      }
      try connection.audit(
        AuditEntry(
          tenant: TenantScope.allName, action: "tenant.create", object: "tenant \(name)",
          after: ["name": .string(name)]), caller)
      return .created(added)
    }
  }

  package func tenants() async throws(StoreError) -> [TenantRecord] {
    let all = try await database.read { (connection) throws(StoreError) in
      try connection.all(TenantSQL.all, [], TenantSQL.decode)
    }
    return all.filter { scope.includes($0.name) }
  }

  package func tenants(
    cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<TenantRecord> {
    var conditions = PageConditions(limit: limit)
    try conditions.begin(after: cursor) { "name > \($0)" }
    conditions.add(scope.tenant.map { .text($0) }) { "name = \($0)" }
    let rows = try await database.read { [conditions] (connection) throws(StoreError) in
      try connection.all(TenantSQL.page(conditions), conditions.parameters, TenantSQL.decode)
    }
    return Page(rows, limit: limit) { Cursor.encode($0.name) }
  }
}

enum TenantSQL {
  static func decode(_ row: any SQLRow) throws(StoreError) -> TenantRecord {
    TenantRecord(name: row.text(0), createdAt: row.time(1), createdBy: row.text(2))
  }

  static let add = Statement { dialect in
    """
    INSERT INTO tenants (name, created_by, created_at) VALUES ($1, $2, \(dialect.now))
    ON CONFLICT DO NOTHING RETURNING name, created_at, created_by
    """
  }

  static let all = Statement("SELECT name, created_at, created_by FROM tenants ORDER BY name")

  static func page(_ conditions: PageConditions) -> Statement {
    Statement(
      """
      SELECT name, created_at, created_by FROM tenants WHERE \(conditions.text)
      ORDER BY name LIMIT $1
      """)
  }

  static let named = Statement(
    "SELECT name, created_at, created_by FROM tenants WHERE name = $1")

  static let exists = Statement("SELECT 1 FROM tenants WHERE name = $1")
}
