import HoldfastCore
import HoldfastStorage

/// One row of what a transaction changed, as the database itself saw it: triggers write it down.
struct Change {
  enum What {
    case inserted
    /// Status, token, order or checkpoint are others than before.
    case updated(Before)
    case event(type: String)
  }

  /// The row as it was.
  struct Before {
    var status: ScanStatus
    var token: Int64
    var claimedAt: Timestamp?
    var startedAt: Timestamp?
    var lastActivityAt: Timestamp?
    var progressAt: Timestamp?
    var waitSince: Timestamp?
    var waitLimitSeconds: Double
    var waitedSeconds: Double
    var requestedAt: Timestamp?
    var hasRequest: Bool
    var orderedAt: Timestamp?
    var runAt: Timestamp?
    var crashes: Int64
    var workerID: String?
    var checkpoint: String?
  }

  var sequence: Int64
  var scanID: ScanID
  var number: Int64
  var what: What
  var status: ScanStatus
  var token: Int64
  var orderedAt: Timestamp?
  var checkpoint: String?
  var workerID: String?
  var scope: String?
  var kind: String
  var target: String
  var attempt: Int64
  var maxRuntimeMinutes: Double
  var heartbeatIntervalSeconds: Double
  var reason: String?

  /// Whether the status is another than before.
  var isTransition: Bool {
    if case .updated(let before) = what { before.status != status } else { false }
  }

  static func all(
    after sequence: Int64, _ connection: any SQLConnection
  ) throws(StoreError) -> [Change] {
    try connection.all(select, [.int(sequence)], decode)
  }

  // MARK: Writing it down

  private static let rowColumns = [
    "number", "id", "status", "lease_token", "ordered_at", "checkpoint", "worker_id", "scope",
    "kind", "target", "attempt", "max_runtime_minutes", "heartbeat_interval_seconds",
    "cleanup_reason",
  ]
  private static let beforeColumns = [
    "status", "lease_token", "claimed_at", "started_at", "last_activity_at", "progress_at",
    "wait_since", "wait_limit_seconds", "waited_seconds", "requested_at", "requested_action",
    "ordered_at", "run_at", "crashes", "worker_id", "checkpoint",
  ]

  private static var columns: String {
    "what, " + rowColumns.joined(separator: ", ") + ", "
      + beforeColumns.map { "old_\($0)" }.joined(separator: ", ")
  }

  static var schema: [String] {
    let new = rowColumns.map { "NEW.\($0)" }.joined(separator: ", ")
    let old = beforeColumns.map { "OLD.\($0)" }.joined(separator: ", ")
    let nothing = beforeColumns.map { _ in "NULL" }.joined(separator: ", ")
    let changed = ["status", "lease_token", "ordered_at", "checkpoint"]
      .map { "OLD.\($0) IS NOT NEW.\($0)" }.joined(separator: " OR ")
    let eventNew = rowColumns.map { $0 == "id" ? "NEW.scan_id" : "NULL" }.joined(separator: ", ")
    return [
      "CREATE TABLE sim_changes (sequence INTEGER PRIMARY KEY, event_type TEXT, \(columns))",
      """
      CREATE TRIGGER sim_inserted AFTER INSERT ON scans BEGIN
        INSERT INTO sim_changes (\(columns)) VALUES ('inserted', \(new), \(nothing));
      END
      """,
      """
      CREATE TRIGGER sim_updated AFTER UPDATE OF status, lease_token, ordered_at, checkpoint
      ON scans WHEN \(changed) BEGIN
        INSERT INTO sim_changes (\(columns)) VALUES ('updated', \(new), \(old));
      END
      """,
      """
      CREATE TRIGGER sim_event AFTER INSERT ON scan_lifecycle_events BEGIN
        INSERT INTO sim_changes (event_type, \(columns))
        VALUES (NEW.event_type, 'event', \(eventNew), \(nothing));
      END
      """,
    ]
  }

  // MARK: Reading it

  private static let select = Statement(
    "SELECT sequence, event_type, \(columns) FROM sim_changes WHERE sequence > $1 ORDER BY sequence"
  )

  private static func decode(_ row: any SQLRow) throws(StoreError) -> Change {
    let first = 3
    let kind = row.text(2)
    return Change(
      sequence: row.int(0), scanID: row.uuid(first + 1), number: row.int(first),
      what: kind == "event"
        ? .event(type: row.text(1)) : kind == "inserted" ? .inserted : .updated(before(row)),
      status: ScanStatus(rawValue: row.text(first + 2)) ?? .failed, token: row.int(first + 3),
      orderedAt: row.optionalTime(first + 4), checkpoint: row.optionalText(first + 5),
      workerID: row.optionalText(first + 6), scope: row.optionalText(first + 7),
      kind: row.text(first + 8), target: row.text(first + 9), attempt: row.int(first + 10),
      maxRuntimeMinutes: row.double(first + 11),
      heartbeatIntervalSeconds: row.double(first + 12), reason: row.optionalText(first + 13))
  }

  private static func before(_ row: any SQLRow) -> Before {
    let first = 3 + rowColumns.count
    return Before(
      status: ScanStatus(rawValue: row.text(first)) ?? .failed, token: row.int(first + 1),
      claimedAt: row.optionalTime(first + 2), startedAt: row.optionalTime(first + 3),
      lastActivityAt: row.optionalTime(first + 4), progressAt: row.optionalTime(first + 5),
      waitSince: row.optionalTime(first + 6), waitLimitSeconds: row.double(first + 7),
      waitedSeconds: row.double(first + 8), requestedAt: row.optionalTime(first + 9),
      hasRequest: !row.isNull(first + 10), orderedAt: row.optionalTime(first + 11),
      runAt: row.optionalTime(first + 12), crashes: row.int(first + 13),
      workerID: row.optionalText(first + 14), checkpoint: row.optionalText(first + 15))
  }
}

extension Change: CustomStringConvertible {
  var description: String {
    switch what {
    case .inserted: "scan \(number) submitted (\(scope ?? "no scope"))"
    case .event(let type): type
    case .updated(let before):
      "scan \(number) " + (before.status == status ? "" : "\(before.status) → ")
        + "\(status), token \(token)" + (reason.map { ", \($0)" } ?? "")
        + (orderedAt != nil && before.orderedAt == nil ? ", ordered" : "")
        + (checkpoint != before.checkpoint ? ", checkpoint \(checkpoint ?? "none")" : "")
    }
  }
}
