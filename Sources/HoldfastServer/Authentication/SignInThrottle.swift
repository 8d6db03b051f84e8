import Synchronization

/// Slows down who guesses: after five wrong tokens or codes from one address within a minute, or
/// thirty from all of them, further ones wait for that minute to pass.
final class SignInThrottle: Sendable {
  static let window: Duration = .seconds(60)
  static let mostPerPeer = 5
  static let mostInAll = 30

  private struct Failure {
    var peer: String
    var at: ContinuousClock.Instant
  }

  private let failures = Mutex<[Failure]>([])

  /// - Returns: how long `peer` has to wait; `nil` if it may try.
  func wait(for peer: String, now: ContinuousClock.Instant = .now) -> Duration? {
    failures.withLock { failures in
      failures.removeAll { $0.at + Self.window <= now }
      let own = failures.filter { $0.peer == peer }
      let oldest =
        if own.count >= Self.mostPerPeer {
          own[own.count - Self.mostPerPeer]
        } else if failures.count >= Self.mostInAll {
          failures[failures.count - Self.mostInAll]
        } else {
          nil as Failure?
        }
      return oldest.map { $0.at + Self.window - now }
    }
  }

  /// Tries from one that must wait never come here, so the list stays short.
  func recordFailure(of peer: String, now: ContinuousClock.Instant = .now) {
    failures.withLock { $0.append(Failure(peer: peer, at: now)) }
  }
}
