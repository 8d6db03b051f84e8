import HoldfastCore

extension Migration {
  /// Each scan keeps how many heartbeats may be missing, so that the workers and what is done by hand in SQL agree on when its lease may
  /// be given away; `runs` refuses what it cannot change; a scan that is ended by hand does not keep the reason of an earlier recovery; and one that
  /// is deleted by hand takes its progress history along. And what a sweep has found stuck and left as it is stays in sight until the
  /// next look.
  static let leases = Migration(number: 17, name: "leases by each scan's own multiple") { dialect in
    let columns = [
      "ALTER TABLE scans ADD COLUMN stale_multiple \(dialect.typeName(.double))",
      "ALTER TABLE scans ADD COLUMN found_stuck_at \(dialect.typeName(.time))",
      "CREATE INDEX scans_found_stuck ON scans (number) WHERE \(wasFoundStuck())",
    ]
    let tables = firstTables + ["scan_progress"]
    switch dialect {
    case .postgres:
      return columns + [
        postgresCleanup(leaseSeconds: Checks.leaseSeconds(of: "s")), ownMonitorOnPostgres,
        postgresChange(reason: givenReason, error: givenError), RunsView.strictFunction,
        historyFunction(clearing: tables),
      ]
    case .sqlite:
      return columns + [
        "DROP VIEW IF EXISTS stuck_scans_monitor",
        monitorOnSQLite(leaseSeconds: Checks.leaseSeconds(of: "scans")),
        "DROP TRIGGER scan_changed_by_hand", sqliteChange(reason: givenReason, error: givenError),
        "DROP TRIGGER run_changed", RunsView.strictTrigger,
        "DROP TRIGGER scan_history_deleted", historyDeletion(clearing: tables),
      ]
    }
  }

  /// What a recovery has left in the row says nothing of the end that somebody sets.
  private static let givenReason = "nullif(NEW.cleanup_reason, OLD.cleanup_reason)"
  private static let givenError = "nullif(NEW.error_message, OLD.error_message)"

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

/// The condition that a sweep has found an active scan stuck and left it as it is, word for word as in the index of those.
///
/// - Parameter table: as in ``isActive(_:)``.
func wasFoundStuck(_ table: String? = nil) -> String {
  "\(isActive(table)) AND \(table.map { "\($0)." } ?? "")found_stuck_at IS NOT NULL"
}
