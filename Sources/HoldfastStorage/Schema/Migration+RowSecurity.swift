extension Migration {
  /// PostgreSQL's own wall between tenants: the role ``RowSecurity/role`` sees and changes the rows of the tenant that
  /// ``RowSecurity/setting`` names, and nothing without it. Whoever owns the tables is not bound by it (the worker, the sweep), and
  /// neither is any other role that an operator has given access.
  ///
  /// Where the database's user may not make roles, the wall is left out: the store's own conditions stand alone then, and the
  /// server says so.
  static let rowSecurity = Migration(number: 7, name: "row-level security") { dialect in
    guard dialect == .postgres else {
      // SQLite has no roles; a database file is for one program.
      return ["SELECT 1"]
    }
    let role = RowSecurity.role
    let own = "tenant_id = current_setting('\(RowSecurity.setting)', true)"
    let ofScan = "EXISTS (SELECT 1 FROM scans WHERE scans.number = scan_id)"
    let ofBaseline = "EXISTS (SELECT 1 FROM baselines WHERE baselines.id = baseline_id)"
    let rules: [(table: String, rights: String, condition: String)] = [
      ("scans", "SELECT, INSERT, UPDATE, DELETE", own),
      ("scan_lifecycle_events", "SELECT, INSERT", own),
      ("scan_errors", "SELECT, DELETE", ofScan),
      ("scan_items", "SELECT, DELETE", ofScan),
      ("staged_parts", "SELECT, DELETE", ofScan),
      ("baselines", "SELECT", own),
      ("baseline_parts", "SELECT", ofBaseline),
      ("api_tokens", "SELECT, INSERT, UPDATE", own),
      ("audit_log", "SELECT, INSERT", own),
      ("tenants", "SELECT", "name = current_setting('\(RowSecurity.setting)', true)"),
    ]
    let policies = rules.map { rule in
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
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '\(role)') THEN
          BEGIN
            CREATE ROLE \(role) NOLOGIN;
          EXCEPTION
            -- The role is the whole server's: another database's migration may make it at the same time.
            WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
          END;
        END IF;
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '\(role)') THEN RETURN; END IF;
        IF NOT pg_has_role(current_user, '\(role)', 'MEMBER') THEN
          BEGIN
            EXECUTE format('GRANT \(role) TO %I', current_user);
          EXCEPTION WHEN insufficient_privilege THEN RETURN;
          END;
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO \(role)', current_schema());
        GRANT SELECT ON workers TO \(role);
        \(policies.joined(separator: "\n"))
      END $do$
      """
    ]
  }
}
