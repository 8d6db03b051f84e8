import HoldfastCore

extension Migration {
  /// The view `scan_history` as a table that operators write to: what can be changed in it is changed, a row that is deleted takes its
  /// errors along (as the scanner-reliability document's own table has it), and anything else is refused in words.
  static let historyByHand = Migration(number: 9, name: "scan_history by hand") { dialect in
    switch dialect {
    case .postgres:
      [
        historyFunction(clearing: firstTables),
        "DROP TRIGGER scan_history_changed ON scan_history",
        """
        CREATE TRIGGER scan_history_changed INSTEAD OF INSERT OR UPDATE OR DELETE ON scan_history
        FOR EACH ROW EXECUTE FUNCTION holdfast_history_changed()
        """,
      ]
    case .sqlite:
      [
        "DROP TRIGGER scan_history_changed", sqliteUpdate, historyDeletion(clearing: firstTables),
        sqliteInsert,
      ]
    }
  }

  /// What belonged to a scan at first; its progress history came later (``leases``).
  static let firstTables = ["scan_items", "scan_errors", "staged_parts"]

  private static func clearing(_ tables: [String]) -> String {
    (tables.map { "DELETE FROM \($0) WHERE scan_id = OLD.id;" }
      + ["DELETE FROM scans WHERE number = OLD.id;"]).joined(separator: "\n")
  }

  private static let ended = ScanStatus.allCases.filter(\.isTerminal)
    .map { "'\($0.rawValue)'" }.joined(separator: ", ")

  /// What a scan has counted is not for anybody to write.
  private static let derived = [
    "id", "started_by_id", "started_at", "root_path", "categories_found", "courses_found",
    "files_added", "files_updated", "files_removed", "errors_count",
  ]

  private static let onlyThese =
    "only status, completed_at, message and error_message of scan_history can be changed"
  private static let endFirst = "an active scan cannot be deleted; cancel it first"
  private static let submitInstead =
    "a scan is submitted and not inserted: holdfast scan library PATH, or POST /api/v1/scans"
  private static let noEnd =
    "completed_at is the end of a scan that has ended; set its status with it"

  private static func row(_ name: String) -> String {
    "(" + derived.map { "\(name).\($0)" }.joined(separator: ", ") + ")"
  }

  // MARK: PostgreSQL

  static func historyFunction(clearing tables: [String]) -> String {
    """
    CREATE OR REPLACE FUNCTION holdfast_history_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE gone record;
    BEGIN
      IF TG_OP = 'INSERT' THEN RAISE EXCEPTION '\(submitInstead)'; END IF;
      IF TG_OP = 'DELETE' THEN
        SELECT scans.* INTO gone FROM scans WHERE number = OLD.id FOR UPDATE;
        IF NOT FOUND THEN RETURN NULL; END IF;
        IF gone.status NOT IN (\(ended)) THEN
          RAISE EXCEPTION 'scan % is %: \(endFirst)', OLD.id, gone.status;
        END IF;
        \(clearing(tables))
        INSERT INTO scan_lifecycle_events (scan_id, tenant_id, event_type, event_data)
        VALUES (gone.id, gone.tenant_id, 'scan_deleted', json_build_object(
          'by', 'sql', 'user', current_user, 'number', gone.number, 'kind', gone.kind,
          'target', gone.target, 'from', gone.status));
        PERFORM pg_notify('holdfast_events', '');
        RETURN OLD;
      END IF;
      IF \(row("NEW")) IS DISTINCT FROM \(row("OLD")) THEN
        RAISE EXCEPTION 'scan %: \(onlyThese)', OLD.id;
      END IF;
      IF NEW.status IS NOT DISTINCT FROM OLD.status
        AND NEW.completed_at IS DISTINCT FROM OLD.completed_at
        AND (NEW.completed_at IS NULL OR OLD.status NOT IN (\(ended)))
      THEN
        RAISE EXCEPTION 'scan % is %: \(noEnd)', OLD.id, OLD.status;
      END IF;
      -- Which changes of a status are allowed, and what comes with them, is the table's own affair.
      UPDATE scans SET
        status = NEW.status,
        ended_at = NEW.completed_at,
        message = NEW.message,
        error_message = NEW.error_message,
        updated_at = now()
      WHERE number = OLD.id AND status = OLD.status;
      IF NOT FOUND THEN RETURN NULL; END IF;
      RETURN NEW;
    END
    $$
    """
  }

  // MARK: SQLite

  private static let sqliteUpdate = """
    CREATE TRIGGER scan_history_changed INSTEAD OF UPDATE ON scan_history
    BEGIN
      SELECT RAISE(ABORT, '\(onlyThese)') WHERE \(row("NEW")) IS NOT \(row("OLD"));
      SELECT RAISE(ABORT, '\(noEnd)')
      WHERE NEW.status IS OLD.status AND NEW.completed_at IS NOT OLD.completed_at
        AND (strftime('%Y', NEW.completed_at) IS NULL OR OLD.status NOT IN (\(ended)));
      UPDATE scans SET
        status = NEW.status,
        ended_at = CASE
          WHEN NEW.status IS NOT OLD.status OR NEW.completed_at IS OLD.completed_at
            THEN NEW.completed_at
          ELSE strftime('%Y-%m-%dT%H:%M:%fZ', NEW.completed_at) END,
        message = NEW.message,
        error_message = NEW.error_message,
        updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      WHERE number = OLD.id AND status = OLD.status;
    END
    """

  static func historyDeletion(clearing tables: [String]) -> String {
    """
    CREATE TRIGGER scan_history_deleted INSTEAD OF DELETE ON scan_history
    BEGIN
      SELECT RAISE(ABORT, '\(endFirst)') WHERE OLD.status NOT IN (\(ended));
      INSERT INTO scan_lifecycle_events (scan_id, tenant_id, event_type, event_data)
      SELECT id, tenant_id, 'scan_deleted', json_object(
        'by', 'sql', 'number', number, 'kind', kind, 'target', target, 'from', status)
      FROM scans WHERE number = OLD.id;
      \(clearing(tables))
    END
    """
  }

  private static let sqliteInsert = """
    CREATE TRIGGER scan_history_inserted INSTEAD OF INSERT ON scan_history
    BEGIN
      SELECT RAISE(ABORT, '\(submitInstead)');
    END
    """
}
