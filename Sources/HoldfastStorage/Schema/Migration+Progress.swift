extension Migration {
  /// The history of each scan's progress, and where it stands.
  static let progress = Migration(number: 13, name: "history of progress") { dialect in
    let int = dialect.typeName(.int)
    let text = dialect.typeName(.text)
    let time = dialect.typeName(.time)
    let clustered = dialect == .sqlite ? " WITHOUT ROWID" : ""
    let tables = [
      "ALTER TABLE scans ADD COLUMN sampled_at \(time)",
      "ALTER TABLE scans ADD COLUMN sample_sequence \(int) NOT NULL DEFAULT 0",
      "ALTER TABLE scans ADD COLUMN sample_stride \(int) NOT NULL DEFAULT 1",
      """
      CREATE TABLE scan_progress (
        scan_id \(int) NOT NULL,
        sequence \(int) NOT NULL,
        created_at \(time) NOT NULL,
        attempt \(int) NOT NULL,
        done \(int) NOT NULL,
        total \(int),
        bytes \(int) NOT NULL,
        step \(text) NOT NULL,
        unit \(text) NOT NULL,
        PRIMARY KEY (scan_id, sequence)
      )\(clustered)
      """,
    ]
    guard dialect == .postgres else { return tables }
    let ofScan = "EXISTS (SELECT 1 FROM scans WHERE scans.number = scan_id)"
    return tables + [
      RowSecurity.wall(around: "scan_progress", rights: "SELECT, DELETE", where: ofScan)
    ]
  }
}

extension RowSecurity {
  /// Puts a table that has come later behind the wall between tenants, where there is one.
  static func wall(
    around table: String, rights: String,
    where condition: String = "tenant_id = current_setting('\(RowSecurity.setting)', true)"
  ) -> String {
    """
    DO $do$ BEGIN
      IF EXISTS (SELECT 1 FROM pg_policies WHERE schemaname = current_schema()
        AND tablename = 'scans' AND policyname = 'holdfast_tenant') THEN
        GRANT \(rights) ON \(table) TO \(role);
        ALTER TABLE \(table) ENABLE ROW LEVEL SECURITY;
        CREATE POLICY holdfast_tenant ON \(table) TO \(role) USING (\(condition));
        CREATE POLICY holdfast_others ON \(table) USING (current_user <> '\(role)');
      END IF;
    END $do$
    """
  }
}
