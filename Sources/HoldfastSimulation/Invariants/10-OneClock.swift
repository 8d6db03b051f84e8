import HoldfastCore
import HoldfastStorage

/// 10. Only the database's clock decides that time has passed: no time in the database is from another clock. The machines of this
/// world are hours away from it, so that one of theirs shows.
struct OneClock: Invariant {
  private var steps = 0

  mutating func after(_ step: Step, _ world: World) {
    steps += 1
    // A look reads all scans: the more there are, the rarer it is.
    if steps % max(16, world.scansByID.count / 2) == 0 { look(world) }
  }

  mutating func atTheEnd(_ world: World) { look(world) }

  private func look(_ world: World) {
    // The clock is now and then set back by a little.
    let latest = world.clock.now.adding(seconds: 5)
    let found = world.look { (connection) throws(StoreError) in
      try connection.first(Self.future, [.time(latest)]) { $0.text(0) }
    }.flatMap { $0 }
    if let found {
      world.fail(10, "\(found) is in the future: it is from no clock of the database's")
    }
  }

  private static let future = Statement(
    """
    SELECT 'a time of scan ' || number FROM scans
    WHERE max(created_at, updated_at, coalesce(claimed_at, ''), coalesce(started_at, ''),
      coalesce(last_activity_at, ''), coalesce(progress_at, ''), coalesce(checkpoint_at, ''),
      coalesce(ended_at, ''), coalesce(ordered_at, ''), coalesce(verdict_at, ''),
      coalesce(json_extract(verdict, '$.judged_at'), '')) > $1
    UNION ALL
    SELECT 'the heartbeat of worker ' || name FROM workers WHERE last_heartbeat_at > $1
    LIMIT 1
    """)
}
