package import HoldfastCore

/// What finished scans teach, as the database keeps it: shared by all workers, and there after a
/// restart. All operations throw ``StoreError``.
package protocol RhythmStore: Sendable {
  /// Records after the id `after`, in the order of their ids.
  func rhythms(after: Int64, limit: Int) async throws(StoreError) -> [RhythmRecord]
  /// Forgets all but the newest so many of each kind.
  func pruneRhythms(keeping count: Int) async throws(StoreError)
}

extension SQLStore: RhythmStore {
  package func rhythms(after: Int64, limit: Int) async throws(StoreError) -> [RhythmRecord] {
    try await database.read { (connection) throws(StoreError) in
      try connection.all(
        Rhythms.list, [.int(after), .int(Int64(limit))]
      ) { (row: any SQLRow) throws(StoreError) in
        RhythmRecord(
          id: row.int(0), kind: row.text(1), target: row.text(2),
          rhythm: AttemptRhythm(json: row.json(3)))
      }
    }
  }

  package func pruneRhythms(keeping count: Int) async throws(StoreError) {
    try await database.write { (connection) throws(StoreError) -> Void in
      let kinds = try connection.all(Rhythms.kinds, []) {
        (row: any SQLRow) throws(StoreError) in row.text(0)
      }
      for kind in kinds {
        try connection.run(Rhythms.prune, [.text(kind), .int(Int64(count))])
      }
    }
  }
}

/// Writes what finished scans teach, in the transaction of their end.
enum Rhythms {
  static func write(
    _ rhythms: [(id: ScanID, rhythm: AttemptRhythm)], _ connection: any SQLConnection
  ) throws(StoreError) {
    guard !rhythms.isEmpty else { return }
    try connection.run(
      insert, [],
      rows: Recordset(
        .uuids(rhythms.map(\.id)), .jsons(rhythms.map { $0.rhythm.json.serialized })))
  }

  private static let insert = Statement { dialect in
    """
    INSERT INTO scan_rhythms (created_at, kind, target, rhythm)
    SELECT \(dialect.now), scans.kind, scans.target, r.rhythm
    FROM \(dialect.rows(RowShape(("id", .uuid), ("rhythm", .json)), from: 1))
    JOIN scans ON scans.id = r.id
    """
  }

  static let list = Statement(
    "SELECT id, kind, target, rhythm FROM scan_rhythms WHERE id > $1 ORDER BY id LIMIT $2")

  static let kinds = Statement("SELECT DISTINCT kind FROM scan_rhythms")

  static let prune = Statement(
    """
    DELETE FROM scan_rhythms WHERE kind = $1 AND id <= (
      SELECT id FROM scan_rhythms WHERE kind = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)
    """)
}

extension AttemptRhythm {
  /// The form in which it is stored.
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "progress": Self.gaps(progress), "activity": Self.gaps(activity), "done": .int(done),
      "seconds": .double(seconds),
    ]
    if let suspectedAtRate { members["suspected_at_rate"] = .double(suspectedAtRate) }
    return .object(members)
  }

  /// Reads ``json``; what is missing is as if nothing were known of it.
  init(json: JSONValue) {
    self.init(
      progress: Self.gaps(json["progress"]), activity: Self.gaps(json["activity"]),
      suspectedAtRate: json["suspected_at_rate"]?.doubleValue,
      done: json["done"]?.intValue ?? 0, seconds: json["seconds"]?.doubleValue ?? 0)
  }

  private static func gaps(_ gaps: [GapTracker.StepGap]) -> JSONValue {
    .array(gaps.map { [.string($0.step), .double($0.seconds)] })
  }

  private static func gaps(_ json: JSONValue?) -> [GapTracker.StepGap] {
    (json?.arrayValue ?? []).compactMap { pair in
      guard let pair = pair.arrayValue, pair.count == 2, let seconds = pair[1].doubleValue
      else { return nil }
      return GapTracker.StepGap(step: pair[0].stringValue ?? "", seconds: seconds)
    }
  }
}
