package import HoldfastCore

extension SQLStore {
  package func report(_ reports: [AttemptReport]) async throws(StoreError) -> [ReportOutcome] {
    guard !reports.isEmpty else { return [] }
    return try await unbound.write { [scope] (connection) throws(StoreError) in
      let foreign = try connection.scans(reports.map(\.lease.scanID), outOf: scope)
      var outcomes: [ReportOutcome?] = reports.map {
        foreign.contains($0.lease.scanID) ? .superseded : nil
      }
      // Usually one round: several only where one attempt has several reports here, which are applied one after the other.
      while outcomes.contains(where: { $0 == nil }) {
        var seen: Set<ScanID> = []
        let round = reports.indices.filter {
          outcomes[$0] == nil && seen.insert(reports[$0].lease.scanID).inserted
        }
        let applied = try Reporting.apply(round.map { reports[$0] }, connection)
        for index in round {
          let isApplied = applied.contains(reports[index].lease.scanID)
          outcomes[index] = isApplied ? .applied : .superseded
        }
      }
      return outcomes.compactMap { $0 }
    }
  }
}

/// Applies reports of different scans.
private enum Reporting {
  /// - Returns: the scans whose report was applied.
  static func apply(
    _ reports: [AttemptReport], _ connection: any SQLConnection
  ) throws(StoreError) -> Set<ScanID> {
    let sorted = reports.sorted { $0.lease.scanID < $1.lease.scanID }
    let withContents = sorted.filter(\.hasContents)
    // What has only an end is fenced by the ending statement itself.
    guard !withContents.isEmpty else { return try end(sorted, connection) }

    let held = try Fence.hold(
      withContents.map(\.lease), sequences: withContents.map(\.sequence), connection)
    let live = withContents.filter { held[$0.lease.scanID]?.isNews == true }
    let changes = try ItemWriter.write(live, held: held, connection)
    try StagedParts.write(live, held: held, connection)
    try Advancing.write(live, held: held, changes: changes, connection)
    try ProgressSamples.write(live, held: held, connection)
    for report in live {
      guard let diagnosis = report.diagnosis else { continue }
      _ = try Diagnosing.record(diagnosis, of: report.lease, attempt: nil, connection)
    }
    try Doubts.write(live, connection)

    // What has no contents and what has contents and an end; a report with neither only asks whether its lease holds.
    let toEnd = sorted.filter {
      !$0.hasContents || ($0.end != nil && held[$0.lease.scanID]?.isNews == true)
    }
    let ended = try end(toEnd, connection)
    // What is no news has been applied before: each report is sent once all before it have been.
    var applied = ended.union(
      withContents.filter {
        held[$0.lease.scanID].map { held in !held.isNews } ?? false
      }.map(\.lease.scanID))
    applied.formUnion(live.filter { $0.end == nil }.map(\.lease.scanID))
    // A repeated report whose first delivery ended the scan finds its fence closed; only its end can tell.
    let refused = withContents.filter { held[$0.lease.scanID] == nil && $0.end != nil }
    applied.formUnion(try LateResults.record(refused, connection))
    return applied
  }

  private static func end(
    _ reports: [AttemptReport], _ connection: any SQLConnection
  ) throws(StoreError) -> Set<ScanID> {
    let ends = reports.filter { $0.end != nil }
    var applied = try Ending.apply(ends, connection)
    if applied.count < ends.count {
      let refused = ends.filter { !applied.contains($0.lease.scanID) }
      applied.formUnion(try LateResults.record(refused, connection))
    }
    let empty = reports.filter { $0.end == nil }.map(\.lease)
    if !empty.isEmpty { applied.formUnion(try Fence.hold(empty, connection).keys) }
    return applied
  }
}

extension AttemptReport {
  /// Whether there is anything but an end.
  fileprivate var hasContents: Bool {
    !items.isEmpty || !errors.isEmpty || !baselineWrites.isEmpty || checkpoint != nil
      || progress != nil || progressMessage != nil || waitingFor != nil || diagnosis != nil
      || doubt != nil
  }
}

/// The one check that an attempt may write: its scan runs, and under its token; and that it has not said something newer already.
enum Fence {
  struct Held {
    var number: Int64
    var progress: Progress?
    /// Whether nothing as new has been applied under the lease.
    var isNews: Bool
    var sampling: ProgressSamples.State
  }

  /// Locks the scans whose leases hold until the end of the transaction, and returns those.
  ///
  /// - Parameter sequences: where each lease's report stands; `nil` for what is news in any case.
  static func hold(
    _ leases: [Lease], sequences: [Int64?]? = nil, _ connection: any SQLConnection
  ) throws(StoreError) -> [ScanID: Held] {
    var held: [ScanID: Held] = [:]
    let rows = Recordset(
      .uuids(leases.map(\.scanID)), .ints(leases.map(\.token)),
      .ints(sequences ?? leases.map { _ in nil }))
    try connection.run(lock, [], rows: rows) { (row: any SQLRow) throws(StoreError) in
      held[row.uuid(0)] = Held(
        number: row.int(1), progress: row.optionalJSON(2).map(Progress.init(json:)),
        isNews: row.bool(3),
        sampling: .init(
          isDue: row.bool(4), sequence: row.int(5), stride: row.int(6), attempt: row.int(7)))
    }
    return held
  }

