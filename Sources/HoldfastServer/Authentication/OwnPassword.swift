import HTTPTypes
import HoldfastCore
import HoldfastStorage

/// Somebody who has signed in with a name and a password sets another one: with the present one, so that a session left open is not
/// enough.
struct OwnPassword: Sendable {
  let store: any ScanStore & AccessStore
  let authenticator: Authenticator

  /// Sets it; all sessions of the user end, the caller's too.
  ///
  /// - Throws: ``Problem`` of what stood in the way.
  func change(from current: String, to password: String, _ context: ServerContext) async throws {
    guard case .user(let id, _, _) = context.identity?.subject,
      let name = try await store.user(id: id)?.name
    else {
      throw Problem(
        .userNotFound,
        "Only somebody who has signed in with a name and a password has one to change.")
    }
    if let problem = Password.problem(with: password) {
      throw Problem.invalid("password", "“password” \(problem).")
    }
    let attempt = try begin("user:\(id)")
    let hash = try await store.credentials(ofUser: name)?.passwordHash
    guard try await Password.isRight(current, for: hash) else {
      throw Problem.invalid("current_password", "“current_password” is not your password.")
    }
    authenticator.throttle.succeeded(attempt)
    // A user's password is one in all tenants that they have a role in.
    let caller = Caller(
      scope: .all, actor: context.actor, address: context.address, requestID: context.requestID)
    let outcome = try await store.seen(by: caller).setPassword(
      hash: try await Password.hash(password), of: name)
    _ = try UsersAPI.user(outcome, name)
  }

  private func begin(_ name: String) throws(Problem) -> SignInThrottle.Attempt {
    do throws(SignInThrottle.Refusal) {
      return try authenticator.throttle.begin(name)
    } catch {
      throw Problem(
        .tooManyAttempts, SignInPages.waitText(error.wait),
        headers: [.retryAfter: String(max(1, error.wait.components.seconds))])
    }
  }
}
