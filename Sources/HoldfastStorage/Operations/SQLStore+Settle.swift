package import HoldfastCore

extension SQLStore {
  package func settle(
    _ lease: Lease, removalLimit: Int64?
  ) async throws(StoreError) -> WorkerMessage.Settlement? {
    try await unbound.write { [scope] (connection) throws(StoreError) in
      guard try connection.isScan(lease.scanID, of: scope) else { return nil }
      guard let held = try Fence.hold([lease], connection)[lease.scanID] else { return nil }
      let counts = try Settling.counts(held.number, connection)
      let moves = try Settling.moves(held.number, missing: counts.missing, connection)
      let removed = counts.removed + counts.missing - Int64(moves.count)
      if let removalLimit, removed > removalLimit {
        return WorkerMessage.Settlement(
          moved: counts.moved + Int64(moves.count), removed: removed, isRefused: true)
      }
      // Repeated after a lost acknowledgement, this finds nothing missing and says the same.
      if counts.missing > 0 {
        try Settling.apply(moves, to: held.number, connection)
        try connection.run(
          Settling.updateCounts,
          [
            .int(held.number), .int(lease.token), .int(Int64(moves.count)),
            .int(counts.missing - Int64(moves.count)),
          ])
        try connection.notify(.events)
      }
      return WorkerMessage.Settlement(
        moved: counts.moved + Int64(moves.count), removed: removed, isRefused: false)
    }
  }
}

private enum Settling {
  struct Move {
    var from: String
    /// The old key in full, where `from` is a shortened one.
    var fullFrom: String
    var to: String
    var data: JSONValue?
  }

  static func counts(
    _ scan: Int64, _ connection: any SQLConnection
  ) throws(StoreError) -> ItemCounts {
    try connection.first(readCounts, [.int(scan)]) { (row: any SQLRow) throws(StoreError) in
      ItemCounts(removed: row.int(0), moved: row.int(1), missing: row.int(2))
    } ?? ItemCounts()
  }

  /// Pairs missing with added items of the same identity: the nth by key with the nth, so that doing it again pairs the same.
  static func moves(
    _ scan: Int64, missing: Int64, _ connection: any SQLConnection
  ) throws(StoreError) -> [Move] {
    guard missing > 0 else { return [] }
    return try connection.all(pairs, [.int(scan)]) { (row: any SQLRow) throws(StoreError) in
      Move(
        from: row.text(0), fullFrom: row.optionalText(1) ?? row.text(0), to: row.text(2),
        data: row.optionalJSON(3))
    }
  }

  static func apply(
    _ moves: [Move], to scan: Int64, _ connection: any SQLConnection
  ) throws(StoreError) {
    for start in stride(from: 0, to: moves.count, by: 1000) {
      let batch = moves[start..<min(start + 1000, moves.count)]
      let data = batch.map { move in
        var members = move.data?.objectValue ?? [:]
        members["from"] = .string(move.fullFrom)
        return JSONValue.object(members).serialized
      }
      try connection.run(
        markMoved, [.int(scan)], rows: Recordset(.texts(batch.map(\.to)), .jsons(data)))
      try connection.run(
        dropMissing, [.int(scan)], rows: Recordset(.texts(batch.map(\.from))))
    }
    try connection.run(markRemoved, [.int(scan)])
  }

  private static let readCounts = Statement(
    "SELECT items_removed, items_moved, items_missing FROM scans WHERE number = $1")

  private static let pairs = Statement(
    """
    WITH gone AS MATERIALIZED (
      SELECT key, long_key, identity,
        row_number() OVER (PARTITION BY identity ORDER BY key) AS position
      FROM scan_items
      WHERE scan_id = $1 AND change = 'missing' AND identity IS NOT NULL),
    come AS MATERIALIZED (
      SELECT key, data, identity,
        row_number() OVER (PARTITION BY identity ORDER BY key) AS position
      FROM scan_items
      WHERE scan_id = $1 AND change = 'added'
        AND identity IN (SELECT identity FROM gone))
    SELECT gone.key, gone.long_key, come.key, come.data
    FROM gone JOIN come
      ON come.identity = gone.identity AND come.position = gone.position
    ORDER BY gone.key
    """)

  private static let movedShape = RowShape(("key", .text), ("data", .json))

  private static let markMoved = Statement(forEach: movedShape, from: 2) { dialect in
    """
    UPDATE scan_items SET change = 'moved', data = r.data
    \(dialect.each(movedShape, from: 2))
    WHERE scan_items.scan_id = $1 AND scan_items.key = r.key
    """
  }

  private static let dropMissing = Statement { dialect in
    """
    DELETE FROM scan_items WHERE scan_id = $1 AND change = 'missing' AND key IN (
      SELECT r.key FROM \(dialect.rows(RowShape(("key", .text)), from: 2)))
    """
  }

  private static let markRemoved = Statement(
    "UPDATE scan_items SET change = 'removed' WHERE scan_id = $1 AND change = 'missing'")

  static let updateCounts = Statement { dialect in
    """
    UPDATE scans SET
      items_moved = items_moved + $3,
      items_added = items_added - $3,
      items_removed = items_removed + $4,
      items_missing = 0,
      last_activity_at = \(dialect.now),
      updated_at = \(dialect.now)
    WHERE number = $1 AND status = 'running' AND lease_token = $2
    """
  }
}
