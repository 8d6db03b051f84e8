extension Migration {
  /// A status changed by an operator's own SQL (the runbooks print such statements) gets what Holdfast's changes have: its
  /// lifecycle event, an end time, a superseded lease. Holdfast's own changes count `transitions` up, and so are told apart.
  static func handMadeChanges(_ dialect: Dialect) -> [String] {
    switch dialect {
    case .postgres: [postgresFunction, postgresTrigger]
    case .sqlite: [sqliteTrigger]
    }
  }

  private static let postgresFunction = """
    CREATE FUNCTION holdfast_scan_changed_by_hand() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.transitions := OLD.transitions + 1;
      NEW.updated_at := now();
      IF OLD.status = 'running' THEN
        NEW.lease_token := OLD.lease_token + 1;
        NEW.requested_action := NULL;
        NEW.waiting_for := NULL;
      END IF;
      IF NEW.status IN ('completed', 'partial', 'failed', 'cancelled') THEN
        IF NEW.ended_at IS NOT DISTINCT FROM OLD.ended_at THEN NEW.ended_at := now(); END IF;
        IF NEW.status IN ('failed', 'cancelled') THEN
          NEW.cleanup_reason := coalesce(NEW.cleanup_reason, 'manual_intervention');
        END IF;
      ELSE
        NEW.ended_at := NULL;
        IF NEW.status = 'pending' THEN NEW.run_at := now(); END IF;
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

  private static let postgresTrigger = """
    CREATE TRIGGER scan_changed_by_hand BEFORE UPDATE OF status ON scans FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status AND OLD.transitions = NEW.transitions)
    EXECUTE FUNCTION holdfast_scan_changed_by_hand()
    """

  private static let sqliteTrigger = """
    CREATE TRIGGER scan_changed_by_hand AFTER UPDATE OF status ON scans
    WHEN OLD.status IS NOT NEW.status AND OLD.transitions = NEW.transitions
    BEGIN
      UPDATE scans SET
        transitions = OLD.transitions + 1,
        updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
        lease_token = OLD.lease_token + (OLD.status = 'running'),
        requested_action = CASE WHEN OLD.status = 'running' THEN NULL
          ELSE NEW.requested_action END,
        waiting_for = CASE WHEN OLD.status = 'running' THEN NULL ELSE NEW.waiting_for END,
        ended_at = CASE
          WHEN NEW.status NOT IN ('completed', 'partial', 'failed', 'cancelled') THEN NULL
          WHEN NEW.ended_at IS OLD.ended_at THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
          ELSE strftime('%Y-%m-%dT%H:%M:%fZ', NEW.ended_at) END,
        cleanup_reason = CASE WHEN NEW.status IN ('failed', 'cancelled')
          THEN coalesce(NEW.cleanup_reason, 'manual_intervention')
          ELSE NEW.cleanup_reason END,
        run_at = CASE WHEN NEW.status = 'pending' THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
          ELSE NEW.run_at END
      WHERE number = NEW.number;
      INSERT INTO scan_lifecycle_events (scan_id, tenant_id, event_type, event_data)
      VALUES (NEW.id, NEW.tenant_id, 'scan_' || NEW.status, json_object(
        'by', 'sql', 'from', OLD.status, 'attempt', NEW.attempt,
        'reason', NEW.cleanup_reason, 'error', NEW.error_message));
    END
    """
}
