import HoldfastCore
import HoldfastStorage

/// 1. A scan has at most one live lease: only a claim gives one, each has a token of its own, and no two runners work on one scan.
struct OneLease: Invariant {
  private var holders: [ScanID: [Int64: String]] = [:]
  /// The newest token of each scan that an operator's own statement has taken from whoever held it.
  private var takenByHand: [ScanID: Int64] = [:]

  mutating func after(_ step: Step, _ world: World) {
    var isClaim = false
    if case .claim = step.request { isClaim = true }
    var isByHand = false
    if case .sql = step.request { isByHand = true }
    for change in step.changes {
      guard case .updated(let before) = change.what else { continue }
      if isByHand, before.status == .running, change.token > before.token {
        takenByHand[change.scanID] = before.token
      }
      if change.token < before.token {
        world.fail(
          1, "the token of scan \(change.number) went back from \(before.token) to \(change.token)")
      }
      if change.status == .running, before.status != .running, !isClaim {
        world.fail(
          1, "scan \(change.number) began to run by “\(step.request.name)”, not by a claim")
      }
      if before.status == .running, change.status == .running, change.token != before.token {
        world.fail(1, "scan \(change.number) was given away while it ran (token \(change.token))")
      }
      if isClaim, change.token != before.token + 1 {
        world.fail(1, "a claim of scan \(change.number) did not raise its token")
      }
      if !isClaim, !isByHand, change.token != before.token {
        world.fail(1, "“\(step.request.name)” raised the token of scan \(change.number)")
      }
    }
  }

  mutating func saw(_ event: WorldEvent, _ world: World) {
    switch event {
    case .claimed(let claims, let life):
      for claim in claims {
        if let other = holders[claim.scan.id]?[claim.lease.token], other != life.id {
          world.fail(1, "scan \(claim.scan.number) was given to two workers under one token")
        }
        holders[claim.scan.id, default: [:]][claim.lease.token] = life.id
      }
    case .runnerStarted(let runner):
      for other in world.runners[runner.lease.scanID]
      where other !== runner && !isExcused(other, world) && !isTakenByHand(runner) {
        world.fail(
          1,
          "two runners work on scan \(runner.attempt.claim.scan.number): attempt"
            + " \(other.lease.token) on \(other.attempt.worker.machine.name) still does, and"
            + " \(runner.lease.token) on \(runner.attempt.worker.machine.name) began")
      }
    default: break
    }
  }

  /// The answer to its claim was still on its way when an operator's own statement took the scan from it.
  private func isTakenByHand(_ runner: SimRunner) -> Bool {
    runner.lease.token <= takenByHand[runner.lease.scanID] ?? 0
  }

  /// What nobody can prevent: its worker was stopped by somebody and could not end it, or an operator's own statement has taken
  /// the scan from it and it has yet to be told.
  private func isExcused(_ runner: SimRunner, _ world: World) -> Bool {
    let worker = runner.attempt.worker.process
    return worker.isStopped || worker.lastContinuedAt >= runner.startedAt || runner.isOvertaken
      || worker.isDead
  }
}
