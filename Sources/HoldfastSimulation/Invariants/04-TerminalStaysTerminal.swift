import HoldfastCore

/// 4. A terminal status changes only by an operator's named action; and no status changes but as the lifecycle's table has it.
struct TerminalStaysTerminal: Invariant {
  mutating func after(_ step: Step, _ world: World) {
    for change in step.changes {
      guard case .updated(let before) = change.what, change.isTransition else { continue }
      let what =
        "scan \(change.number) was \(before.status), and “\(step.request.name)” made it"
        + " \(change.status)"
      if !before.status.isActive, !isByHand(step.request) {
        world.fail(4, what)
      } else if !Self.isInTheTable(change.status, after: before.status) {
        world.fail(4, "\(what), which is not in the lifecycle's table")
      }
    }
  }

  private func isByHand(_ request: Request) -> Bool {
    switch request {
    case .act, .sql: true
    default: false
    }
  }

  private static func isInTheTable(_ status: ScanStatus, after before: ScanStatus) -> Bool {
    Lifecycle.Event.allCases.contains { Lifecycle.status(after: $0, from: before) == status }
  }
}
