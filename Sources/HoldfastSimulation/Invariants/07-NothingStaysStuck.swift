import HoldfastCore
import HoldfastStorage

/// 7. Whenever the database is reachable and one sweeper lives, every scan is terminal, or moving, or has been given a recovery,
/// within the bound that its policy states.
struct NothingStaysStuck: Invariant {
  /// How many attempts each scan had had when all was healed.
  private var attempts: [Int64: Int64] = [:]

  mutating func saw(_ event: WorldEvent, _ world: World) {
    guard case .goodTimes(let goodSince) = event else { return }
    let good = VirtualClock.origin + goodSince + world.clock.stepMilliseconds
    let now = world.clock.now
    for scan in Self.running(world) {
      let policy = Scenario.policy(scan.kind, "")
      let first = attempts[scan.number] ?? scan.attempt
      if world.isHealed { attempts[scan.number] = first }
      if scan.attempt > first + Int64(policy.maxAttempts + policy.maxCrashes + 2) {
        world.fail(7, "scan \(scan.number) is run again and again: attempt \(scan.attempt)")
      }
      let bound = Self.boundSeconds(policy, scan)
      let since = max(scan.claimedAt, Timestamp(unixMilliseconds: good))
      // Whatever it does, an attempt's own time is bounded; one that is heard of no more, or moves no more, ends sooner.
      let heard = now.seconds(since: max(scan.heardAt, since))
      let moved = now.seconds(since: max(scan.movedAt, since))
      if heard > policy.staleAfterSeconds + bound {
        world.fail(
          7, "scan \(scan.number) was last heard of \(Int(heard)) s ago and is still running")
      } else if moved > policy.stallAfterSeconds + policy.waitingCapMinutes * 60 + bound {
        world.fail(7, "scan \(scan.number) last moved \(Int(moved)) s ago and is still running")
      }
    }
  }

  mutating func atTheEnd(_ world: World) {
    guard world.isHealed else { return }
    for scan in Self.active(world) {
      world.fail(
        7,
        "scan \(scan.number) is still \(scan.status) \((world.scheduler.now - world.healedAt) / 1000) s"
          + " after all was healed (attempt \(scan.attempt), \(scan.crashes) crashes)")
    }
  }

  /// From the moment at which a scan is overdue to that at which its recovery is applied, at most; as `policy show` says.
  private static func boundSeconds(_ policy: Policy, _ scan: Row) -> Double {
    let pace = WorstCase.Pace()
    return pace.takeoverSeconds + pace.sweepSeconds + pace.sweepDurationSeconds
      + pace.stopSeconds + pace.reportSeconds
      + max(policy.cancellingTimeoutSeconds, policy.staleAfterSeconds)
      // After a mass death or a step of the clock recoveries are held for a minute.
      + 60 + policy.heartbeatIntervalSeconds
  }

  private struct Row {
    var number: Int64
    var kind: String
    var attempt: Int64
    var claimedAt: Timestamp
    var heardAt: Timestamp
    var movedAt: Timestamp
  }

  private static func running(_ world: World) -> [Row] {
    world.look { (connection) throws(StoreError) in
      try connection.all(select, []) { (row: any SQLRow) throws(StoreError) in
        Row(
          number: row.int(0), kind: row.text(1), attempt: row.int(5), claimedAt: row.time(2),
          heardAt: row.time(3),
          movedAt: row.time(4))
      }
    } ?? []
  }

  private static func active(
    _ world: World
  ) -> [(number: Int64, status: String, attempt: Int64, crashes: Int64)] {
    world.look { (connection) throws(StoreError) in
      try connection.all(stillActive, []) { (row: any SQLRow) throws(StoreError) in
        (row.int(0), row.text(1), row.int(2), row.int(3))
      }
    } ?? []
  }

  private static let select = Statement(
    """
    SELECT number, kind, claimed_at, max(claimed_at, coalesce(last_activity_at, claimed_at)),
      max(claimed_at, coalesce(progress_at, claimed_at)), attempt
    FROM scans WHERE status = 'running'
    """)

  private static let stillActive = Statement(
    """
    SELECT number, status, attempt, crashes FROM scans
    WHERE status IN ('pending', 'running', 'paused') ORDER BY number
    """)
}
