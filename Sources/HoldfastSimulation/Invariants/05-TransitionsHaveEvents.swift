import HoldfastCore

/// 5. Each change of a status and its event are one transaction.
struct TransitionsHaveEvents: Invariant {
  /// The events that tell of a status; others tell of what happened within one.
  private static let telling = Set(
    [
      EventType.submitted, .claimed, .completed, .partial, .failed, .requeued, .paused, .unpaused,
      .cancelled, .retried,
    ].map(\.rawValue)
      // An operator's own SQL names the status that it set.
      + ScanStatus.allCases.map { "scan_\($0.rawValue)" })

  mutating func after(_ step: Step, _ world: World) {
    var transitions: [ScanID: Int] = [:]
    var events: [ScanID: Int] = [:]
    for change in step.changes {
      switch change.what {
      case .inserted: transitions[change.scanID, default: 0] += 1
      case .updated: if change.isTransition { transitions[change.scanID, default: 0] += 1 }
      case .event(let type):
        if Self.telling.contains(type) { events[change.scanID, default: 0] += 1 }
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
