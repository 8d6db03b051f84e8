import HoldfastCore

/// Where the reader of the tail is, and in what order events leave it.
///
/// Ids are given out before their transactions commit, so a smaller id may become visible after a
/// larger one. Listeners resume by id: nothing may pass a gap that can still be filled. A gap that
/// stays open is an id that was rolled back.
struct EventTail: Sendable {
  /// The newest event that has left.
  private(set) var position: Int64
  private var gapSince: ContinuousClock.Instant?

  /// How long a gap holds back what comes after it: much longer than any of the store's
  /// transactions.
  static let patience: Duration = .seconds(1)

  init(position: Int64) {
    self.position = position
  }

  /// - Parameter events: what the store has after ``position``, oldest first.
  /// - Returns: what may leave now.
  mutating func take(_ events: [ScanEvent], now: ContinuousClock.Instant) -> [ScanEvent] {
    var leaving: [ScanEvent] = []
    for event in events where event.id > position {
      if event.id > position + 1 {
        let since = gapSince ?? now
        gapSince = since
        guard now - since >= Self.patience else { return leaving }
      }
      gapSince = nil
      position = event.id
      leaving.append(event)
    }
    return leaving
  }

  /// Whether something is held back.
  var isWaiting: Bool { gapSince != nil }
}
