import HoldfastCore
import Synchronization

/// What was lately read of API tokens, so that a busy client costs a read of the database now and then, not with each request.
final class TokenCache: Sendable {
  /// How long a token is believed: one that was revoked elsewhere ends within this time.
  static let lifetime: Duration = .seconds(2)
  static let most = 1024

  private struct Entry {
    var token: TokenRecord
    var readAt: ContinuousClock.Instant
  }

  /// By the token's hash, or by `id:` and its id.
  private let entries = Mutex<[String: Entry]>([:])

  func token(_ key: String, now: ContinuousClock.Instant = .now) -> TokenRecord? {
    entries.withLock { entries in
      guard let entry = entries[key], now - entry.readAt < Self.lifetime else { return nil }
      return entry.token
    }
  }

  func keep(_ token: TokenRecord, as key: String, now: ContinuousClock.Instant = .now) {
    entries.withLock { entries in
      if entries.count >= Self.most {
        entries = entries.filter { now - $0.value.readAt < Self.lifetime }
      }
      if entries.count >= Self.most { entries = [:] }
      entries[key] = Entry(token: token, readAt: now)
    }
  }

  /// After a change made here, which so counts at once.
  func forget() {
    entries.withLock { $0 = [:] }
  }
}
