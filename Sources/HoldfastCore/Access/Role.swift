/// What somebody may do. Each role may do all that those before it may.
package enum Role: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
  /// Reads: scans, their stories, workers, what is stuck.
  case viewer
  /// Submits scans and acts on them, cleanups included.
  case `operator`
  /// Gives others access: tokens, users, and the audit log.
  case admin

  private var rank: Int {
    switch self {
    case .viewer: 0
    case .operator: 1
    case .admin: 2
    }
  }

  package static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
}
