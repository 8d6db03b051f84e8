import Synchronization

/// Leaves in the breadcrumbs which folder is being read: of several, the one that has been longest, since that is where a walk
/// hangs, if it does.
final class WalkTrace: Sendable {
  private struct Place {
    var number: Int
    var path: [UInt8]
  }

  private struct State {
    var next = 0
    /// In the order in which they were entered; as many as there are walkers.
    var places: [Place] = []
  }

  private let breadcrumbs: BreadcrumbWriter?
  private let state = Mutex(State())

  init(_ breadcrumbs: BreadcrumbWriter?) {
    self.breadcrumbs = breadcrumbs
  }

  /// - Returns: what ``leave(_:)`` takes.
  func enter(_ path: [UInt8]) -> Int {
    guard let breadcrumbs else { return 0 }
    return state.withLock { state in
      state.next += 1
      state.places.append(Place(number: state.next, path: path))
      if state.places.count == 1 { breadcrumbs.current(path: path) }
      return state.next
    }
  }

  func leave(_ number: Int) {
    guard let breadcrumbs else { return }
    state.withLock { state in
      let wasOldest = state.places.first?.number == number
      state.places.removeAll { $0.number == number }
      if wasOldest, let oldest = state.places.first { breadcrumbs.current(path: oldest.path) }
    }
  }
}
