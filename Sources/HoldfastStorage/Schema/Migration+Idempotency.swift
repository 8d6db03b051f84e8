extension Migration {
  /// Idempotency keys of requests for anything but scans, whose keys are in their own rows.
  static let idempotency = Migration(number: 14, name: "idempotency keys") { dialect in
    let text = dialect.typeName(.text)
    let table = """
      CREATE TABLE idempotency_keys (
        tenant_id \(text) NOT NULL,
        action \(text) NOT NULL,
        key \(text) NOT NULL,
        request_sha256 \(text) NOT NULL,
        object \(text) NOT NULL,
        created_at \(dialect.typeName(.time)) NOT NULL,
        PRIMARY KEY (tenant_id, action, key)
      )
      """
    guard dialect == .postgres else { return [table] }
    return [
      table,
      RowSecurity.wall(around: "idempotency_keys", rights: "SELECT, INSERT, DELETE"),
    ]
  }
}
