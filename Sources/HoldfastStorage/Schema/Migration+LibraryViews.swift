extension Migration {
  /// The tables of the scanner-reliability document as views over its kind of scan, `library`, and what its UPDATE
  /// statements mean: a status set by hand follows the lifecycle, and unlocking ends what holds the lock.
  static func libraryViews(_ dialect: Dialect) -> [String] {
    [history(dialect), lock(dialect)]
      + (dialect == .postgres ? postgresTriggers : sqliteTriggers)
  }

  private static func history(_ dialect: Dialect) -> String {
    func counted(_ name: String) -> String {
      switch dialect {
      case .postgres:
        """
        CASE WHEN json_typeof(summary -> '\(name)') = 'number'
            THEN (summary ->> '\(name)')::numeric::integer ELSE 0 END
        """
      case .sqlite: "coalesce(CAST(summary ->> '\(name)' AS INTEGER), 0)"
      }
    }
    return """
      CREATE VIEW scan_history AS SELECT
        number AS id,
        \(userID(dialect)) AS started_by_id,
        coalesce(started_at, created_at) AS started_at,
        ended_at AS completed_at,
        status,
        target AS root_path,
        \(counted("categories_found")) AS categories_found,
        \(counted("courses_found")) AS courses_found,
        items_added AS files_added,
        items_updated AS files_updated,
        items_removed AS files_removed,
        errors_count,
        message,
        error_message
      FROM scans WHERE kind = 'library'
      """
  }

  /// Users of that document are numbers; a scan of another origin (`cli`, a token's name) has none.
  private static func userID(_ dialect: Dialect) -> String {
    switch dialect {
    case .postgres:
      "CASE WHEN created_by ~ '^[0-9]{1,9}$' THEN created_by::integer END"
    case .sqlite:
      "CASE WHEN created_by <> '' AND created_by NOT GLOB '*[^0-9]*' THEN CAST(created_by AS INTEGER) END"
    }
  }

  /// One row, whatever there is: the longest active library scan is the holder that it shows.
  private static func lock(_ dialect: Dialect) -> String {
    let oldest = """
      SELECT number, created_by, started_at, created_at FROM scans
      WHERE kind = 'library' AND \(isActive())
      ORDER BY number LIMIT 1
      """
    let flag = dialect == .postgres ? "(holder.number IS NOT NULL)" : "holder.number IS NOT NULL"
    return """
      CREATE VIEW scan_lock AS SELECT
        1 AS id,
        \(flag) AS is_locked,
        \(userID(dialect)) AS locked_by_id,
        coalesce(holder.started_at, holder.created_at) AS locked_at,
        holder.number AS scan_id
      FROM (SELECT 1 AS one) AS single LEFT JOIN (\(oldest)) AS holder ON TRUE
      """
  }

  private static let postgresTriggers = [
    """
    CREATE FUNCTION holdfast_history_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.status IS DISTINCT FROM OLD.status AND NOT (
        (OLD.status = 'running' AND NEW.status IN (
          'completed', 'partial', 'failed', 'pending', 'paused', 'cancelled'))
        OR (OLD.status = 'pending' AND NEW.status IN ('failed', 'cancelled'))
        OR (OLD.status = 'paused' AND NEW.status IN ('pending', 'cancelled'))
        OR (OLD.status IN ('failed', 'partial', 'cancelled') AND NEW.status = 'pending'))
      THEN
        RAISE EXCEPTION 'scan %: a % scan cannot become %', OLD.id, OLD.status, NEW.status
          USING HINT = 'A pending scan can be failed or cancelled; an ended one can be set to pending.';
      END IF;
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
    """,
    """
    CREATE TRIGGER scan_history_changed INSTEAD OF UPDATE ON scan_history FOR EACH ROW
    EXECUTE FUNCTION holdfast_history_changed()
    """,
    """
    CREATE FUNCTION holdfast_lock_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.is_locked IS TRUE AND OLD.is_locked IS FALSE THEN
        RAISE EXCEPTION 'the lock is taken by submitting a scan, not by hand';
      END IF;
      IF NEW.is_locked IS FALSE AND OLD.is_locked IS TRUE THEN
        UPDATE scans SET
          status = CASE status WHEN 'running' THEN 'failed' ELSE 'cancelled' END,
          error_message = 'The scan lock was released by hand',
          cleanup_reason = 'manual_intervention'
        WHERE kind = 'library' AND \(isActive());
      END IF;
      RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER scan_lock_changed INSTEAD OF UPDATE ON scan_lock FOR EACH ROW
    EXECUTE FUNCTION holdfast_lock_changed()
    """,
  ]

  private static let sqliteTriggers = [
    """
    CREATE TRIGGER scan_history_changed INSTEAD OF UPDATE ON scan_history
    BEGIN
      SELECT RAISE(ABORT, 'the lifecycle does not allow this change of status')
      WHERE NEW.status IS NOT OLD.status AND NOT (
        (OLD.status = 'running' AND NEW.status IN (
          'completed', 'partial', 'failed', 'pending', 'paused', 'cancelled'))
        OR (OLD.status = 'pending' AND NEW.status IN ('failed', 'cancelled'))
        OR (OLD.status = 'paused' AND NEW.status IN ('pending', 'cancelled'))
        OR (OLD.status IN ('failed', 'partial', 'cancelled') AND NEW.status = 'pending'));
      UPDATE scans SET
        status = NEW.status,
        ended_at = NEW.completed_at,
        message = NEW.message,
        error_message = NEW.error_message,
        updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      WHERE number = OLD.id AND status = OLD.status;
    END
    """,
    """
    CREATE TRIGGER scan_lock_changed INSTEAD OF UPDATE ON scan_lock
    BEGIN
      SELECT RAISE(ABORT, 'the lock is taken by submitting a scan, not by hand')
      WHERE NEW.is_locked AND NOT OLD.is_locked;
      UPDATE scans SET
        status = CASE status WHEN 'running' THEN 'failed' ELSE 'cancelled' END,
        error_message = 'The scan lock was released by hand',
        cleanup_reason = 'manual_intervention'
      WHERE kind = 'library' AND \(isActive())
        AND NOT NEW.is_locked AND OLD.is_locked;
    END
    """,
  ]
}
