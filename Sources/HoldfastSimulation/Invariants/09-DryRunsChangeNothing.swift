/// 9. A dry run changes nothing, and lists exactly what the real run would do at that instant.
struct DryRunsChangeNothing: Invariant {
  mutating func saw(_ event: WorldEvent, _ world: World) {
    guard case .rehearsed(let planned, let done, let changes) = event else { return }
    if changes != 0 {
      world.fail(9, "a dry run changed \(changes) rows")
    }
    if planned != done {
      world.fail(
        9, "a dry run listed \(planned.count) scans, and the real run changed \(done.count)")
    }
  }
}
