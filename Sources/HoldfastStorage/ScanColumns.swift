import HoldfastCore

/// The columns of `scans` that make a ``Scan``, in the order in which ``decode(_:)`` reads them.
enum ScanColumns {
  private static let names = [
    "id", "number", "tenant_id", "kind", "target", "params", "status", "priority", "scope",
    "idempotency_key", "attempt", "lease_token", "crashes", "worker_id", "worker_name",
    "created_at", "updated_at", "run_at", "claimed_at", "started_at", "last_activity_at",
    "progress_at", "ended_at", "progress", "progress_message", "waiting_for", "checkpoint",
    "checkpoint_at", "items_added", "items_updated", "items_removed", "items_moved",
    "items_found", "items_missing", "errors_count", "summary", "message", "error_message",
    "cleanup_reason", "recovery_info", "max_runtime_minutes", "heartbeat_interval_seconds",
    "requested_action", "requested_at", "created_by", "stuck_attempts", "verdict",
    "suspicion", "suspected_at", "stale_multiple",
  ]

  /// The list for a `SELECT` or `RETURNING`. SQLite knows no alias in `RETURNING`, so the table is always called `scans`.
  static let list = names.map { "scans.\($0)" }.joined(separator: ", ")

  /// How many they are; a statement can return more after them.
  static let count = names.count

  static func decode(_ row: any SQLRow) -> Scan {
    Scan(
      id: row.uuid(0), number: row.int(1), tenantID: row.text(2), kind: row.text(3),
      target: row.text(4), params: row.json(5), status: row.status(6),
      priority: Int(row.int(7)), scope: row.optionalText(8),
      idempotencyKey: row.optionalText(9), attempt: Int(row.int(10)), leaseToken: row.int(11),
      crashes: Int(row.int(12)), workerID: row.optionalText(13),
      workerName: row.optionalText(14), createdAt: row.time(15), updatedAt: row.time(16),
      runAt: row.time(17), claimedAt: row.optionalTime(18), startedAt: row.optionalTime(19),
      lastActivityAt: row.optionalTime(20), progressAt: row.optionalTime(21),
      endedAt: row.optionalTime(22), progress: row.optionalJSON(23).map(Progress.init(json:)),
      progressMessage: row.optionalText(24), waitingFor: row.optionalText(25),
      checkpoint: row.optionalJSON(26), checkpointAt: row.optionalTime(27),
      counts: ItemCounts(
        added: row.int(28), updated: row.int(29), removed: row.int(30), moved: row.int(31),
        found: row.int(32), missing: row.int(33), errors: row.int(34)),
      summary: row.json(35), message: row.optionalText(36), errorMessage: row.optionalText(37),
      cleanupReason: row.optionalText(38), recoveryInfo: row.optionalJSON(39),
      maxRuntimeMinutes: row.double(40), heartbeatIntervalSeconds: row.double(41),
      requestedAction: row.optionalText(42).flatMap(RequestedAction.init(rawValue:)),
      requestedAt: row.optionalTime(43), createdBy: row.optionalText(44),
      stuckAttempts: Int(row.int(45)), verdict: row.optionalJSON(46),
      suspicion: row.optionalJSON(47), suspectedAt: row.optionalTime(48),
      staleMultiple: row.optionalDouble(49))
  }
}

extension SQLRow {
  func status(_ column: Int) -> ScanStatus {
    let text = text(column)
    guard let status = ScanStatus(rawValue: text) else {
      refuse(column, because: "“\(text)” is no status of a scan")
      return .failed
    }
    return status
  }
}

extension Progress {
  /// Reads what ``json`` wrote; what is missing has its default.
  init(json: JSONValue) {
    self.init(
      done: json["done"]?.intValue ?? 0, total: json["total"]?.intValue,
      isEstimate: json["is_estimate"]?.boolValue ?? false,
      unit: json["unit"]?.stringValue ?? "items", bytes: json["bytes"]?.intValue ?? 0,
      step: json["step"]?.stringValue ?? "", current: json["current"]?.stringValue)
  }

  /// The form in which it is stored, the same as on the wire.
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "done": .int(done), "is_estimate": .bool(isEstimate), "unit": .string(unit),
      "bytes": .int(bytes), "step": .string(step),
    ]
    if let total { members["total"] = .int(total) }
    if let current { members["current"] = .string(current) }
    return .object(members)
  }

  /// Whether this is further than `earlier`: a count that has grown, or another step.
  func isAdvance(over earlier: Progress?) -> Bool {
    guard let earlier else { return true }
    return done > earlier.done || bytes > earlier.bytes || step != earlier.step
  }
}
