import HoldfastCore

/// Updates of `runs` that say what they cannot do, in place of passing over it.
extension RunsView {
  private static let onlyThese =
    "only status, completed_at, message and error_message of runs can be changed"
  private static let noEnd =
    "completed_at is the end of a run that has ended; set its status with it"

  /// What is counted, or is another column's affair, is not for anybody to write here.
  private static let derived = [
    "id", "portal_name", "extracted_total_tenders", "skipped_existing_total", "started_at", "kind",
    "has_checkpoint", "last_activity_at", "cleanup_reason",
  ]

  private static let ended = ScanStatus.allCases.filter(\.isTerminal)
    .map { "'\($0.rawValue)'" }.joined(separator: ", ")

  private static func row(_ name: String) -> String {
    "(" + derived.map { "\(name).\($0)" }.joined(separator: ", ") + ")"
  }

  static let strictFunction = """
    CREATE OR REPLACE FUNCTION holdfast_run_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      found_status text;
      wanted text := CASE WHEN NEW.status LIKE '%Auto-cleaned%' THEN 'failed' ELSE NEW.status END;
    BEGIN
      IF \(row("NEW")) IS DISTINCT FROM \(row("OLD")) THEN
        RAISE EXCEPTION 'run %: \(onlyThese)', OLD.id;
      END IF;
      SELECT status INTO found_status FROM scans WHERE number = OLD.id FOR NO KEY UPDATE;
      IF NOT FOUND THEN RETURN NULL; END IF;
      IF NEW.status IS DISTINCT FROM OLD.status AND wanted IS DISTINCT FROM found_status THEN
        IF NEW.status LIKE '%Auto-cleaned%' THEN
          -- A recovery may have left the same reason, which would then not count as given.
          UPDATE scans SET cleanup_reason = NULL WHERE number = OLD.id;
        END IF;
        \(postgresStatus)
      ELSE
        IF NEW.completed_at IS DISTINCT FROM OLD.completed_at THEN
          IF NEW.completed_at IS NULL OR found_status NOT IN (\(ended)) THEN
            RAISE EXCEPTION 'run % is %: \(noEnd)', OLD.id, found_status;
          END IF;
          UPDATE scans SET ended_at = NEW.completed_at, updated_at = now() WHERE number = OLD.id;
        END IF;
        IF NEW.error_message IS DISTINCT FROM OLD.error_message THEN
          UPDATE scans SET error_message = NEW.error_message, updated_at = now()
          WHERE number = OLD.id;
        END IF;
      END IF;
      IF NEW.message IS DISTINCT FROM OLD.message THEN
        UPDATE scans SET message = NEW.message, updated_at = now() WHERE number = OLD.id;
      END IF;
      RETURN NEW;
    END
    $$
    """

  static let strictTrigger = """
    CREATE TRIGGER run_changed INSTEAD OF UPDATE ON runs
    BEGIN
      SELECT RAISE(ABORT, '\(onlyThese)') WHERE \(row("NEW")) IS NOT \(row("OLD"));
      SELECT RAISE(ABORT, '\(noEnd)')
      WHERE NEW.status IS OLD.status AND NEW.completed_at IS NOT OLD.completed_at
        AND (strftime('%Y', NEW.completed_at) IS NULL
          OR OLD.status IN ('pending', 'running', 'paused'));
      UPDATE scans SET
        ended_at = CASE WHEN NEW.completed_at IS OLD.completed_at THEN ended_at
          ELSE strftime('%Y-%m-%dT%H:%M:%fZ', NEW.completed_at) END,
        error_message = NEW.error_message,
        updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      WHERE number = OLD.id AND NEW.status IS OLD.status AND (
        NEW.completed_at IS NOT OLD.completed_at OR NEW.error_message IS NOT OLD.error_message);
      UPDATE scans SET cleanup_reason = NULL
      WHERE number = OLD.id AND NEW.status IS NOT OLD.status AND NEW.status LIKE '%Auto-cleaned%';
      \(sqliteStatus)
      UPDATE scans SET message = NEW.message WHERE number = OLD.id
        AND NEW.message IS NOT OLD.message;
    END
    """
}
