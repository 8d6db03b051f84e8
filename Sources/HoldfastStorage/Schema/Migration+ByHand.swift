extension Migration {
  /// What the runbooks do in SQL: a status set by hand follows the lifecycle (``handMadeChanges(_:)`` in its second form), stuck
  /// scans are cleaned by a function, and two views show what is stuck and what was cleaned.
  static let byHand = Migration(number: 3, name: "SQL by hand: cleanup function, monitor, runs") {
    dialect in
    switch dialect {
    case .postgres:
      [
        postgresChange(reason: firstReason, error: "NEW.error_message"),
        postgresCleanup(leaseSeconds: firstLease), RunsView.postgresFunction,
        RunsView.postgresView, monitorOnPostgres,
      ]
    case .sqlite:
      [
        "DROP TRIGGER scan_changed_by_hand",
        sqliteChange(reason: firstReason, error: "NEW.error_message"), RunsView.sqliteView,
        RunsView.sqliteTrigger, monitorOnSQLite(leaseSeconds: "heartbeat_interval_seconds * 3"),
      ]
    }
  }

  /// As it was before scans kept their own multiple (``leases``).
  private static let firstLease = "s.heartbeat_interval_seconds * 3"
  private static let firstReason = "NEW.cleanup_reason"

  // MARK: A status set by hand

  /// Which changes of a status an operator's own statement may make. `running` is not among the aims: only a claim runs a scan,
  /// and "set back to running" means that it goes on, by way of the queue.
  private static let allowedByHand = """
    (OLD.status = 'running' AND NEW.status IN (
      'completed', 'partial', 'failed', 'pending', 'paused', 'cancelled'))
    OR (OLD.status = 'pending' AND NEW.status IN ('failed', 'cancelled'))
    OR (OLD.status = 'paused' AND NEW.status IN ('pending', 'running', 'cancelled'))
    OR (OLD.status IN ('failed', 'partial', 'cancelled')
      AND NEW.status IN ('pending', 'running'))
    """

  /// - Parameters:
  ///   - reason: the reason that the statement has given for an end, as an expression.
  ///   - error: the error that it has given.
  static func postgresChange(reason: String, error: String) -> String {
    """
    CREATE OR REPLACE FUNCTION holdfast_scan_changed_by_hand() RETURNS trigger
    LANGUAGE plpgsql AS $$
    DECLARE holder bigint;
    BEGIN
      IF NOT (\(allowedByHand)) THEN
        RAISE EXCEPTION 'scan %: a % scan cannot become %', OLD.number, OLD.status, NEW.status
          USING HINT = 'Set failed, partial and cancelled scans to pending to run them again; a '
            'worker claims what is pending.';
      END IF;
      IF NEW.status = 'running' THEN NEW.status := 'pending'; END IF;
      IF OLD.status IN ('failed', 'partial', 'cancelled') THEN
        SELECT number INTO holder FROM scans
        WHERE tenant_id = NEW.tenant_id AND scope = NEW.scope
          AND status IN ('pending', 'running', 'paused') LIMIT 1;
        IF FOUND THEN
          RAISE EXCEPTION 'scan % cannot go back into the queue while scan % is active: both are of %',
            OLD.number, holder, NEW.target;
        END IF;
        IF NEW.cleanup_reason IS NOT DISTINCT FROM OLD.cleanup_reason THEN
          NEW.cleanup_reason := NULL;
        END IF;
        IF NEW.error_message IS NOT DISTINCT FROM OLD.error_message THEN
          NEW.error_message := NULL;
        END IF;
        NEW.message := NULL;
        NEW.crashes := 0;
        NEW.stuck_attempts := 0;
      END IF;
      NEW.transitions := OLD.transitions + 1;
      NEW.updated_at := now();
      IF OLD.status = 'running' THEN
        NEW.lease_token := OLD.lease_token + 1;
        NEW.requested_action := NULL;
        NEW.ordered_recovery := NULL;
        NEW.ordered_at := NULL;
        NEW.waiting_for := NULL;
        NEW.wait_since := NULL;
      END IF;
      IF NEW.status IN ('completed', 'partial', 'failed', 'cancelled') THEN
        IF NEW.ended_at IS NOT DISTINCT FROM OLD.ended_at THEN NEW.ended_at := now(); END IF;
        IF NEW.status IN ('failed', 'cancelled') THEN
          NEW.cleanup_reason := coalesce(\(reason), 'manual_intervention');
          NEW.error_message := \(error);
        END IF;
      ELSE
        NEW.ended_at := NULL;
        NEW.paused_at := CASE WHEN NEW.status = 'paused' THEN now() END;
        IF NEW.status = 'pending' THEN
          NEW.run_at := now();
          NEW.check_at := now() + interval '60 seconds';
          NEW.verdict := NULL;
        END IF;
      END IF;
      INSERT INTO scan_lifecycle_events (scan_id, tenant_id, event_type, event_data)
      VALUES (NEW.id, NEW.tenant_id, 'scan_' || NEW.status, json_build_object(
        'by', 'sql', 'user', current_user, 'from', OLD.status, 'attempt', NEW.attempt,
        'reason', NEW.cleanup_reason, 'error', NEW.error_message));
      PERFORM pg_notify('holdfast_events', '');
      PERFORM pg_notify('holdfast_control', '');
      IF NEW.status = 'pending' THEN PERFORM pg_notify('holdfast_queue', ''); END IF;
      RETURN NEW;
    END
    $$
    """
  }

  /// See ``postgresChange(reason:error:)``.
  static func sqliteChange(reason: String, error: String) -> String {
    """
    CREATE TRIGGER scan_changed_by_hand AFTER UPDATE OF status ON scans
    WHEN OLD.status IS NOT NEW.status AND OLD.transitions = NEW.transitions
    BEGIN
      SELECT RAISE(ABORT, 'the lifecycle does not allow this change of status: failed, partial and cancelled scans can be set to pending, active ones ended')
      WHERE NOT (\(allowedByHand));
      UPDATE scans SET
        status = CASE NEW.status WHEN 'running' THEN 'pending' ELSE NEW.status END,
        transitions = OLD.transitions + 1,
        updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
        lease_token = OLD.lease_token + (OLD.status = 'running'),
        requested_action = CASE WHEN OLD.status = 'running' THEN NULL
          ELSE NEW.requested_action END,
        ordered_recovery = CASE WHEN OLD.status = 'running' THEN NULL
          ELSE NEW.ordered_recovery END,
        ordered_at = CASE WHEN OLD.status = 'running' THEN NULL ELSE NEW.ordered_at END,
        waiting_for = CASE WHEN OLD.status = 'running' THEN NULL ELSE NEW.waiting_for END,
        wait_since = CASE WHEN OLD.status = 'running' THEN NULL ELSE NEW.wait_since END,
        ended_at = CASE
          WHEN NEW.status NOT IN ('completed', 'partial', 'failed', 'cancelled') THEN NULL
          WHEN NEW.ended_at IS OLD.ended_at THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
          ELSE strftime('%Y-%m-%dT%H:%M:%fZ', NEW.ended_at) END,
        paused_at = CASE NEW.status
          WHEN 'paused' THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now') END,
        cleanup_reason = CASE
          WHEN NEW.status IN ('failed', 'cancelled')
            THEN coalesce(\(reason), 'manual_intervention')
          WHEN OLD.status IN ('failed', 'partial', 'cancelled')
            THEN nullif(NEW.cleanup_reason, OLD.cleanup_reason)
          ELSE NEW.cleanup_reason END,
        error_message = CASE
          WHEN OLD.status IN ('failed', 'partial', 'cancelled')
            THEN nullif(NEW.error_message, OLD.error_message)
          WHEN NEW.status IN ('failed', 'cancelled') THEN \(error)
          ELSE NEW.error_message END,
        message = CASE WHEN OLD.status IN ('failed', 'partial', 'cancelled')
          THEN NULL ELSE NEW.message END,
        crashes = CASE WHEN OLD.status IN ('failed', 'partial', 'cancelled')
          THEN 0 ELSE NEW.crashes END,
        stuck_attempts = CASE WHEN OLD.status IN ('failed', 'partial', 'cancelled')
          THEN 0 ELSE NEW.stuck_attempts END,
        run_at = CASE WHEN NEW.status IN ('pending', 'running')
          THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now') ELSE NEW.run_at END,
        check_at = CASE WHEN NEW.status IN ('pending', 'running')
          THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+60 seconds') ELSE NEW.check_at END,
        verdict = CASE WHEN NEW.status IN ('pending', 'running') THEN NULL ELSE NEW.verdict END
      WHERE number = NEW.number;
      INSERT INTO scan_lifecycle_events (scan_id, tenant_id, event_type, event_data)
      SELECT id, tenant_id, 'scan_' || status, json_object(
        'by', 'sql', 'from', OLD.status, 'attempt', attempt,
        'reason', cleanup_reason, 'error', error_message)
      FROM scans WHERE number = NEW.number;
    END
    """
  }

  // MARK: The monitor

  /// By each scan's own limits. Both columns have the names and types of the runbook's own view, so that its CREATE OR REPLACE
  /// finds nothing to object to; one that an operator has made already stays.
  private static let monitorOnPostgres = """
    DO $do$ BEGIN
      IF to_regclass('stuck_scans_monitor') IS NULL THEN
        CREATE VIEW stuck_scans_monitor AS \(monitor(leaseSeconds: "heartbeat_interval_seconds * 3"));
      END IF;
    END $do$
    """

  /// - Parameter leaseSeconds: after how many seconds without a heartbeat a scan is stuck.
  static func monitor(leaseSeconds: String) -> String {
    """
    SELECT
          COUNT(*) AS stuck_count,
          MAX(EXTRACT(EPOCH FROM (NOW() - created_at))/60) AS oldest_runtime_minutes
        FROM scans WHERE status = 'running' AND (
          claimed_at < now() - make_interval(secs => max_runtime_minutes * 60)
          OR greatest(coalesce(last_activity_at, started_at, claimed_at, created_at), claimed_at)
            < now() - make_interval(secs => \(leaseSeconds)))
    """
  }

  static func monitorOnSQLite(leaseSeconds: String) -> String {
    """
    CREATE VIEW IF NOT EXISTS stuck_scans_monitor AS SELECT
      COUNT(*) AS stuck_count,
      MAX((julianday('now') - julianday(created_at)) * 1440) AS oldest_runtime_minutes
    FROM scans WHERE status = 'running' AND (
      (julianday('now') - julianday(claimed_at)) * 1440 > max_runtime_minutes
      OR (julianday('now') - julianday(max(
        coalesce(last_activity_at, started_at, claimed_at, created_at),
        coalesce(claimed_at, created_at)))) * 86400 > \(leaseSeconds))
    """
  }

  // MARK: The cleanup function

  /// Fails what is stuck by the limits given, each left out being the scan's own; a cancel that was asked for is carried out as
  /// one. The rules are those of an operator's cleanup through the API: a heartbeat within two intervals is on time whatever is
  /// given, and a portal that advanced within the hour is spared from its age, as its policy has it.
  ///
  /// - Parameter leaseSeconds: after how many seconds without a heartbeat a scan `s` is stuck where the call does not say.
  static func postgresCleanup(leaseSeconds: String) -> String {
    """
    CREATE OR REPLACE FUNCTION cleanup_stuck_scans_v2(
      max_runtime_minutes double precision DEFAULT NULL,
      heartbeat_stale_minutes double precision DEFAULT NULL,
      dry_run boolean DEFAULT TRUE)
    RETURNS TABLE (
      scan_id uuid, scan_number bigint, scan_kind text, scan_target text, reason text,
      age_minutes integer, heartbeat_age_minutes integer, cleaned boolean)
    LANGUAGE plpgsql AS $$
    DECLARE
      stuck record;
      told text;
    BEGIN
      IF max_runtime_minutes <= 0 OR heartbeat_stale_minutes <= 0 THEN
        RAISE EXCEPTION 'max_runtime_minutes and heartbeat_stale_minutes must be above 0';
      END IF;
      FOR stuck IN
        SELECT s.*, h.stale, h.heard
        FROM scans s CROSS JOIN LATERAL (
          SELECT a.heard, a.heard < now() - make_interval(secs => greatest(
            coalesce(heartbeat_stale_minutes * 60, \(leaseSeconds)),
            s.heartbeat_interval_seconds * 2)) AS stale
          FROM (SELECT greatest(coalesce(s.last_activity_at, s.started_at, s.claimed_at,
            s.created_at), s.claimed_at) AS heard) a) h
        WHERE s.status = 'running' AND (h.stale OR (
          s.claimed_at < now() - make_interval(secs => 60 * coalesce(
            cleanup_stuck_scans_v2.max_runtime_minutes, s.max_runtime_minutes))
          AND NOT (s.kind = 'portal'
            AND greatest(s.progress_at, s.claimed_at) > now() - interval '1 hour')))
        ORDER BY s.number
      LOOP
        scan_id := stuck.id;
        scan_number := stuck.number;
        scan_kind := stuck.kind;
        scan_target := stuck.target;
        reason := CASE WHEN stuck.stale THEN 'heartbeat_stale' ELSE 'runtime_timeout' END;
        age_minutes := floor(extract(epoch FROM now() - stuck.created_at) / 60);
        heartbeat_age_minutes := floor(extract(epoch FROM now() - stuck.heard) / 60);
        cleaned := FALSE;
        IF NOT dry_run THEN
          told := CASE WHEN stuck.stale
            THEN format('Timeout - no heartbeat for %s minutes', heartbeat_age_minutes)
            ELSE format('Timeout - out of time after %s minutes', age_minutes) END;
          UPDATE scans AS s SET
            status = CASE WHEN s.requested_action = 'cancel' THEN 'cancelled' ELSE 'failed' END,
            transitions = s.transitions + 1,
            lease_token = s.lease_token + 1,
            ended_at = now(),
            updated_at = now(),
            cleanup_reason = cleanup_stuck_scans_v2.reason,
            error_message = told,
            recovery_info = json_build_object(
              'recovered_at', now(), 'reason', cleanup_stuck_scans_v2.reason, 'action', 'fail',
              'message', told, 'by', 'sql', 'original_status', json_build_object(
                'status', s.status, 'attempt', s.attempt, 'progress', s.progress,
                'worker_id', s.worker_name, 'last_worker_update', s.last_activity_at)),
            requested_action = NULL, requested_by = NULL, requested_at = NULL,
            ordered_recovery = NULL, ordered_at = NULL, waiting_for = NULL, wait_since = NULL
          WHERE s.number = stuck.number AND s.status = 'running'
            AND s.lease_token = stuck.lease_token
            AND s.last_activity_at IS NOT DISTINCT FROM stuck.last_activity_at;
          cleaned := FOUND;
          -- Heard of meanwhile: it is not stuck.
          CONTINUE WHEN NOT cleaned;
          INSERT INTO scan_lifecycle_events (scan_id, tenant_id, event_type, event_data)
          VALUES (stuck.id, stuck.tenant_id,
            CASE WHEN stuck.requested_action = 'cancel'
              THEN 'scan_cancelled' ELSE 'scan_failed' END,
            json_build_object(
              'by', 'sql', 'user', current_user, 'from', 'running', 'attempt', stuck.attempt,
              'reason', 'cleanup_stuck_scans', 'cleanup_reason', cleanup_stuck_scans_v2.reason,
              'message', told));
          PERFORM pg_notify('holdfast_events', '');
          PERFORM pg_notify('holdfast_control', '');
        END IF;
        RETURN NEXT;
      END LOOP;
    END
    $$
    """
  }
}
