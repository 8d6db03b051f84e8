import HoldfastCore
import HoldfastStorage

/// A defect that other systems had or have, put back for a test: into the statements on their way to the database, or into the
/// simulated worker's loops. The product itself has no switch.
package enum Defect: String, Sendable, CaseIterable {
  /// The token is not compared where an attempt's reports are let in.
  case reportsWithoutToken
  /// A report that was long on its way is applied over newer ones.
  case reportsInAnyOrder
  /// A heartbeat renews whatever runs under the scan's id.
  case beatsWithoutToken
  /// A heartbeat names its worker and not its attempts.
  case beatsNameNoAttempt
  /// A recovery goes by the scan's id alone.
  case recoversByIDAlone
  /// An attempt that never beat is never stale.
  case neverBeatIsExempt
  /// A starting worker takes for its own whatever its name holds.
  case identityByName
  /// A completed scan gets no event.
  case completesWithoutEvent
  /// The sweep looks at the first of what is due, and no further.
  case sweepDoesNotPage
  /// A recovery starts the next attempt itself.
  case recoveryStartsWork
  /// The row is changed, and the process is left to notice.
  case rowBeforeProcess
  /// The end of a superseded attempt is applied.
  case lateSuccessIsApplied
  /// Deaths of runners are not counted.
  case crashesAreNotCounted
  /// What ended by a recovery keeps its exclusive scope.
  case scopeIsNotFreed
  /// Nothing but a look keeps two scans out of one scope.
  case scopeWithoutIndex
  /// A dry run gives its orders.
  case dryRunWrites
  /// The sweep compares with its own machine's clock.
  case sweepHasItsOwnClock
  /// Heartbeats are written by the worker's own clock.
  case beatsHaveTheirOwnClock
  /// A worker that cannot renew its leases lets its runners run.
  case keepsRunningWithoutLease
  /// A checkpoint is acknowledged before it is anywhere.
  case acknowledgesEarly
  /// A checkpoint is written without all items that it covers.
  case checkpointWithoutItems
  /// Items that are reported again are counted again.
  case itemsCountTwice
  /// A claim takes what it has found without looking whether it is still pending.
  case claimsWhatRuns
  /// A recovery by the sweep is no event.
  case recoversWithoutEvent

  /// The promises that it breaks, one of whose checks is to find it.
  package var invariants: Set<Int> {
    switch self {
    case .reportsWithoutToken, .beatsWithoutToken: [3]
    case .lateSuccessIsApplied: [3, 4]
    case .beatsNameNoAttempt: [3, 7]
    // It also ends what has ended, with one more event.
    case .recoversByIDAlone: [4, 5, 8]
    case .crashesAreNotCounted: [7]
    // What the sweep passes over, its dry run still lists.
    case .neverBeatIsExempt, .sweepDoesNotPage: [7, 9]
    case .identityByName, .sweepHasItsOwnClock: [8]
    case .completesWithoutEvent, .recoversWithoutEvent: [5]
    // A status that no event of its transaction tells of.
    case .recoveryStartsWork: [1, 5]
    case .rowBeforeProcess, .keepsRunningWithoutLease, .claimsWhatRuns: [1]
    case .scopeIsNotFreed, .scopeWithoutIndex: [2]
    case .dryRunWrites: [9]
    case .beatsHaveTheirOwnClock: [10]
    case .acknowledgesEarly, .checkpointWithoutItems, .itemsCountTwice, .reportsInAnyOrder: [6]
    }
  }

  func wrap(_ connection: any SQLConnection, _ request: Request) -> any SQLConnection {
    RewritingConnection(connection) { rewritten($0, request) }
  }

  /// Changes to the schema that the defect consists of.
  var schemaChanges: [String] {
    switch self {
    case .scopeWithoutIndex: ["DROP INDEX scans_scope"]
    case .scopeIsNotFreed:
      [
        "DROP INDEX scans_scope",
        """
        CREATE UNIQUE INDEX scans_scope ON scans (tenant_id, scope)
        WHERE status IN ('pending', 'running', 'paused')
          OR (status = 'failed' AND recovery_info IS NOT NULL)
        """,
      ]
    default: []
    }
  }
}
