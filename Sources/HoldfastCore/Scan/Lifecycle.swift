/// What can happen to a scan, and what becomes of it: the one table that the stores enforce.
///
/// Every statement that changes a status takes the statuses it may start from out of this table
/// (``Lifecycle/sources(of:)``), so that no second opinion exists anywhere.
package enum Lifecycle {
  /// Something that happens to a scan.
  package enum Event: String, Sendable, CaseIterable {
    /// A worker takes it from the queue: a new attempt with a new lease token.
    case claim
    /// The runner came to the end and no item error was recorded.
    case complete
    /// The runner came to the end and item errors were recorded.
    case completePartially
    /// A fatal error, or a recovery that gives up.
    case fail
    /// Back into the queue: a crash, a drain, or a recovery that requeues or resumes.
    case requeue
    /// An operator stops it for now.
    case pause
    /// An operator lets a paused scan go on.
    case unpause
    /// An operator ends it.
    case cancel
    /// An operator runs an ended scan again: retry, reset or revert.
    case retry
    /// A recovery gives up on a scan in the queue: nobody claimed it in time and its policy fails such scans, or it has
    /// killed its runners too often. Apart from `fail`, so that no attempt's late failure fits a pending scan.
    case expire
  }

  /// The status after `event`, or `nil` where the event cannot happen to a scan in that status.
  package static func status(after event: Event, from status: ScanStatus) -> ScanStatus? {
    switch (status, event) {
    case (.pending, .claim): .running
    case (.running, .complete): .completed
    case (.running, .completePartially): .partial
    case (.running, .fail): .failed
    case (.pending, .expire): .failed
    case (.running, .requeue): .pending
    case (.running, .pause): .paused
    case (.paused, .unpause): .pending
    case (.pending, .cancel), (.running, .cancel), (.paused, .cancel): .cancelled
    case (.failed, .retry), (.partial, .retry), (.cancelled, .retry): .pending
    default: nil
    }
  }

  /// The statuses from which `event` can happen.
  package static func sources(of event: Event) -> [ScanStatus] {
    ScanStatus.allCases.filter { status(after: event, from: $0) != nil }
  }
}
