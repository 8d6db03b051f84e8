import HoldfastCore

/// A lifecycle event about to be written.
struct EventDraft {
  var scanID: ScanID
  var tenantID: String
  var type: EventType
  /// A JSON object.
  var data: String
}

extension SQLConnection {
  /// Writes events, in order, in the transaction of the changes that they tell of, and ticks `events`.
  func write(_ events: [EventDraft]) throws(StoreError) {
    guard !events.isEmpty else { return }
    try run(
      EventSQL.insert,
      rows: Recordset(
        .uuids(events.map(\.scanID)), .texts(events.map(\.tenantID)),
        .texts(events.map(\.type.rawValue)), .jsons(events.map(\.data))))
    try notify(.events)
  }
}

private enum EventSQL {
  static let shape = RowShape(
    ("scan_id", .uuid), ("tenant_id", .text), ("event_type", .text), ("event_data", .json))

  static let insert = Statement(forEach: shape) { dialect in
    """
    INSERT INTO scan_lifecycle_events (scan_id, tenant_id, event_type, event_data, created_at)
    \(dialect.values(
      "r.scan_id, r.tenant_id, r.event_type, r.event_data, \(dialect.now)", of: shape))
    """
  }
}
