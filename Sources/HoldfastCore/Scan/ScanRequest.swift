/// A wish for a scan: what `submit` turns into a pending scan.
package struct ScanRequest: Sendable, Hashable {
  /// Made by the submitter, so that an in-doubt submission can be sent again under the same name.
  package var id: ScanID
  package var tenantID: String
  package var kind: String
  package var target: String
  package var params: JSONValue
  /// Larger is claimed sooner. −100 to 100.
  package var priority: Int
  /// The exclusive scope, or `nil`; ``Policy/scope(kind:target:)`` makes it.
  package var scope: String?
  package var idempotencyKey: String?
  /// Seconds from now before which it is not to be claimed.
  package var delaySeconds: Double
  package var maxRuntimeMinutes: Double
  package var heartbeatIntervalSeconds: Double
  /// The lease may be given away after so many intervals without a heartbeat.
  package var staleMultiple: Double
  /// Who asked: a user's or token's name, `cli`, `schedule`.
  package var createdBy: String?

  package init(
    id: ScanID, tenantID: String = "default", kind: String, target: String,
    params: JSONValue = .object([:]), priority: Int = 0, policy: Policy,
    idempotencyKey: String? = nil, delaySeconds: Double = 0, createdBy: String? = nil
  ) {
    self.id = id
    self.tenantID = tenantID
    self.kind = kind
    self.target = target
    self.params = params
    self.priority = priority
    self.scope = policy.scope(kind: kind, target: target)
    self.idempotencyKey = idempotencyKey
    self.delaySeconds = delaySeconds
    self.maxRuntimeMinutes = policy.maxRuntimeMinutes
    self.heartbeatIntervalSeconds = policy.heartbeatIntervalSeconds
    self.staleMultiple = policy.staleMultiple
    self.createdBy = createdBy
  }
}

/// What became of a request.
package enum Submission: Sendable, Hashable {
  case created(Scan)
  /// The idempotency key (or the id) was used before, for this scan.
  case existing(Scan)
  /// Its exclusive scope is held by this active scan.
  case scopeHeld(by: Scan)
}
