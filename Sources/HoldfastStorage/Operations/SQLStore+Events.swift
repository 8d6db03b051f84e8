package import HoldfastCore

extension SQLStore {
  package func events(
    of id: ScanID, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<ScanEvent> {
    let after = try cursor.map(Cursor.decodeNumber) ?? 0
    let rows = try await database.read { [scope] (connection) throws(StoreError) -> [ScanEvent] in
      guard try connection.isScan(id, of: scope) else { return [] }
      return try connection.all(
        EventReading.ofScan, [.uuid(id), .int(after), .int(Int64(limit) + 1)],
        EventReading.decode)
    }
    return Page(rows, limit: limit) { Cursor.encode($0.id) }
  }

  package func events(
    after: Int64, limit: Int
  ) async throws(StoreError) -> [ScanEvent] {
    let tail = try await database.read { (connection) throws(StoreError) -> [ScanEvent] in
      var events: [ScanEvent] = []
      var isSettled = true
      var last = after
      try connection.run(EventReading.tail, [.int(after), .int(Int64(limit))], rows: nil) {
        (row: any SQLRow) throws(StoreError) in
        let event = try EventReading.decode(row)
        // Ids are given out before the commit. A gap before a young event is one that is still to come; an old one was
        // rolled back.
        let age = row.time(6).seconds(since: event.createdAt)
        if event.id != last + 1, age < EventReading.settledAfterSeconds, last > 0 {
          isSettled = false
        }
        last = event.id
        if isSettled { events.append(event) }
      }
      return events
    }
    return tail.filter { scope.includes($0.tenantID) }
  }

  package func lastEventID() async throws(StoreError) -> Int64 {
    try await database.read { (connection) throws(StoreError) in
      try connection.first(EventReading.newest) { (row: any SQLRow) throws(StoreError) in
        row.int(0)
      }
    } ?? 0
  }
}

private enum EventReading {
  /// How long a transaction may take from its start to its commit without a follower of the tail passing over its events.
  static let settledAfterSeconds = 3.0

  static func decode(_ row: any SQLRow) throws(StoreError) -> ScanEvent {
    ScanEvent(
      id: row.int(0), scanID: row.uuid(1), eventType: row.text(2), eventData: row.json(3),
      createdAt: row.time(4), tenantID: row.text(5))
  }

  static let ofScan = Statement(
    """
    SELECT id, scan_id, event_type, event_data, created_at, tenant_id FROM scan_lifecycle_events
    WHERE scan_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """)

  static let tail = Statement { dialect in
    """
    SELECT id, scan_id, event_type, event_data, created_at, tenant_id, \(dialect.now)
    FROM scan_lifecycle_events WHERE id > $1 ORDER BY id LIMIT $2
    """
  }

  static let newest = Statement("SELECT coalesce(max(id), 0) FROM scan_lifecycle_events")
}
