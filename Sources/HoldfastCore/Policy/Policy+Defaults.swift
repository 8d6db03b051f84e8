extension Policy {
  /// The defaults of a kind, from the system that it comes from:
  ///
  /// - `site`: 15 minutes of runtime, a heartbeat every 30 s, stale after three (runbook of stuck
  ///   website scans); nothing advancing for 10 minutes (stuck-audit prevention, whose figure holds
  ///   for every kind that has none of its own).
  /// - `portal`: 24 hours, and a run that makes progress is never ended for its age (auto-cleanup
  ///   of scraping runs: "24+ hour runs are common"). Portals are slow and throttle, so a page may
  ///   take an hour, and declared waits may add up to six.
  /// - `library`: 30 minutes (scanner reliability: "alert if > 30 minutes").
  /// - `dependencies`: 30 minutes (the maximum age of stuck-audit prevention), pending for 5
  ///   minutes (support runbook).
  /// - kinds that an operator declares, and `command`: a day, and an hour in which neither progress
  ///   nor processor time nor bytes move, since most programs report nothing.
  /// - `command`: never run a second time by itself, since nobody knows whether that does harm
  ///   (`holdfast run --resume` says that it does none); and failed where the `holdfast run` that it
  ///   belongs to is gone.
  package static func `default`(for kind: String) -> Policy {
    var policy = Policy(
      heartbeatIntervalSeconds: 30, maxRuntimeMinutes: 24 * 60, exclusivity: .target,
      maxCrashes: 3)
    switch kind {
    case "site":
      policy.maxRuntimeMinutes = 15
      policy.waitingCapMinutes = 5
    case "library", "dependencies":
      policy.maxRuntimeMinutes = 30
      policy.waitingCapMinutes = 10
    case "portal":
      policy.deadlineSparesProgress = true
      policy.stallAfterSeconds = 3600
      policy.waitingCapMinutes = 6 * 60
    default:
      policy.movement = .any
      policy.stallAfterSeconds = 3600
      policy.waitingCapMinutes = 60
      if kind == "command" {
        policy.onStuck = .fail
        policy.maxCrashes = 1
        policy.onPendingTimeout = .fail
      }
    }
    return policy
  }
}
