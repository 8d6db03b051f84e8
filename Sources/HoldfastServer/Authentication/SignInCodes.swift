import Synchronization

/// One-time codes that open a session: they live for a minute, so that the token itself never is in
/// an address.
final class SignInCodes: Sendable {
  static let lifetime: Duration = .seconds(60)
  /// How many may be open at once.
  static let most = 64

  private struct Code {
    var subject: Subject
    var expires: ContinuousClock.Instant
  }

  private let open = Mutex<[String: Code]>([:])

  /// A new code; `nil` if too many are open.
  func make(for subject: Subject, now: ContinuousClock.Instant = .now) -> String? {
    let code = Secrets.random(32)
    return open.withLock { open in
      open = open.filter { $0.value.expires > now }
      guard open.count < Self.most else { return nil }
      open[Secrets.hash(code)] = Code(subject: subject, expires: now + Self.lifetime)
      return code
    }
  }

  /// For whom the code was made, if it is good; it is not any more afterwards.
  ///
  /// It is found by its hash, so that the time of the search tells nothing of the codes that are
  /// open.
  func redeem(_ code: String, now: ContinuousClock.Instant = .now) -> Subject? {
    open.withLock { open in
      guard let code = open.removeValue(forKey: Secrets.hash(code)), code.expires > now else {
        return nil
      }
      return code.subject
    }
  }
}
