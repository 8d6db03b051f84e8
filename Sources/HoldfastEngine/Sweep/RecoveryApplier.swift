package import HoldfastCore
package import HoldfastStorage
package import Logging

/// Applies a plan, one scan after the other: what fails for one does not stop the others.
package struct RecoveryApplier: Sendable {
  /// What became of one entry.
  package enum Outcome: String, Sendable, Codable {
    /// Its row was changed.
    case recovered
    /// Its worker is told to end the process; the row follows.
    case ordered
    /// Only told.
    case reported
    /// It was not as the plan saw it any more.
    case moved
    /// The database refused; it is tried again by the next sweep.
    case refused
  }

  package struct Result: Sendable {
    package var entry: RecoveryPlan.Entry
    package var outcome: Outcome
  }

  private let store: any SupervisionStore
  private let actor: String
  private let logger: Logger

  package init(store: any SupervisionStore, actor: String, logger: Logger) {
    self.store = store
    self.actor = actor
    self.logger = logger
  }

  /// - Parameters:
  ///   - patienceSeconds: how long a worker may take to carry out an order before the row is recovered without it.
  ///   - jitter: 0 to 1, asked once for each entry.
  package func apply(
    _ planned: SweepPlanner.Planned, patienceSeconds: (ScanSnapshot) -> Double,
    jitter: () -> Double
  ) async -> [Result] {
    let rows = Dictionary(planned.rows.map { ($0.snapshot.scanID, $0) }) { $1 }
    var results: [Result] = []
    for entry in planned.plan.entries {
      guard let row = rows[entry.scanID] else { continue }
      let outcome: Outcome
      do throws(StoreError) {
        outcome = try await apply(
          entry, row, now: planned.now, patienceSeconds: patienceSeconds(row.snapshot),
          jitter: jitter())
      } catch {
        logger.error(
          "a recovery was refused; the next sweep tries again",
          metadata: ["scan": "\(entry.number)", "error": "\(error)"])
        outcome = .refused
      }
      tell(entry, outcome)
      results.append(Result(entry: entry, outcome: outcome))
    }
    return results
  }

  private func apply(
    _ entry: RecoveryPlan.Entry, _ row: DuePage.Row, now: Timestamp, patienceSeconds: Double,
    jitter: Double
  ) async throws(StoreError) -> Outcome {
    guard entry.decision.action.changes else { return .reported }
    let delaySeconds = entry.delaySeconds(jitter: jitter)
    if Self.isWorkerThere(entry, row) {
      // The process ends first and the row after, unless its worker does not get to it in time.
      guard let orderedAt = row.orderedAt else {
        return try await store.orderRecovery(entry, delaySeconds: delaySeconds) ? .ordered : .moved
      }
      if now.seconds(since: orderedAt) < patienceSeconds { return .ordered }
    }
    return try await store.recover(entry, delaySeconds: delaySeconds, by: actor)
      ? .recovered : .moved
  }

  /// Whether somebody is there who can end the process: heartbeats arrive, and no second channel says otherwise.
  package static func isWorkerThere(_ entry: RecoveryPlan.Entry, _ row: DuePage.Row) -> Bool {
    guard row.snapshot.status == .running, let worker = row.snapshot.worker else { return false }
    switch entry.verdict.kind {
    case .dead, .neverStarted, .poison: return false
    default: return worker.secondOpinion != .gone
    }
  }

  private func tell(_ entry: RecoveryPlan.Entry, _ outcome: Outcome) {
    logger.notice(
      "🧹 \(entry.verdict.sentence)",
      metadata: [
        "scan": "\(entry.number)", "action": "\(entry.decision.action.rawValue)",
        "reason": "\(entry.decision.reason.rawValue)", "outcome": "\(outcome.rawValue)",
      ])
  }
}
