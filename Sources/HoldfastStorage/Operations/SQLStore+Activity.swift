package import HoldfastCore

/// What ended and what was recovered lately, as an overview plots it.
package struct Activity: Sendable {
  package struct Ended: Sendable, Hashable {
    package var at: Timestamp
    package var status: ScanStatus
    /// From the start of its last attempt; `nil` for a scan that never started.
    package var seconds: Double?
  }

  package struct Recovered: Sendable, Hashable {
    package var at: Timestamp
    /// As stored: `heartbeat_stale`, `runtime_timeout`, …
    package var reason: String
  }

  package var from: Timestamp
  package var until: Timestamp
  /// The newest first.
  package var ended: [Ended] = []
  /// The newest first.
  package var recovered: [Recovered] = []
  /// When supervision found a scan stuck, or stuck in another way than before, and its reason; the newest first.
  package var stuck: [Recovered] = []
  /// Whether there was more than could be read.
  package var isCut = false
}

/// What an overview shows beside the scans themselves.
package protocol ActivityStore: Sendable {
  /// This store as one caller sees it: what other tenants' scans did is not there.
  func seen(by caller: Caller) -> Self

  /// What happened in the last so many seconds, of the newest `limit` events that tell of an end, a recovery or a scan found stuck.
  func activity(
    lastSeconds: Double, limit: Int
  ) async throws(StoreError) -> Activity
}

extension SQLStore: ActivityStore {
  package func activity(
    lastSeconds: Double, limit: Int
  ) async throws(StoreError) -> Activity {
    try await database.read { [scope] (connection) throws(StoreError) in
      let now = try connection.now()
      var activity = Activity(from: now.adding(seconds: -lastSeconds), until: now)
      let first = try Self.firstEvent(since: activity.from, connection)
      var rows = 0
      try connection.run(
        ActivitySQL.events, [.int(first), .int(Int64(limit) + 1), .text(scope.tenant)], rows: nil
      ) { (row: any SQLRow) throws(StoreError) in
        rows += 1
        guard rows <= limit else { return activity.isCut = true }
        let at = row.time(1)
        if row.text(0) == EventType.verdict.rawValue {
          activity.stuck.append(.init(at: at, reason: row.text(2)))
          return
        }
        if let reason = row.optionalText(2) {
          activity.recovered.append(.init(at: at, reason: reason))
        }
        if let status = EventType(rawValue: row.text(0))?.terminalStatus {
          let seconds = row.optionalTime(3).map { at.seconds(since: $0) }
          activity.ended.append(.init(at: at, status: status, seconds: seconds.map { max(0, $0) }))
        }
      }
      return activity
    }
  }

  /// The first event of a time, by halving: ids grow with time, and an index on the time itself would be paid for with every event.
  private static func firstEvent(
    since time: Timestamp, _ connection: any SQLConnection
  ) throws(StoreError) -> Int64 {
    var low: Int64 = 0
    var high =
      try connection.first(ActivitySQL.newest) { (row: any SQLRow) throws(StoreError) in
        row.int(0)
      } ?? 0
    // Everything up to `low` is older; whatever comes after `high` is not.
    while low < high {
      let middle = low + (high - low) / 2
      let found = try connection.first(ActivitySQL.next, [.int(middle)]) {
        (row: any SQLRow) throws(StoreError) in (id: row.int(0), at: row.time(1))
      }
      if let found, found.at < time { low = max(found.id, middle + 1) } else { high = middle }
    }
    return low
  }
}

extension EventType {
  /// The status in which a scan ended; `nil` for an event that ends nothing.
  fileprivate var terminalStatus: ScanStatus? {
    switch self {
    case .completed: .completed
    case .partial: .partial
    case .failed: .failed
    case .cancelled: .cancelled
    default: nil
    }
  }
}

private enum ActivitySQL {
  static let newest = Statement("SELECT coalesce(max(id), 0) FROM scan_lifecycle_events")

  static let next = Statement(
    "SELECT id, created_at FROM scan_lifecycle_events WHERE id > $1 ORDER BY id LIMIT 1")

  static let events: Statement = {
    let types: [EventType] = [.completed, .partial, .failed, .cancelled, .requeued]
    return Statement(
      """
      SELECT e.event_type, e.created_at,
        CASE WHEN e.event_type = '\(EventType.verdict.rawValue)' THEN e.event_data ->> 'reason'
          ELSE e.event_data ->> 'cleanup_reason' END,
        scans.claimed_at
      FROM scan_lifecycle_events AS e LEFT JOIN scans ON scans.id = e.scan_id
      WHERE e.id > $1 AND (\(anyOf("e.event_type", types.map(\.rawValue)))
          OR (e.event_type = '\(EventType.verdict.rawValue)'
            AND e.event_data ->> 'reason' IS NOT NULL))
        AND e.tenant_id = coalesce($3, e.tenant_id)
      ORDER BY e.id DESC LIMIT $2
      """)
  }()
}
