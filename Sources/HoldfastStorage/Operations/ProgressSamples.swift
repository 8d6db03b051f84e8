import HoldfastCore

/// The history of a scan's progress: a sample now and then, written with the reports that bring it. When there are ``most``, every
/// second one is dropped and the spacing doubles, so that a scan of a minute and one of a month keep about as many.
enum ProgressSamples {
  /// How many samples a scan has at most.
  static let most: Int64 = 500
  /// Progress is written at most once a second.
  static let leastSpacingSeconds = 1.0

  /// As much as a report's fence reads of it.
  struct State {
    /// Whether the last sample is as old as the spacing asks.
    var isDue: Bool
    /// The number of the next sample.
    var sequence: Int64
    /// How far apart the numbers are, and the samples, in seconds.
    var stride: Int64
    var attempt: Int64
  }

  /// The columns of ``State``. A report that comes a moment early counts as in time: they come once a second.
  static func state(_ dialect: Dialect) -> String {
    """
    (scans.sampled_at IS NULL
      OR \(dialect.seconds(since: "scans.sampled_at"))
        >= \(leastSpacingSeconds) * scans.sample_stride - 0.1),
    scans.sample_sequence, scans.sample_stride, scans.attempt
    """
  }

  /// Whether this report's progress is kept. What comes with an end is the last there is.
  static func isDue(_ report: AttemptReport, _ held: [ScanID: Fence.Held]) -> Bool {
    guard report.progress != nil, let held = held[report.lease.scanID] else { return false }
    return held.sampling.isDue || report.end != nil
  }

  /// Writes the samples that are due; their scans' rows have been moved on already.
  static func write(
    _ reports: [AttemptReport], held: [ScanID: Fence.Held], _ connection: any SQLConnection
  ) throws(StoreError) {
    var rows: [(scan: Int64, state: State, progress: Progress)] = []
    for report in reports where isDue(report, held) {
      guard let progress = report.progress, let held = held[report.lease.scanID] else { continue }
      rows.append((held.number, held.sampling, progress))
    }
    guard !rows.isEmpty else { return }
    try connection.run(
      insert, [],
      rows: Recordset(
        .ints(rows.map(\.scan)), .ints(rows.map(\.state.sequence)),
        .ints(rows.map(\.state.attempt)), .ints(rows.map(\.progress.done)),
        .ints(rows.map(\.progress.total)), .ints(rows.map(\.progress.bytes)),
        .texts(rows.map(\.progress.step)), .texts(rows.map(\.progress.unit))))
    for row in rows where row.state.sequence / row.state.stride + 1 >= most {
      let stride = row.state.stride * 2
      try connection.run(thin, [.int(row.scan), .int(stride)])
      try connection.run(widen, [.int(row.scan), .int(stride)])
    }
  }

  private static let shape = RowShape(
    ("scan_id", .int), ("sequence", .int), ("attempt", .int), ("done", .int), ("total", .int),
    ("bytes", .int), ("step", .text), ("unit", .text))

  private static let insert = Statement(forEach: shape) { dialect in
    let values = """
      r.scan_id, r.sequence, \(dialect.now), r.attempt, r.done, r.total, r.bytes, r.step, r.unit
      """
    return """
      INSERT INTO scan_progress (
        scan_id, sequence, created_at, attempt, done, total, bytes, step, unit)
      \(dialect.values(values, of: shape))
      """
  }

  private static let thin = Statement(
    "DELETE FROM scan_progress WHERE scan_id = $1 AND sequence % $2 <> 0")
  private static let widen = Statement("UPDATE scans SET sample_stride = $2 WHERE number = $1")

  static let clear = Statement("DELETE FROM scan_progress WHERE scan_id = $1")

  static let deleteSome = Statement(
    """
    DELETE FROM scan_progress WHERE scan_id = $1 AND sequence IN (
      SELECT sequence FROM scan_progress WHERE scan_id = $1 ORDER BY sequence LIMIT $2)
    """)
}
