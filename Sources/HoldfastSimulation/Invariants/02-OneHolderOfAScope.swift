import HoldfastCore

/// 2. An exclusive scope has at most one active scan, and it is free once none is.
struct OneHolderOfAScope: Invariant {
  private var active: [String: Set<Int64>] = [:]

  mutating func after(_ step: Step, _ world: World) {
    for change in step.changes {
      if case .event = change.what { continue }
      guard let scope = change.scope else { continue }
      if change.status.isActive {
        active[scope, default: []].insert(change.number)
      } else {
        active[scope]?.remove(change.number)
      }
    }
    for change in step.changes {
      guard let scope = change.scope, let holders = active[scope], holders.count > 1 else {
        continue
      }
      world.fail(2, "scans \(holders.sorted()) are active in the scope \(scope) at once")
    }
  }

  mutating func saw(_ event: WorldEvent, _ world: World) {
    guard case .refused(let scope?, let holder, let error) = event else { return }
    if active[scope]?.isEmpty ?? true {
      world.fail(
        2,
        "the scope \(scope) is refused, and nobody holds it"
          + (holder.map { ": scan \($0.number) is \($0.status)" } ?? "")
          + (error.map { ": \($0)" } ?? ""))
    }
  }
}
