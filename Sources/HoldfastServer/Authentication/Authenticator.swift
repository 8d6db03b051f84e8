import Foundation
import HoldfastStorage
import Logging
import Synchronization

/// Decides who asks: holds the admin token's hash, the sessions' key, the open codes and the
/// throttle.
final class Authenticator: Sendable {
  let codes = SignInCodes()
  let throttle = SignInThrottle()

  private let store: any ScanStore
  private let secret: String
  private let state: Mutex<State>

  private struct State {
    var tokenHash: String
    var signer: SessionSigner
    var checkedAt: ContinuousClock.Instant
    /// Sessions that were signed out, until they would have expired: id and that time.
    var signedOut: [String: Int64] = [:]
  }

  /// How long a token's hash is believed before the database is asked again: a new token counts
  /// within this time.
  private static let hashLifetime: Duration = .seconds(5)

  private init(store: any ScanStore, secret: String, tokenHash: String) {
    self.store = store
    self.secret = secret
    state = Mutex(
      State(
        tokenHash: tokenHash, signer: SessionSigner(secret: secret, tokenHash: tokenHash),
        checkedAt: .now))
  }

  static func start(
    store: any ScanStore, dataDirectory: String, logger: Logger
  ) async throws(ServerError) -> Authenticator {
    let hash = try await AdminToken.ensure(
      store: store, dataDirectory: dataDirectory, logger: logger)
    return Authenticator(
      store: store, secret: try SessionSigner.secret(in: dataDirectory), tokenHash: hash)
  }

  /// This machine's clock: sessions are this server's own, the database knows nothing of them.
  static var now: Int64 { Int64(Date().timeIntervalSince1970) }

  var signer: SessionSigner { state.withLock { $0.signer } }

  func isAdminToken(_ text: String) async -> Bool {
    await refresh()
    let hash = state.withLock { $0.tokenHash }
    return Secrets.areEqual(Secrets.hash(text), hash)
  }

  func session(from cookie: String) async -> Session? {
    await refresh()
    let now = Self.now
    return state.withLock { state in
      guard let session = state.signer.session(from: cookie, now: now),
        state.signedOut[session.id] == nil
      else { return nil }
      return session
    }
  }

  func signOut(_ session: Session) {
    let now = Self.now
    state.withLock { state in
      state.signedOut = state.signedOut.filter { $0.value > now }
      state.signedOut[session.id] = session.expires
    }
  }

  /// Asks the database for the token's hash now and then. While it cannot be reached, the last one
  /// known goes on.
  private func refresh() async {
    let isDue = state.withLock { state in
      guard ContinuousClock.now - state.checkedAt > Self.hashLifetime else { return false }
      state.checkedAt = .now
      return true
    }
    guard isDue, let hash = try? await store.setting(AdminToken.settingName) else { return }
    state.withLock { state in
      guard state.tokenHash != hash else { return }
      state.tokenHash = hash
      state.signer = SessionSigner(secret: secret, tokenHash: hash)
    }
  }
}
