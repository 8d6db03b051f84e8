/// Where a scan stands. The raw value is what the database stores and the API shows.
package enum ScanStatus: String, Codable, Sendable, CaseIterable {
  /// In the queue; nobody runs it.
  case pending
  /// One worker holds its lease.
  case running
  /// An operator stopped it for now; it keeps its place and its exclusive scope.
  case paused
  /// Ended, with nothing amiss.
  case completed
  /// Ended to its end, with item errors on the way.
  case partial
  /// Ended by a fatal error or by a recovery.
  case failed
  /// Ended by an operator.
  case cancelled

  /// Whether the scan holds its exclusive scope.
  package var isActive: Bool {
    switch self {
    case .pending, .running, .paused: true
    case .completed, .partial, .failed, .cancelled: false
    }
  }

  /// Whether only an operator's named action can change the status again.
  package var isTerminal: Bool { !isActive }
}
