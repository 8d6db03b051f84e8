extension Migration {
  /// Workers of one tenant, and tokens for workers alone.
  static let workersOfTenants = Migration(number: 18, name: "workers of tenants") { dialect in
    let text = dialect.typeName(.text)
    let roles = "('worker', 'viewer', 'operator', 'admin')"
    // As tokens have it: `*` for the scans of every tenant.
    let column = "ALTER TABLE workers ADD COLUMN tenant_id \(text) NOT NULL DEFAULT '*'"
    guard dialect == .postgres else { return [column] + rebuiltTokens(roles) }
    return [
      column,
      """
      ALTER TABLE api_tokens DROP CONSTRAINT api_tokens_role_check,
        ADD CONSTRAINT api_tokens_role_check CHECK (role IN \(roles))
      """,
      RowSecurity.wall(
        around: "workers", rights: "SELECT",
        where: "tenant_id IN ('*', current_setting('\(RowSecurity.setting)', true))"),
    ]
  }

  /// SQLite changes a check by making the table anew. Nothing refers to this one.
  private static func rebuiltTokens(_ roles: String) -> [String] {
    let columns = """
      number, id, name, token_sha256, role, tenant_id, created_at, created_by, expires_at, last_used_at,
      revoked_at
      """
    return [
      """
      CREATE TABLE new_api_tokens (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        token_sha256 TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL CHECK (role IN \(roles)),
        tenant_id TEXT NOT NULL,
        created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
        created_by TEXT NOT NULL,
        expires_at TEXT,
        last_used_at TEXT,
        revoked_at TEXT
      )
      """,
      "INSERT INTO new_api_tokens (\(columns)) SELECT \(columns) FROM api_tokens",
      "DROP TABLE api_tokens",
      "ALTER TABLE new_api_tokens RENAME TO api_tokens",
      """
      CREATE UNIQUE INDEX api_tokens_names ON api_tokens (tenant_id, name)
      WHERE revoked_at IS NULL
      """,
    ]
  }
}
