import HoldfastCore

/// 4. A terminal status changes only by an operator's named action.
struct TerminalStaysTerminal: Invariant {
  mutating func after(_ step: Step, _ world: World) {
    switch step.request {
    case .act, .sql: return
    default: break
    }
    for change in step.changes {
      guard case .updated(let before) = change.what, change.isTransition, !before.status.isActive
      else { continue }
      world.fail(
        4,
        "scan \(change.number) was \(before.status), and “\(step.request.name)” made it"
          + " \(change.status)")
    }
  }
}
