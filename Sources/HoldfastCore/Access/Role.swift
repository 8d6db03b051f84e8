/// What somebody may do. Each role may do all that those before it may, but for `worker`, which stands beside them.
package enum Role: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
  /// Reads: scans, their stories, workers, what is stuck.
  case viewer
  /// Submits scans and acts on them, cleanups included.
  case `operator`
  /// Gives others access: tokens, users, and the audit log.
  case admin
  /// Runs scans over HTTP: registers, claims, beats, reports, gives back. It does and reads nothing else, and opens no session.
  case worker

  /// Those that people have, and that a session can be opened with.
  package static let ofPeople: [Role] = [.viewer, .operator, .admin]

  private var rank: Int {
    switch self {
    case .worker: -1
    case .viewer: 0
    case .operator: 1
    case .admin: 2
    }
  }

  package static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
}
