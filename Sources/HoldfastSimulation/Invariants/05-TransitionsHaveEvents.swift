import HoldfastCore

/// 5. Each change of a status and its event are one transaction.
struct TransitionsHaveEvents: Invariant {
  /// Events that tell of a scan what is no change of its status.
  private static let remarks = Set(
    [EventType.verdict, .diagnosed, .suspected].map(\.rawValue))

  mutating func after(_ step: Step, _ world: World) {
    var transitions: [ScanID: Int] = [:]
    var events: [ScanID: Int] = [:]
    for change in step.changes {
      switch change.what {
      case .inserted: transitions[change.scanID, default: 0] += 1
      case .updated: if change.isTransition { transitions[change.scanID, default: 0] += 1 }
      case .event(let type):
        if type.hasPrefix("scan_"), !Self.remarks.contains(type) {
          events[change.scanID, default: 0] += 1
        }
      }
    }
    for change in step.changes where transitions[change.scanID] != events[change.scanID] {
      world.fail(
        5,
        "“\(step.request.name)” changed a status \(transitions[change.scanID] ?? 0) times with"
          + " \(events[change.scanID] ?? 0) events: \(change)")
    }
  }
}
