import HoldfastCore
import HoldfastStorage

/// 3. A write that bears a superseded token changes nothing, and tells its sender to stop.
struct SupersededWritesChangeNothing: Invariant {
  /// When each lease stopped to hold, and when a later one was given.
  private var endedAt: [Lease: Int64] = [:]
  private var tokens: [ScanID: (token: Int64, since: Int64)] = [:]
  private var fingerprints: [Lease: String] = [:]

  mutating func before(_ request: Request, _ world: World) {
    fingerprints = [:]
    switch request {
    case .report(let reports): look(reports.map(\.lease), world)
    case .beat(_, let leases): look(leases, world)
    default: break
    }
  }

  private mutating func look(_ leases: [Lease], _ world: World) {
    for lease in leases where endedAt[lease] != nil {
      fingerprints[lease] = Self.fingerprint(lease.scanID, world)
    }
  }

  mutating func after(_ step: Step, _ world: World) {
    let leases = fingerprints.keys.sorted { ($0.scanID, $0.token) < ($1.scanID, $1.token) }
    for lease in leases {
      // Another report of the same batch may rightly have changed the scan under its newer token.
      if case .report(let reports) = step.request,
        reports.contains(where: { $0.lease.scanID == lease.scanID && $0.lease != lease })
      {
        continue
      }
      if case .beat(_, let all) = step.request,
        all.contains(where: { $0.scanID == lease.scanID && $0 != lease })
      {
        continue
      }
      // A beat also takes back what its worker was given and never learned of.
      if step.changes.contains(where: { $0.scanID == lease.scanID && $0.isTransition }),
        case .beat = step.request
      {
        continue
      }
      if Self.fingerprint(lease.scanID, world) != fingerprints[lease] {
        world.fail(
          3,
          "“\(step.request.name)” under token \(lease.token), which holds no more, changed"
            + " scan \(Self.number(lease.scanID, world))")
      }
    }
    if case .beat(let life, let leases) = step.request { unnamed(life, leases, step, world) }
    for change in step.changes {
      guard case .updated(let before) = change.what else { continue }
      if before.status == .running, change.status != .running {
        endedAt[Lease(scanID: change.scanID, token: before.token)] = step.milliseconds
      }
      if change.token > before.token {
        endedAt[Lease(scanID: change.scanID, token: before.token)] = step.milliseconds
        tokens[change.scanID] = (change.token, step.milliseconds)
      }
    }
  }

  /// A heartbeat names its attempts: what it does not list, and nobody of its worker's runs, it does not renew.
  private func unnamed(_ life: WorkerLife, _ leases: [Lease], _ step: Step, _ world: World) {
    let renewed =
      world.look { (connection) throws(StoreError) in
        try connection.all(Self.renewed, [.text(life.id), .time(step.databaseNow)]) {
          (row: any SQLRow) throws(StoreError) in
          Lease(scanID: row.uuid(0), token: row.int(1))
        }
      } ?? []
    let worker = world.machines.flatMap(\.workers).first { $0.life?.id == life.id }
    for lease in renewed where !leases.contains(lease) && worker?.attempts[lease] == nil {
      world.fail(
        3,
        "a heartbeat renewed token \(lease.token) of scan \(Self.number(lease.scanID, world)),"
          + " which it did not name")
    }
  }

  mutating func saw(_ event: WorldEvent, _ world: World) {
    switch event {
    case .answered(let report, .applied, let askedAt):
      let lease = report.lease
      if let newest = tokens[lease.scanID], newest.token > lease.token, newest.since < askedAt {
        world.fail(
          3,
          "a report under token \(lease.token) of scan \(Self.number(lease.scanID, world)) was"
            + " taken for good; its token is \(newest.token)")
      }
    case .beaten(let leases, let outcome, let askedAt):
      for lease in leases {
        guard let ended = endedAt[lease], ended < askedAt, !outcome.lost.contains(lease) else {
          continue
        }
        world.fail(
          3,
          "a heartbeat under token \(lease.token) of scan \(Self.number(lease.scanID, world)) was"
            + " not told that it is superseded")
      }
    default: break
    }
  }

  private static func number(_ id: ScanID, _ world: World) -> Int64 {
    world.look { (connection) throws(StoreError) in
      try connection.first(numberOf, [.uuid(id)]) { $0.int(0) }
    }.flatMap { $0 } ?? 0
  }

  private static func fingerprint(_ id: ScanID, _ world: World) -> String {
    world.look { (connection) throws(StoreError) in
      try connection.first(everything, [.uuid(id)]) { $0.text(0) }
    }.flatMap { $0 } ?? ""
  }

  private static let renewed = Statement(
    """
    SELECT id, lease_token FROM scans
    WHERE worker_id = $1 AND status = 'running' AND last_activity_at = $2 AND claimed_at < $2
    """)

  private static let numberOf = Statement("SELECT number FROM scans WHERE id = $1")

  private static let everything = Statement(
    """
    SELECT json_array(status, lease_token, attempt, transitions, last_activity_at, updated_at,
      progress, progress_at, checkpoint, checkpoint_at, waiting_for, run_at, ended_at, message,
      error_message, cleanup_reason, crashes, stuck_attempts, errors_count, items_found,
      (SELECT count(*) FROM scan_items WHERE scan_id = number))
    FROM scans WHERE id = $1
    """)
}
