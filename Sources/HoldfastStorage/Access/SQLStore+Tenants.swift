package import HoldfastCore

extension SQLStore {
  package func addTenant(
    _ name: String, by actor: String
  ) async throws(StoreError) -> TenantRecord? {
    try await database.write { [caller] (connection) throws(StoreError) in
      let added = try connection.first(
        TenantSQL.add, [.text(name), .text(actor)], TenantSQL.decode)
      guard let added else { return nil }
      try connection.audit(
        AuditEntry(
          tenant: TenantScope.allName, action: "tenant.create", object: "tenant \(name)",
          after: ["name": .string(name)]), caller)
      return added
    }
  }

  package func tenants() async throws(StoreError) -> [TenantRecord] {
    let all = try await database.read { (connection) throws(StoreError) in
      try connection.all(TenantSQL.all, [], TenantSQL.decode)
    }
    return all.filter { scope.includes($0.name) }
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

  static let exists = Statement("SELECT 1 FROM tenants WHERE name = $1")
}
