/// Limits that an operator gives with one request (`maxRuntimeMinutes`, `heartbeatStaleMinutes`
/// of the runbook of stuck website scans): they hold for that request, above the policy and above
/// what the scan itself was given.
package struct CleanupLimits: Sendable, Hashable, Codable {
  package var maxRuntimeMinutes: Double?
  package var heartbeatStaleMinutes: Double?

  package init(maxRuntimeMinutes: Double? = nil, heartbeatStaleMinutes: Double? = nil) {
    self.maxRuntimeMinutes = maxRuntimeMinutes
    self.heartbeatStaleMinutes = heartbeatStaleMinutes
  }

  /// Heartbeats that are on time stay on time: no request makes one stale within two intervals. A
  /// policy that spares moving scans from their runtime limit spares them from this one too.
  func applied(
    to snapshot: ScanSnapshot, _ policy: Policy
  ) -> (snapshot: ScanSnapshot, policy: Policy) {
    var snapshot = snapshot
    var policy = policy.bound(to: snapshot)
    // Bound once: what the request or a sick observer makes of it must not be undone.
    snapshot.staleMultiple = nil
    if let maxRuntimeMinutes { snapshot.maxRuntimeMinutes = maxRuntimeMinutes }
    if let heartbeatStaleMinutes {
      policy.staleMultiple = max(2, heartbeatStaleMinutes * 60 / policy.heartbeatIntervalSeconds)
    }
    return (snapshot, policy)
  }
}
