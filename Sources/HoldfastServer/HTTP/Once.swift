import Synchronization

/// Something that is to happen a single time in the life of its owner.
final class Once: Sendable {
  private let hasHappened = Atomic(false)

  /// Whether nobody has asked before.
  func isFirst() -> Bool { !hasHappened.exchange(true, ordering: .relaxed) }
}
