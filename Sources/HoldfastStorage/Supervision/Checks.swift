import HoldfastCore

/// Limits as SQL, each in this one place.
///
/// The first two are how soon a scan is looked at for the first time after it came into the queue or was claimed. Neither is later
/// than any policy's own limit can be, and the sweep that looks sets the next time by the policy itself.
enum Checks {
  /// The shortest limit for what nobody claims is a minute.
  static let pendingSeconds = "60"

  /// A heartbeat is stale after more than one interval at the earliest; no stall is shorter than one.
  static let runningSeconds = """
    CASE WHEN heartbeat_interval_seconds < max_runtime_minutes * 60
      THEN heartbeat_interval_seconds ELSE max_runtime_minutes * 60 END
    """

  /// So many seconds after a heartbeat a running scan's lease may be given away, and not earlier: its worker keeps its runner until
  /// then. Scans that were submitted before they kept the multiple have the default.
  ///
  /// - Parameter table: the name or alias of `scans` in the statement.
  static func leaseSeconds(of table: String) -> String {
    "\(table).heartbeat_interval_seconds * coalesce(\(table).stale_multiple, 3)"
  }

  /// So many seconds after its last heartbeat a worker counts as silent, as ``WorkerRecord/isSilent(for:)`` has it.
  static let workerSilenceSeconds =
    "\(WorkerRecord.silentAfterIntervals) * workers.heartbeat_interval_seconds"
}
