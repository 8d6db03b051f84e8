package import HoldfastCore
package import HoldfastStorage
package import Logging
import Synchronization

/// Deletes what has been kept for as long as the policies say, a little in each of the sweep leader's turns: the leader walks over
/// the scans by number, as far as anything can be old enough, and begins anew an hour after it has come to the end.
package final class Retention: Sendable {
  package struct Limits: Sendable {
    /// How many scans are looked at in one statement.
    package var scans = 200
    /// How many rows one transaction deletes.
    package var rows = 1000
    /// For how long one turn goes on. The lead is renewed between turns, every second or so.
    package var turn: Duration = .milliseconds(200)
    /// From the end of one walk to the beginning of the next.
    package var pause: Duration = .seconds(3600)

    package init() {}
  }

  private struct State {
    /// The scan that was looked at last; 0 before the first.
    var position: Int64 = 0
    var nextWalk: ContinuousClock.Instant
    /// Deleted since somebody asked.
    var deleted = ExpiredRows()
  }

  private let store: any RetentionStore
  private let shortestSeconds: Double?
  private let policy: @Sendable (_ kind: String, _ target: String) -> Policy
  private let limits: Limits
  private let logger: Logger
  private let state: Mutex<State>

  /// - Parameter shortestSeconds: younger scans need not be looked at; `nil` where all is kept for ever.
  package init(
    store: any RetentionStore, shortestSeconds: Double?, limits: Limits = Limits(),
    logger: Logger, policy: @escaping @Sendable (_ kind: String, _ target: String) -> Policy
  ) {
    self.store = store
    self.shortestSeconds = shortestSeconds
    self.policy = policy
    self.limits = limits
    self.logger = logger
    state = Mutex(State(nextWalk: .now))
  }

  /// Goes on with the walk, if it is time, until the turn is over.
  package func turn() async throws(StoreError) {
    guard let shortestSeconds, state.withLock({ $0.nextWalk }) <= .now else { return }
    let end = ContinuousClock.now + limits.turn
    repeat {
      let position = state.withLock { $0.position }
      let scans = try await store.storedScans(after: position, limit: limits.scans)
      let old = scans.prefix { $0.secondsSinceCreation >= shortestSeconds }
      guard let last = old.last else { return endWalk() }
      let due = old.flatMap { Expiry.due(of: $0, policy: policy($0.kind, $0.target)) }
      let finished = try await expire(due, until: end)
      // What was not finished is looked at again.
      let next = finished < due.count ? due[finished].scan - 1 : last.number
      state.withLock { $0.position = max(position, next) }
      if finished == due.count, old.count < limits.scans { return endWalk() }
    } while .now < end
  }

  /// - Returns: how many of `due` are finished.
  private func expire(
    _ due: [Expiry], until end: ContinuousClock.Instant
  ) async throws(StoreError) -> Int {
    var finished = 0
    while finished < due.count {
      let step = try await store.expire(Array(due[finished...]), mostRows: limits.rows)
      finished += step.finished
      state.withLock { $0.deleted += step.deleted }
      guard .now < end else { break }
    }
    return finished
  }

  private func endWalk() {
    state.withLock { state in
      state.position = 0
      state.nextWalk = .now + limits.pause
    }
  }

  /// What was deleted since this was last asked, for the sweep's record; in the log if it was anything.
  package func takeDeleted() -> ExpiredRows {
    let deleted = state.withLock { state in
      defer { state.deleted = ExpiredRows() }
      return state.deleted
    }
    if deleted.all > 0 {
      logger.notice(
        "🧹 what has been kept for long enough is deleted",
        metadata: [
          "scans": "\(deleted.scans)", "items": "\(deleted.items)", "events": "\(deleted.events)",
        ])
    }
    return deleted
  }
}
