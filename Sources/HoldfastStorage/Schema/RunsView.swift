import HoldfastCore

/// The view `runs`: scans as the auto-cleanup of scraping runs names them, of every kind. A scan that a cleanup has failed reads
/// `Timeout - Auto-cleaned`, and an UPDATE of the status means what that document means by it.
enum RunsView {
  /// How a cleaned run reads.
  static let cleaned = "Timeout - Auto-cleaned"

  /// Where the operator has something called `runs` already, it stays.
  static let postgresView = """
    DO $do$ BEGIN
      IF to_regclass('runs') IS NULL THEN
        CREATE VIEW runs AS SELECT
          number AS id,
          target AS portal_name,
          CASE WHEN status = 'failed' AND cleanup_reason IN (\(reasons)) THEN '\(cleaned)'
            ELSE status END AS status,
          extracted AS extracted_total_tenders,
          coalesce(counted_skips, greatest(seen - extracted, 0)) AS skipped_existing_total,
          coalesce(started_at, created_at) AS started_at,
          ended_at AS completed_at,
          kind,
          has_checkpoint,
          last_activity_at,
          cleanup_reason,
          message,
          error_message
        FROM (
          SELECT number, target, status, cleanup_reason, started_at, created_at, ended_at, kind,
            last_activity_at, message, error_message,
            checkpoint IS NOT NULL AS has_checkpoint,
            coalesce(CASE WHEN json_typeof(summary -> 'extracted_total_tenders') = 'number'
              THEN (summary ->> 'extracted_total_tenders')::numeric::bigint END,
              items_added + items_updated + items_moved + items_found) AS extracted,
            CASE WHEN json_typeof(summary -> 'skipped_existing_total') = 'number'
              THEN (summary ->> 'skipped_existing_total')::numeric::bigint END AS counted_skips,
            coalesce(CASE WHEN json_typeof(progress -> 'done') = 'number'
              THEN (progress ->> 'done')::numeric::bigint END, 0) AS seen
          FROM scans) AS counted;
        CREATE TRIGGER run_changed INSTEAD OF UPDATE ON runs FOR EACH ROW
        EXECUTE FUNCTION holdfast_run_changed();
      END IF;
    END $do$
    """

  static let sqliteView = """
    CREATE VIEW runs AS SELECT
      number AS id,
      target AS portal_name,
      CASE WHEN status = 'failed' AND cleanup_reason IN (\(reasons)) THEN '\(cleaned)'
        ELSE status END AS status,
      extracted AS extracted_total_tenders,
      coalesce(counted_skips, max(seen - extracted, 0)) AS skipped_existing_total,
      coalesce(started_at, created_at) AS started_at,
      ended_at AS completed_at,
      kind,
      has_checkpoint,
      last_activity_at,
      cleanup_reason,
      message,
      error_message
    FROM (
      SELECT number, target, status, cleanup_reason, started_at, created_at, ended_at, kind,
        last_activity_at, message, error_message,
        checkpoint IS NOT NULL AS has_checkpoint,
        coalesce(CAST(summary ->> 'extracted_total_tenders' AS INTEGER),
          items_added + items_updated + items_moved + items_found) AS extracted,
        CAST(summary ->> 'skipped_existing_total' AS INTEGER) AS counted_skips,
        coalesce(CAST(progress ->> 'done' AS INTEGER), 0) AS seen
      FROM scans) AS counted
    """

  // MARK: A status set through the view

  static let postgresStatus = """
    UPDATE scans SET
          status = wanted,
          ended_at = NEW.completed_at,
          cleanup_reason = CASE WHEN NEW.status LIKE '%Auto-cleaned%' THEN 'runtime_timeout'
            ELSE cleanup_reason END,
          error_message = CASE WHEN NEW.status LIKE '%Auto-cleaned%'
            AND NEW.error_message IS NOT DISTINCT FROM OLD.error_message
            THEN NEW.status ELSE NEW.error_message END
        WHERE number = OLD.id;
    """

  static let sqliteStatus = """
    UPDATE scans SET
        status = CASE WHEN NEW.status LIKE '%Auto-cleaned%' THEN 'failed' ELSE NEW.status END,
        ended_at = NEW.completed_at,
        cleanup_reason = CASE WHEN NEW.status LIKE '%Auto-cleaned%' THEN 'runtime_timeout'
          ELSE cleanup_reason END,
        error_message = CASE WHEN NEW.status LIKE '%Auto-cleaned%'
          AND NEW.error_message IS OLD.error_message
          THEN NEW.status ELSE NEW.error_message END
      WHERE number = OLD.id AND NEW.status IS NOT OLD.status;
    """

  static let postgresFunction = """
    CREATE FUNCTION holdfast_run_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      found_status text;
      wanted text := CASE WHEN NEW.status LIKE '%Auto-cleaned%' THEN 'failed' ELSE NEW.status END;
    BEGIN
      SELECT status INTO found_status FROM scans WHERE number = OLD.id FOR NO KEY UPDATE;
      IF NEW.status IS DISTINCT FROM OLD.status AND wanted <> found_status THEN
        \(postgresStatus)
      END IF;
      IF NEW.message IS DISTINCT FROM OLD.message THEN
        UPDATE scans SET message = NEW.message, updated_at = now() WHERE number = OLD.id;
      END IF;
      RETURN NEW;
    END
    $$
    """

  static let sqliteTrigger = """
    CREATE TRIGGER run_changed INSTEAD OF UPDATE ON runs
    BEGIN
      \(sqliteStatus)
      UPDATE scans SET message = NEW.message WHERE number = OLD.id
        AND NEW.message IS NOT OLD.message;
    END
    """

  private static let reasons = Reason.cleanups.map { "'\($0.rawValue)'" }.joined(separator: ", ")
}
