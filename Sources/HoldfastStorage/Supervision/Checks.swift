/// How soon a scan is looked at for the first time after it came into the queue or was claimed, as SQL. Neither is later than any
/// policy's own limit can be, and the sweep that looks sets the next time by the policy itself.
enum Checks {
  /// The shortest limit for what nobody claims is a minute.
  static let pendingSeconds = "60"

  /// A heartbeat is stale after more than one interval at the earliest; no stall is shorter than one.
  static let runningSeconds = """
    CASE WHEN heartbeat_interval_seconds < max_runtime_minutes * 60
      THEN heartbeat_interval_seconds ELSE max_runtime_minutes * 60 END
    """
}
