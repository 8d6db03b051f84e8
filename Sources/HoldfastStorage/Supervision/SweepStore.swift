package import HoldfastCore

/// The history of sweeps. All operations throw ``StoreError``.
package protocol SweepStore: Sendable {
  /// Writes down a sweep that has just ended, in the place of the last one if neither did anything. The newest ten thousand are
  /// kept.
  func record(_ sweep: SweepRecord) async throws(StoreError)
  /// The newest first.
  func sweeps(cursor: String?, limit: Int) async throws(StoreError) -> Page<SweepRecord>
}

/// Sweeps are the installation's, not one tenant's.
extension SQLStore: SweepStore {
  package func record(_ sweep: SweepRecord) async throws(StoreError) {
    try await unbound.write { (connection) throws(StoreError) in
      try connection.run(SweepSQL.dropIdle)
      try connection.run(
        SweepSQL.insert,
        [
          .double(-Double(sweep.tookMilliseconds) / 1000), .int(sweep.tookMilliseconds),
          .int(Int64(sweep.looked)), .int(Int64(sweep.found)), .int(Int64(sweep.planned)),
          .int(Int64(sweep.held)), .int(Int64(sweep.applied)), .int(Int64(sweep.moved)),
          .int(Int64(sweep.refused)), .int(Int64(sweep.expired.scans)),
          .int(Int64(sweep.expired.items)), .int(Int64(sweep.expired.events)),
          .bool(sweep.isIdle), .text(sweep.leader),
        ])
      if !sweep.isIdle { try connection.run(SweepSQL.prune, [.int(SweepSQL.most)]) }
    }
  }

  package func sweeps(
    cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<SweepRecord> {
    let before = try cursor.map(Cursor.decodeNumber) ?? .max
    let rows = try await unbound.read { (connection) throws(StoreError) in
      try connection.all(SweepSQL.list, [.int(before), .int(Int64(limit) + 1)], SweepSQL.decode)
    }
    return Page(rows, limit: limit) { Cursor.encode($0.id) }
  }
}

private enum SweepSQL {
  /// At one busy sweep every 15 s these are the last two days.
  static let most: Int64 = 10_000

  static let dropIdle = Statement(
    """
    DELETE FROM sweeps WHERE id = (SELECT max(id) FROM sweeps) AND is_idle
    """)

  static let insert = Statement { dialect in
    """
    INSERT INTO sweeps (
      began_at, took_ms, looked, found, planned, held, applied, moved, refused, expired_scans,
      expired_items, expired_events, is_idle, leader)
    VALUES (
      \(dialect.now(plus: "$1")), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    """
  }

  static let prune = Statement(
    """
    DELETE FROM sweeps WHERE id <= (SELECT id FROM sweeps ORDER BY id DESC LIMIT 1 OFFSET $1)
    """)

  static let list = Statement(
    """
    SELECT id, began_at, took_ms, looked, found, planned, held, applied, moved, refused,
      expired_scans, expired_items, expired_events, leader
    FROM sweeps WHERE id < $1 ORDER BY id DESC LIMIT $2
    """)

  static func decode(_ row: any SQLRow) throws(StoreError) -> SweepRecord {
    SweepRecord(
      id: row.int(0), at: row.time(1), tookMilliseconds: row.int(2), leader: row.text(13),
      looked: Int(row.int(3)), found: Int(row.int(4)), planned: Int(row.int(5)),
      held: Int(row.int(6)), applied: Int(row.int(7)), moved: Int(row.int(8)),
      refused: Int(row.int(9)),
      expired: ExpiredRows(
        scans: Int(row.int(10)), items: Int(row.int(11)), events: Int(row.int(12))))
  }
}
