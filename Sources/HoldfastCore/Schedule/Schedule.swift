/// A wish for scans at certain times, as the store holds it and the API shows it.
package struct Schedule: Sendable, Hashable, Codable {
  package var id: Int64
  /// Unique within the tenant.
  package var name: String
  package var tenantID: String
  package var kind: String
  package var target: String
  package var params: JSONValue
  package var priority: Int
  /// One of `cron` and `everySeconds` is there.
  package var cron: String?
  /// The zone of `cron`, as the tz database names it.
  package var zone: String
  package var everySeconds: Int64?
  package var missed: MissedRuns
  package var createdAt: Timestamp
  package var createdBy: String?
  /// The instant up to which runs have been submitted or passed over.
  package var handledAt: Timestamp
  /// `nil` where there is none any more.
  package var nextAt: Timestamp?
  /// The run that was handled last, which is not when it was submitted.
  package var lastRunAt: Timestamp?
  package var lastScanID: ScanID?
  /// `submitted`, or why it was not.
  package var lastOutcome: String?
  /// Runs that were passed over so far.
  package var missedRuns: Int64

  package init(
    id: Int64, name: String, tenantID: String, kind: String, target: String, params: JSONValue,
    priority: Int, cron: String?, zone: String, everySeconds: Int64?, missed: MissedRuns,
    createdAt: Timestamp, createdBy: String?, handledAt: Timestamp, nextAt: Timestamp?,
    lastRunAt: Timestamp?, lastScanID: ScanID?, lastOutcome: String?, missedRuns: Int64
  ) {
    self.id = id
    self.name = name
    self.tenantID = tenantID
    self.kind = kind
    self.target = target
    self.params = params
    self.priority = priority
    self.cron = cron
    self.zone = zone
    self.everySeconds = everySeconds
    self.missed = missed
    self.createdAt = createdAt
    self.createdBy = createdBy
    self.handledAt = handledAt
    self.nextAt = nextAt
    self.lastRunAt = lastRunAt
    self.lastScanID = lastScanID
    self.lastOutcome = lastOutcome
    self.missedRuns = missedRuns
  }

  /// - Throws: ``CronError`` where somebody has changed the row by hand.
  package func rule() throws(CronError) -> ScheduleRule {
    if let cron { return .cron(try CronExpression(cron)) }
    return .interval(seconds: max(1, everySeconds ?? 86_400), anchor: createdAt)
  }

  enum CodingKeys: String, CodingKey {
    case id, name, kind, target, params, priority, cron, zone, missed
    case tenantID = "tenant_id"
    case everySeconds = "every_seconds"
    case createdAt = "created_at"
    case createdBy = "created_by"
    case handledAt = "handled_at"
    case nextAt = "next_at"
    case lastRunAt = "last_run_at"
    case lastScanID = "last_scan_id"
    case lastOutcome = "last_outcome"
    case missedRuns = "missed_runs"
  }
}
