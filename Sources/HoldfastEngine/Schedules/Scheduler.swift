package import HoldfastCore
package import HoldfastStorage
package import Logging

/// Submits the scans of schedules when they are due.
///
/// The process that leads the sweep does this. Each run bears a key made of the schedule's name and its
/// instant, unique in the database, so that two that both think they lead submit it once; and a run is
/// recorded as handled only after its submission, so that one whose leader dies is submitted by the next.
package struct Scheduler: Sendable {
  private let store: any ScanStore & ScheduleStore
  private let policy: @Sendable (_ kind: String, _ target: String) -> Policy
  private let logger: Logger

  /// How many schedules one turn looks at; the rest comes with the next.
  private static let batch = 50

  package init(
    store: any ScanStore & ScheduleStore,
    policy: @escaping @Sendable (_ kind: String, _ target: String) -> Policy, logger: Logger
  ) {
    self.store = store
    self.policy = policy
    self.logger = logger
  }

  /// Submits what is due.
  ///
  /// - Returns: how many schedules were due.
  @discardableResult
  package func turn() async throws(StoreError) -> Int {
    let (due, now) = try await store.dueSchedules(limit: Self.batch)
    for schedule in due {
      let step = try await step(schedule, now)
      _ = try await store.advance(schedule, step)
      if step.missed > 0 {
        logger.warning(
          "runs of a schedule were missed",
          metadata: ["schedule": "\(schedule.name)", "runs": "\(step.missed)"])
      }
    }
    return due.count
  }

  private func step(
    _ schedule: Schedule, _ now: Timestamp
  ) async throws(StoreError) -> ScheduleStep {
    let rule: ScheduleRule
    do { rule = try schedule.rule() } catch {
      return unreadable(schedule, "\(error)", now)
    }
    guard let offset = Zones.offset(of: schedule.zone) else {
      return unreadable(schedule, "there is no time zone “\(schedule.zone)”", now)
    }
    let turn = ScheduleTurn(
      rule, handled: schedule.handledAt, now: now, missed: schedule.missed, offset: offset)
    var step = ScheduleStep(
      handled: now, next: turn.next, run: turn.due, scanID: nil, outcome: "passed over",
      missed: turn.missed)
    guard let run = turn.due else { return step }
    let request = ScanRequest(
      id: .make(), tenantID: schedule.tenantID, kind: schedule.kind, target: schedule.target,
      params: schedule.params, priority: schedule.priority,
      policy: policy(schedule.kind, schedule.target),
      idempotencyKey: "schedule:\(schedule.name):\(run)", createdBy: "schedule \(schedule.name)")
    switch try await store.submit([request]).first {
    case .created(let scan), .existing(let scan):
      step.scanID = scan.id
      step.outcome = "submitted"
    case .scopeHeld(let holder):
      step.outcome = "not submitted: scan \(holder.number) of the same target is active"
      logger.info(
        "a scheduled scan was not submitted: its target is being scanned",
        metadata: ["schedule": "\(schedule.name)", "scan": "\(holder.number)"])
    case nil: step.outcome = "not submitted"
    }
    return step
  }
  /// Somebody has changed the row by hand. It waits until it is made anew, and says why.
  private func unreadable(
    _ schedule: Schedule, _ problem: String, _ now: Timestamp
  ) -> ScheduleStep {
    logger.error(
      "a schedule cannot be read",
      metadata: ["schedule": "\(schedule.name)", "problem": "\(problem)"])
    return ScheduleStep(
      handled: now, next: nil, run: nil, scanID: nil,
      outcome: "\(problem): remove it and add it again", missed: 0)
  }
}
