import HoldfastCore

extension Migration {
  /// Each scan keeps how many heartbeats may be missing, so that the workers and what is done by hand in SQL agree on when its lease may
  /// be given away; `runs` refuses what it cannot change; and a scan that is deleted by hand takes its progress history along.
  static let leases = Migration(number: 17, name: "leases by each scan's own multiple") { dialect in
    let column = "ALTER TABLE scans ADD COLUMN stale_multiple \(dialect.typeName(.double))"
    let tables = firstTables + ["scan_progress"]
    switch dialect {
    case .postgres:
      return [
        column, postgresCleanup(leaseSeconds: Checks.leaseSeconds(of: "s")), ownMonitorOnPostgres,
        RunsView.strictFunction, historyFunction(clearing: tables),
      ]
    case .sqlite:
      return [
        column, "DROP VIEW IF EXISTS stuck_scans_monitor",
        monitorOnSQLite(leaseSeconds: Checks.leaseSeconds(of: "scans")),
        "DROP TRIGGER run_changed", RunsView.strictTrigger,
        "DROP TRIGGER scan_history_deleted", historyDeletion(clearing: tables),
      ]
    }
  }

  /// One that an operator has put in its place stays.
  private static let ownMonitorOnPostgres = """
    DO $do$ BEGIN
      IF EXISTS (SELECT 1 FROM pg_views WHERE schemaname = current_schema()
        AND viewname = 'stuck_scans_monitor' AND definition LIKE '%heartbeat_interval_seconds%')
      THEN
        CREATE OR REPLACE VIEW stuck_scans_monitor AS
        \(monitor(leaseSeconds: Checks.leaseSeconds(of: "scans")));
      END IF;
    END $do$
    """
}