  /// Of a row `r` with a report's sequence.
  static let isNews = "(r.sequence IS NULL OR scans.report_sequence < r.sequence)"

  private static let shape = RowShape(("id", .uuid), ("token", .int), ("sequence", .int))

  private static let lock = Statement { dialect in
    """
    SELECT scans.id, scans.number, scans.progress, \(isNews), \(ProgressSamples.state(dialect))
    FROM \(dialect.rows(shape, from: 1))
    JOIN scans ON scans.id = r.id
    WHERE scans.lease_token = r.token AND scans.status = 'running'
    ORDER BY scans.id \(dialect.locking("scans"))
    """
  }
}

/// Writes progress, checkpoints, waits and counters: what moves on the scan's own row.
private enum Advancing {
  static func write(
    _ reports: [AttemptReport], held: [ScanID: Fence.Held], changes: [ScanID: ItemCounts],
    _ connection: any SQLConnection
  ) throws(StoreError) {
    guard !reports.isEmpty else { return }
    let counts = reports.map { changes[$0.lease.scanID] ?? ItemCounts() }
    try connection.run(
      update, [],
      rows: Recordset(
        .uuids(reports.map(\.lease.scanID)), .ints(reports.map(\.lease.token)),
        .ints(reports.map(\.sequence)),
        .jsons(reports.map { $0.checkpoint?.storedText }),
        .jsons(reports.map { $0.progress?.json.serialized }),
        .bools(reports.map { isAdvance($0, held) }), .ints(reports.map { $0.progress?.done }),
        .bools(reports.map { ProgressSamples.isDue($0, held) }),
        .texts(reports.map(\.progressMessage)), .texts(reports.map(\.waitingFor)),
        .doubles(reports.map(\.waitSeconds)),
        .bools(reports.map { !$0.baselineWrites.isEmpty }),
        .ints(counts.map(\.added)), .ints(counts.map(\.updated)), .ints(counts.map(\.removed)),
        .ints(counts.map(\.moved)), .ints(counts.map(\.found)), .ints(counts.map(\.missing)),
        .ints(counts.map(\.errors))))
    try connection.notify(.events)
  }

  private static func isAdvance(_ report: AttemptReport, _ held: [ScanID: Fence.Held]) -> Bool {
    guard let progress = report.progress else { return false }
    return progress.isAdvance(over: held[report.lease.scanID]?.progress)
  }

  private static let shape = RowShape(
    ("id", .uuid), ("token", .int), ("sequence", .int), ("checkpoint", .json),
    ("progress", .json), ("advances", .bool), ("done", .int), ("samples", .bool),
    ("progress_message", .text),
    ("waiting_for", .text),
    ("wait_seconds", .double),
    ("stages", .bool), ("added", .int), ("updated", .int), ("removed", .int), ("moved", .int),
    ("found", .int), ("missing", .int), ("errors", .int))

  private static let update = Statement(forEach: shape) { dialect in
    """
    UPDATE scans SET
      report_sequence = coalesce(r.sequence, scans.report_sequence),
      checkpoint = coalesce(r.checkpoint, scans.checkpoint),
      checkpoint_at = CASE WHEN r.checkpoint IS NULL THEN scans.checkpoint_at
        ELSE \(dialect.now) END,
      progress = coalesce(r.progress, scans.progress),
      progress_at = CASE WHEN r.advances THEN \(dialect.now) ELSE scans.progress_at END,
      sample_sequence = scans.sample_sequence
        + CASE WHEN r.samples THEN scans.sample_stride ELSE 0 END,
      sampled_at = CASE WHEN r.samples THEN \(dialect.now) ELSE scans.sampled_at END,
      stuck_attempts = CASE WHEN r.done > scans.furthest_done THEN 0
        ELSE scans.stuck_attempts END,
      progress_message = coalesce(r.progress_message, scans.progress_message),
      waiting_for = CASE WHEN r.waiting_for IS NULL THEN scans.waiting_for
        ELSE nullif(r.waiting_for, '') END,
      waited_seconds = CASE
        WHEN r.advances THEN 0
        WHEN r.waiting_for IS NOT NULL AND scans.wait_since IS NOT NULL
          THEN scans.waited_seconds + \(dialect.seconds(since: "scans.wait_since"))
        ELSE scans.waited_seconds END,
      wait_limit_seconds = CASE WHEN r.waiting_for IS NULL THEN scans.wait_limit_seconds
        ELSE r.wait_seconds END,
      wait_since = CASE WHEN r.waiting_for IS NULL THEN scans.wait_since
        WHEN r.waiting_for = '' THEN NULL ELSE \(dialect.now) END,
      has_staged_parts = scans.has_staged_parts OR r.stages,
      items_added = scans.items_added + r.added,
      items_updated = scans.items_updated + r.updated,
      items_removed = scans.items_removed + r.removed,
      items_moved = scans.items_moved + r.moved,
      items_found = scans.items_found + r.found,
      items_missing = scans.items_missing + r.missing,
      errors_count = scans.errors_count + r.errors,
      last_activity_at = \(dialect.now),
      updated_at = \(dialect.now)
    \(dialect.each(shape))
    WHERE scans.id = r.id AND scans.lease_token = r.token AND scans.status = 'running'
      AND \(Fence.isNews)
    """
  }
}
