import Synchronization

/// Slows down who guesses: after five wrong tokens or codes from one address within a minute, or
/// thirty from all of them, further ones wait for that minute to pass.
final class SignInThrottle: Sendable {
  static let window: Duration = .seconds(60)
  static let mostPerPeer = 5
  static let mostInAll = 30

  /// A try that counts as wrong until it has proven right: of many that come at once, no more are looked at than of those that come one
  /// by one.
  struct Attempt: Sendable, Hashable {
    fileprivate var number: Int
    var peer: String
    var at: ContinuousClock.Instant
  }

  private struct State {
    var attempts: [Attempt] = []
    var next = 0
  }

  private let state = Mutex(State())

  /// - Returns: how long `peer` has to wait; `nil` if it may try.
  func wait(for peer: String, now: ContinuousClock.Instant = .now) -> Duration? {
    state.withLock { Self.wait(for: peer, &$0, now) }
  }

  /// Begins a try.
  ///
  /// - Returns: how long `peer` has to wait instead, as the failure.
  func begin(
    _ peer: String, now: ContinuousClock.Instant = .now
  ) throws(Refusal) -> Attempt {
    let outcome: Result<Attempt, Refusal> = state.withLock { state in
      if let wait = Self.wait(for: peer, &state, now) { return .failure(Refusal(wait: wait)) }
      state.next += 1
      let attempt = Attempt(number: state.next, peer: peer, at: now)
      state.attempts.append(attempt)
      return .success(attempt)
    }
    return try outcome.get()
  }

  struct Refusal: Error {
    var wait: Duration
  }

  /// The try was right, and is forgotten.
  func succeeded(_ attempt: Attempt) {
    state.withLock { state in state.attempts.removeAll { $0.number == attempt.number } }
  }

  /// A try that was wrong from its beginning.
  func recordFailure(of peer: String, now: ContinuousClock.Instant = .now) {
    state.withLock { state in
      state.next += 1
      state.attempts.append(Attempt(number: state.next, peer: peer, at: now))
    }
  }

  private static func wait(
    for peer: String, _ state: inout State, _ now: ContinuousClock.Instant
  ) -> Duration? {
    state.attempts.removeAll { $0.at + window <= now }
    let own = state.attempts.filter { $0.peer == peer }
    let oldest =
      if own.count >= mostPerPeer {
        own[own.count - mostPerPeer]
      } else if state.attempts.count >= mostInAll {
        state.attempts[state.attempts.count - mostInAll]
      } else {
        nil as Attempt?
      }
    return oldest.map { $0.at + window - now }
  }
}
