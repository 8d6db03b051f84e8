package import HoldfastCore
package import HoldfastStorage
import Synchronization

/// The leases that a worker holds, and until when each of them surely holds.
///
/// Times are this machine's monotonic clock, measured from before a renewal was sent: the database cannot have counted from
/// earlier, so no two clocks are compared.
package final class LeaseTable: Sendable {
  package typealias Instant = ContinuousClock.Instant

  private struct Entry {
    var intervalSeconds: Double
    /// For those who may give it away, it is stale so long after a beat.
    var termSeconds: Double
    var renewedAt: Instant
    /// Whether its attempt has been told that the lease is unsure.
    var isGivenUp = false
    var stop: @Sendable (AttemptCore.StopCause) -> Void
    var look: @Sendable () -> Void
  }

  private let entries = Mutex<[Lease: Entry]>([:])
  /// The most that ending a runner may take.
  let maxMarginSeconds: Double

  package init(maxMarginSeconds: Double) {
    self.maxMarginSeconds = maxMarginSeconds
  }

  package var leases: [Lease] { entries.withLock { Array($0.keys) } }
  package var count: Int { entries.withLock { $0.count } }
  /// The shortest interval of all scans held.
  package var shortestIntervalSeconds: Double? {
    entries.withLock { $0.values.map(\.intervalSeconds).min() }
  }

  package func add(
    _ lease: Lease, intervalSeconds: Double, staleAfterIntervals: Double = 3,
    claimedAt: Instant,
    stop: @escaping @Sendable (AttemptCore.StopCause) -> Void,
    look: @escaping @Sendable () -> Void = {}
  ) {
    entries.withLock {
      $0[lease] = Entry(
        intervalSeconds: intervalSeconds, termSeconds: intervalSeconds * staleAfterIntervals,
        renewedAt: claimedAt, stop: stop, look: look)
    }
  }

  package func remove(_ lease: Lease) {
    entries.withLock { $0[lease] = nil }
  }

  /// Notes a beat that was sent at `sentAt` with these leases, and passes on what the database answered.
  package func beaten(_ leases: [Lease], sentAt: Instant, outcome: BeatOutcome) {
    let lost = Set(outcome.lost)
    let stops = entries.withLock { entries -> [() -> Void] in
      leases.compactMap { lease in
        guard var entry = entries[lease] else { return nil }
        let stop = entry.stop
        if lost.contains(lease) { return { stop(.superseded) } }
        entry.renewedAt = max(entry.renewedAt, sentAt)
        entries[lease] = entry
        if outcome.looks.contains(lease.scanID) { entry.look() }
        if let order = outcome.orders[lease.scanID] { return { stop(.recover(order)) } }
        return switch outcome.requests[lease.scanID] {
        case .cancel: { stop(.cancel) }
        case .pause: { stop(.pause) }
        case nil: nil
        }
      }
    }
    for stop in stops { stop() }
  }

  package func stopAll(_ cause: AttemptCore.StopCause) {
    for stop in entries.withLock({ $0.values.map(\.stop) }) { stop(cause) }
  }

  /// Tells the attempts whose lease could be given away soon to stop while it surely still holds.
  ///
  /// - Returns: when the next lease becomes unsure if it is not renewed.
  package func giveUpUnsure(now: Instant) -> Instant? {
    let (stops, next) = entries.withLock { entries -> ([() -> Void], Instant?) in
      var stops: [() -> Void] = []
      var next: Instant?
      for (lease, var entry) in entries where !entry.isGivenUp {
        let margin = marginSeconds(of: entry)
        let term = entry.termSeconds
        let unsureAt = entry.renewedAt + .seconds(term - margin)
        if unsureAt > now {
          next = min(next ?? unsureAt, unsureAt)
        } else {
          entry.isGivenUp = true
          entries[lease] = entry
          let (stop, left) = (entry.stop, (entry.renewedAt + .seconds(term) - now).seconds)
          // A tenth of what is left is for the kill itself; a machine that slept may have nothing left.
          stops.append { stop(.leaseUnsure(secondsLeft: max(0, left * 0.9))) }
        }
      }
      return (stops, next)
    }
    for stop in stops { stop() }
    return next
  }

  private func marginSeconds(of entry: Entry) -> Double {
    min(maxMarginSeconds, entry.intervalSeconds)
  }
}
