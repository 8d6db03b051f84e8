import HoldfastCore
import HoldfastStorage

/// 8. A scan whose heartbeat and progress are on time, and whose deadline has not passed, is never recovered.
///
/// Judged by the row as it was when the recovery was applied, and not by what its plan was made of.
struct HealthyScansAreSpared: Invariant {
  mutating func after(_ step: Step, _ world: World) {
    for change in step.changes {
      guard case .updated(let before) = change.what else { continue }
      switch step.request {
      case .sweep: swept(change, before, step, world)
      case .recoverEarlierLives:
        if change.isTransition { requeued(change, before, world) }
      case .beat(_, let leases):
        let lease = Lease(scanID: change.scanID, token: before.token)
        if change.isTransition, leases.contains(lease) {
          world.fail(8, "a heartbeat took scan \(change.number) from the worker that listed it")
        }
      default: break
      }
    }
  }

  private func swept(
    _ change: Change, _ before: Change.Before, _ step: Step, _ world: World
  ) {
    let isOrder = change.orderedAt != nil && before.orderedAt == nil
    guard change.isTransition || isOrder, before.status.isActive else { return }
    if let why = health(change, before, step.databaseNow, world) {
      world.fail(
        8, "scan \(change.number) was \(isOrder ? "ordered to end" : "recovered"), and \(why)")
    }
  }

  /// A starting worker takes back what earlier lives of its own hold, where these are gone.
  private func requeued(_ change: Change, _ before: Change.Before, _ world: World) {
    guard let worker = before.workerID,
      let holder = world.machines.flatMap(\.workers).first(where: { $0.life?.id == worker })
    else { return }
    world.fail(
      8,
      "scan \(change.number) was taken from \(holder.machine.name), whose process"
        + " \(holder.process.id) lives")
  }

  /// Why it was in good order; `nil` if it was not.
  private func health(
    _ change: Change, _ before: Change.Before, _ now: Timestamp, _ world: World
  ) -> String? {
    let policy = Scenario.policy(change.kind, change.target)
    guard before.status == .running else {
      let waits = now.seconds(since: before.runAt ?? now)
      if before.crashes >= Int64(policy.maxCrashes) { return nil }
      return waits > policy.pendingTimeoutMinutes * 60 ? nil : "it had waited for \(waits) s only"
    }
    let claimed = before.claimedAt ?? now
    let heard = max(claimed, before.lastActivityAt ?? before.startedAt ?? claimed)
    let silent = now.seconds(since: heard)
    if silent > change.heartbeatIntervalSeconds * policy.staleMultiple { return nil }
    let still = now.seconds(since: max(claimed, before.progressAt ?? claimed))
    if still > policy.stallAfterSeconds { return nil }
    let age = now.seconds(since: claimed)
    if age > change.maxRuntimeMinutes * 60, !policy.deadlineSparesProgress { return nil }
    if before.hasRequest {
      let asked = now.seconds(since: max(claimed, before.requestedAt ?? claimed))
      if asked > policy.cancellingTimeoutSeconds { return nil }
    }
    if let worker = before.workerID, !Self.isAlive(worker, world) { return nil }
    return "it was heard of \(silent) s ago, had moved \(still) s ago and was \(age) s old"
  }

  /// By the workers' own table: one that has signed off is no silence but a proof.
  private static func isAlive(_ worker: String, _ world: World) -> Bool {
    world.look { (connection) throws(StoreError) in
      try connection.first(statusOf, [.text(worker)]) { $0.text(0) }
    }.flatMap { $0 }.map { $0 == "alive" || $0 == "lost" } ?? false
  }

  private static let statusOf = Statement("SELECT status FROM workers WHERE id = $1")
}
