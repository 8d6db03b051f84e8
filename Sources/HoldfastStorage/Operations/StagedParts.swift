import HoldfastCore

/// Parts that a running scan has written, kept apart until it ends well.
enum StagedParts {
  static func write(
    _ reports: [AttemptReport], held: [ScanID: Fence.Held], _ connection: any SQLConnection
  ) throws(StoreError) {
    var rows = Rows()
    for report in reports {
      guard let scan = held[report.lease.scanID]?.number else { continue }
      for write in report.baselineWrites { try rows.add(write, scan: scan) }
    }
    guard !rows.scans.isEmpty else { return }
    // A part's first segment replaces what the part had, also where it had more segments.
    let first = rows.segments.indices.filter { rows.segments[$0] == 0 }
    if !first.isEmpty {
      try connection.run(
        delete, [],
        rows: Recordset(
          .ints(first.map { rows.scans[$0] }), .blobs(first.map { rows.ids[$0] })))
    }
    try connection.run(
      upsert, [],
      rows: Recordset(
        .ints(rows.scans), .ints(rows.segments), .blobs(rows.ids), .blobs(rows.fingerprints),
        .blobs(rows.contents)))
  }

  private struct Rows {
    var scans: [Int64?] = []
    var segments: [Int64?] = []
    var ids: [[UInt8]?] = []
    var fingerprints: [[UInt8]?] = []
    var contents: [[UInt8]?] = []
    private var position: [Key: Int] = [:]

    private struct Key: Hashable {
      var scan: Int64
      var id: String
      var segment: Int
    }

    /// The last write of a segment wins.
    mutating func add(_ write: Baseline.Write, scan: Int64) throws(StoreError) {
      guard let id = Base64.decode(write.id), id.count == 16,
        let fingerprint = Base64.decode(write.fingerprint), fingerprint.count == 16
      else { throw .statement("a baseline's id and fingerprint are base64 of 16 bytes each") }
      var content: [UInt8]?
      if let text = write.content {
        guard let bytes = Base64.decode(text) else {
          throw .statement("a baseline's content is not base64")
        }
        content = bytes
      }
      let key = Key(scan: scan, id: write.id, segment: write.segment)
      if let known = position[key] {
        fingerprints[known] = fingerprint
        contents[known] = content
        return
      }
      position[key] = scans.count
      scans.append(scan)
      segments.append(Int64(write.segment))
      ids.append(id)
      fingerprints.append(fingerprint)
      contents.append(content)
    }
  }

  static let delete = Statement { dialect in
    """
    DELETE FROM staged_parts WHERE (scan_id, part_id) IN (
      SELECT r.scan_id, r.part_id
      FROM \(dialect.rows(RowShape(("scan_id", .int), ("part_id", .blob)), from: 1)))
    """
  }

  private static let shape = RowShape(
    ("scan_id", .int), ("segment", .int), ("part_id", .blob), ("fingerprint", .blob),
    ("content", .blob))

  private static let upsert = Statement(forEach: shape) { dialect in
    """
    INSERT INTO staged_parts (scan_id, segment, part_id, fingerprint, content)
    \(dialect.values(
      "r.scan_id, r.segment, r.part_id, r.fingerprint, r.content", of: shape))
    ON CONFLICT (scan_id, part_id, segment) DO UPDATE SET
      fingerprint = excluded.fingerprint, content = excluded.content
    """
  }
}
