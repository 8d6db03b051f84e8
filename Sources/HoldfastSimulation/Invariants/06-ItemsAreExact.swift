import HoldfastCore
import HoldfastStorage

/// 6. Items are neither lost nor duplicated across attempts, counters are exact, an acknowledged checkpoint is durable, and no
/// report sets back what a later one of its attempt has said.
struct ItemsAreExact: Invariant {
  /// How far each attempt's checkpoint and its progress have been in the database.
  private var durable: [Lease: Int64] = [:]
  private var done: [Lease: Int64] = [:]

  mutating func after(_ step: Step, _ world: World) {
    if case .report(let reports) = step.request { progressOnlyGrows(reports, world) }
    for change in step.changes {
      guard case .updated(let before) = change.what else { continue }
      if change.isTransition, change.status == .completed || change.status == .partial {
        atTheEnd(of: change, world)
      }
      if let checkpoint = change.checkpoint, checkpoint != before.checkpoint,
        let next = JSONValue(parsing: checkpoint)?["next"]?.intValue
      {
        let counts = Self.counts(change.scanID, world)
        let lease = Lease(scanID: change.scanID, token: change.token)
        if let furthest = durable[lease], next < furthest {
          world.fail(
            6,
            "the checkpoint of scan \(change.number) went back from \(furthest) to \(next) within"
              + " one attempt")
        }
        durable[lease] = next
        if counts.items < next {
          world.fail(
            6,
            "the checkpoint of scan \(change.number) covers \(next) items, and only"
              + " \(counts.items) are there")
        }
      }
    }
  }

  /// A late or repeated report may not move the progress of its attempt back.
  private mutating func progressOnlyGrows(_ reports: [AttemptReport], _ world: World) {
    for lease in reports.filter({ $0.progress != nil }).map(\.lease) {
      let now = world.look { (connection) throws(StoreError) in
        try connection.first(Self.progress, [.uuid(lease.scanID), .int(lease.token)]) {
          (row: any SQLRow) throws(StoreError) in row.int(0)
        }
      }.flatMap { $0 }
      guard let now else { continue }
      if let furthest = done[lease], now < furthest {
        world.fail(
          6,
          "the progress of \(lease.scanID) went back from \(furthest) to \(now) within one attempt")
      }
      done[lease] = now
    }
  }

  private func atTheEnd(of change: Change, _ world: World) {
    guard let scan = world.scansByID[change.scanID] else { return }
    let counts = Self.counts(change.scanID, world)
    if counts.items != Int64(scan.units) {
      world.fail(
        6, "scan \(change.number) ended with \(counts.items) items; it has \(scan.units)")
    }
    if counts.found != counts.items {
      world.fail(
        6, "scan \(change.number) counts \(counts.found) items and has \(counts.items)")
    }
    if counts.errorsCounted != counts.errors {
      world.fail(
        6, "scan \(change.number) counts \(counts.errorsCounted) errors and has \(counts.errors)")
    }
  }

  mutating func saw(_ event: WorldEvent, _ world: World) {
    guard case .checkpointAcknowledged(let runner, let next) = event else { return }
    let lease = runner.lease
    let counts = Self.counts(lease.scanID, world)
    // A superseded attempt's checkpoint is nobody's any more.
    guard counts.token == lease.token, counts.isRunning else { return }
    if counts.checkpoint < next,
      !runner.attempt.worker.machine.isJournaled(lease, checkpoint: next)
    {
      world.fail(
        6,
        "a runner of scan \(runner.attempt.claim.scan.number) was told that its checkpoint at"
          + " \(next) is durable; the database has \(counts.checkpoint), and no journal has it")
    }
  }

  private struct Counts {
    var items: Int64 = 0
    var found: Int64 = 0
    var errors: Int64 = 0
    var errorsCounted: Int64 = 0
    var checkpoint: Int64 = 0
    var token: Int64 = 0
    var isRunning = false
  }

  private static func counts(_ id: ScanID, _ world: World) -> Counts {
    world.look { (connection) throws(StoreError) in
      try connection.first(count, [.uuid(id)]) { (row: any SQLRow) throws(StoreError) in
        Counts(
          items: row.int(0), found: row.int(1), errors: row.int(2), errorsCounted: row.int(3),
          checkpoint: row.int(4), token: row.int(5), isRunning: row.text(6) == "running")
      }
    }.flatMap { $0 } ?? Counts()
  }

  private static let progress = Statement(
    """
    SELECT coalesce(json_extract(progress, '$.done'), 0) FROM scans
    WHERE id = $1 AND lease_token = $2
    """)

  private static let count = Statement(
    """
    SELECT (SELECT count(*) FROM scan_items WHERE scan_id = number), items_found,
      (SELECT count(*) FROM scan_errors WHERE scan_id = number), errors_count,
      coalesce(json_extract(checkpoint, '$.next'), 0), lease_token, status
    FROM scans WHERE id = $1
    """)
}
