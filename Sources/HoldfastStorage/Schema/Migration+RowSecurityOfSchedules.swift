extension Migration {
  /// The wall of ``rowSecurity`` around what came after it.
  static let rowSecurityOfSchedules = Migration(
    number: 16, name: "row-level security of schedules"
  ) { dialect in
    RowSecurity.wall([.init("schedules", rights: "SELECT, INSERT, UPDATE, DELETE")], dialect)
  }
}

extension RowSecurity {
  /// What a tenant may do to a table's rows that are its own.
  struct Rule: Sendable {
    var table: String
    var rights: String
    /// Which rows are a tenant's own.
    var condition: String

    init(
      _ table: String, rights: String,
      condition: String = "tenant_id = current_setting('\(RowSecurity.setting)', true)"
    ) {
      self.table = table
      self.rights = rights
      self.condition = condition
    }
  }

  /// The statements of a migration that build the wall around tables. They build none where the first wall could not be built.
  static func wall(_ rules: [Rule], _ dialect: Dialect) -> [String] {
    // SQLite has no roles; a database file is for one program.
    guard dialect == .postgres else { return ["SELECT 1"] }
    let statements = rules.map { rule in
      """
      GRANT \(rule.rights) ON \(rule.table) TO \(role);
      ALTER TABLE \(rule.table) ENABLE ROW LEVEL SECURITY;
      CREATE POLICY holdfast_tenant ON \(rule.table) TO \(role) USING (\(rule.condition));
      CREATE POLICY holdfast_others ON \(rule.table) USING (current_user <> '\(role)');
      """
    }
    return [
      """
      DO $do$ BEGIN
        IF NOT EXISTS (
          SELECT 1 FROM pg_policies WHERE schemaname = current_schema() AND tablename = 'scans'
            AND policyname = 'holdfast_tenant')
        THEN RETURN; END IF;
        \(statements.joined(separator: "\n"))
      END $do$
      """
    ]
  }
}
