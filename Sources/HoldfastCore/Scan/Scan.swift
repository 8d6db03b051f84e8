/// One scan as the store holds it: the shape that the API, `--json` and the events show.
package struct Scan: Sendable, Hashable, Codable, Identifiable {
  package var id: ScanID
  /// A short name that people type: 1, 2, 3, … Unique in the database.
  package var number: Int64
  package var tenantID: String
  package var kind: String
  package var target: String
  package var params: JSONValue
  package var status: ScanStatus
  package var priority: Int
  /// The name of the exclusive scope it holds while it is active; `nil` for none.
  package var scope: String?
  package var idempotencyKey: String?

  /// The attempts so far; 0 before the first claim.
  package var attempt: Int
  package var leaseToken: Int64
  /// Attempts that ended because their runner died.
  package var crashes: Int
  /// The worker that holds, or last held, the lease.
  package var workerID: String?
  package var workerName: String?

  package var createdAt: Timestamp
  package var updatedAt: Timestamp
  /// Not to be claimed earlier.
  package var runAt: Timestamp
  package var claimedAt: Timestamp?
  /// When the first attempt started.
  package var startedAt: Timestamp?
  package var lastActivityAt: Timestamp?
  /// When its progress last advanced.
  package var progressAt: Timestamp?
  package var endedAt: Timestamp?

  package var progress: Progress?
  package var progressMessage: String?
  /// What the running attempt has declared that it waits for.
  package var waitingFor: String?
  package var checkpoint: JSONValue?
  package var checkpointAt: Timestamp?
  package var counts: ItemCounts
  /// What the kind itself counts and says of the whole (`categories_found`, …).
  package var summary: JSONValue
  /// One sentence on how it ended.
  package var message: String?
  package var errorMessage: String?
  package var cleanupReason: String?
  package var recoveryInfo: JSONValue?

  package var maxRuntimeMinutes: Double
  package var heartbeatIntervalSeconds: Double
  /// Its lease may be given away after so many intervals without a heartbeat; `nil` for what was submitted before this was
  /// kept, of which the policy says it.
  package var staleMultiple: Double?
  /// What an operator has asked of a running scan and its worker has not yet done.
  package var requestedAction: RequestedAction?
  package var requestedAt: Timestamp?
  package var createdBy: String?
  /// Attempts in a row that ended stuck.
  package var stuckAttempts: Int
  /// What supervision held of it when it last had something to say (``Verdict``).
  package var verdict: JSONValue?
  /// What its worker suspects of the running attempt (``RaisedSuspicion``); `nil` for nothing.
  package var suspicion: JSONValue?
  /// When it became suspicious.
  package var suspectedAt: Timestamp?

  package init(
    id: ScanID, number: Int64, tenantID: String, kind: String, target: String,
    params: JSONValue, status: ScanStatus, priority: Int, scope: String?,
    idempotencyKey: String?, attempt: Int, leaseToken: Int64, crashes: Int, workerID: String?,
    workerName: String?, createdAt: Timestamp, updatedAt: Timestamp, runAt: Timestamp,
    claimedAt: Timestamp?, startedAt: Timestamp?, lastActivityAt: Timestamp?,
    progressAt: Timestamp?, endedAt: Timestamp?, progress: Progress?,
    progressMessage: String?, waitingFor: String?, checkpoint: JSONValue?,
    checkpointAt: Timestamp?, counts: ItemCounts, summary: JSONValue, message: String?,
    errorMessage: String?, cleanupReason: String?, recoveryInfo: JSONValue?,
    maxRuntimeMinutes: Double, heartbeatIntervalSeconds: Double,
    requestedAction: RequestedAction?, requestedAt: Timestamp?, createdBy: String?,
    stuckAttempts: Int = 0, verdict: JSONValue? = Optional<JSONValue>.none,
    suspicion: JSONValue? = Optional<JSONValue>.none, suspectedAt: Timestamp? = nil,
    staleMultiple: Double? = nil
  ) {
    self.id = id
    self.number = number
    self.tenantID = tenantID
    self.kind = kind
    self.target = target
    self.params = params
    self.status = status
    self.priority = priority
    self.scope = scope
    self.idempotencyKey = idempotencyKey
    self.attempt = attempt
    self.leaseToken = leaseToken
    self.crashes = crashes
    self.workerID = workerID
    self.workerName = workerName
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.runAt = runAt
    self.claimedAt = claimedAt
    self.startedAt = startedAt
    self.lastActivityAt = lastActivityAt
    self.progressAt = progressAt
    self.endedAt = endedAt
    self.progress = progress
    self.progressMessage = progressMessage
    self.waitingFor = waitingFor
    self.checkpoint = checkpoint
    self.checkpointAt = checkpointAt
    self.counts = counts
    self.summary = summary
    self.message = message
    self.errorMessage = errorMessage
    self.cleanupReason = cleanupReason
    self.recoveryInfo = recoveryInfo
    self.maxRuntimeMinutes = maxRuntimeMinutes
    self.heartbeatIntervalSeconds = heartbeatIntervalSeconds
    self.requestedAction = requestedAction
    self.requestedAt = requestedAt
    self.createdBy = createdBy
    self.stuckAttempts = stuckAttempts
    self.verdict = verdict
    self.suspicion = suspicion
    self.suspectedAt = suspectedAt
    self.staleMultiple = staleMultiple
  }

  enum CodingKeys: String, CodingKey {
    case id, number, kind, target, params, status, priority, scope, attempt, crashes
    case progress, checkpoint, counts, summary, message, verdict, suspicion
    case stuckAttempts = "stuck_attempts"
    case suspectedAt = "suspected_at"
    case tenantID = "tenant_id"
    case idempotencyKey = "idempotency_key"
    case leaseToken = "lease_token"
    case workerID = "worker_id"
    case workerName = "worker_name"
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    case runAt = "run_at"
    case claimedAt = "claimed_at"
    case startedAt = "started_at"
    case lastActivityAt = "last_activity_at"
    case progressAt = "progress_at"
    case endedAt = "ended_at"
    case progressMessage = "progress_message"
    case waitingFor = "waiting_for"
    case checkpointAt = "checkpoint_at"
    case errorMessage = "error_message"
    case cleanupReason = "cleanup_reason"
    case recoveryInfo = "recovery_info"
    case maxRuntimeMinutes = "max_runtime_minutes"
    case heartbeatIntervalSeconds = "heartbeat_interval_seconds"
    case staleMultiple = "stale_multiple"
    case requestedAction = "requested_action"
    case requestedAt = "requested_at"
    case createdBy = "created_by"
  }
}

/// What an operator can ask of a running scan; its worker carries it out by ending the process first and the row after.
package enum RequestedAction: String, Codable, Sendable, CaseIterable {
  case cancel
  case pause
}
