/// Every threshold and choice that supervision makes for a kind of scan.
package struct Policy: Sendable, Hashable, Codable {
  /// What at most one active scan may share.
  package enum Exclusivity: String, Codable, Sendable, CaseIterable {
    case target, kind, none
  }

  /// How often a running attempt's heartbeat is due. It counts as stale after three intervals.
  package var heartbeatIntervalSeconds: Double
  package var maxRuntimeMinutes: Double
  package var exclusivity: Exclusivity
  /// How often its runner may die before the scan is failed.
  package var maxCrashes: Int

  package init(
    heartbeatIntervalSeconds: Double, maxRuntimeMinutes: Double, exclusivity: Exclusivity,
    maxCrashes: Int
  ) {
    self.heartbeatIntervalSeconds = heartbeatIntervalSeconds
    self.maxRuntimeMinutes = maxRuntimeMinutes
    self.exclusivity = exclusivity
    self.maxCrashes = maxCrashes
  }

  /// The defaults of a kind, from the system that it comes from: 30 s of heartbeat and 15 min of `site` scans (runbook of
  /// stuck website scans), 24 h of `portal` runs (auto-cleanup of scraping runs), 30 min of `library` scans (scanner
  /// reliability). `command` and kinds that an operator declares get a day.
  package static func `default`(for kind: String) -> Policy {
    let maxRuntimeMinutes: Double =
      switch kind {
      case "site": 15
      case "library", "dependencies": 30
      default: 24 * 60
      }
    return Policy(
      heartbeatIntervalSeconds: 30, maxRuntimeMinutes: maxRuntimeMinutes, exclusivity: .target,
      maxCrashes: 3)
  }

  /// The name of the scope that a scan of `kind` and `target` holds while it is active; `nil` where several may be.
  package func scope(kind: String, target: String) -> String? {
    switch exclusivity {
    case .target: "\(kind):\(target)"
    case .kind: kind
    case .none: nil
    }
  }
}
