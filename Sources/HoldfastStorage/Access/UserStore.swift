package import HoldfastCore

/// People with passwords. All operations throw ``StoreError``.
///
/// Where the store is one tenant's, only those with a role there are there; whoever has roles elsewhere too keeps those, and their
/// password is not this tenant's to set.
package protocol UserStore: Sendable {
  func addUser(_ draft: UserDraft) async throws(StoreError) -> UserOutcome
  /// By name.
  func users() async throws(StoreError) -> [UserRecord]
  /// By name, page by page.
  func users(cursor: String?, limit: Int) async throws(StoreError) -> Page<UserRecord>
  func user(id: String) async throws(StoreError) -> UserRecord?
  /// Finds somebody who signs in, with what the password is checked against.
  func credentials(
    ofUser name: String
  ) async throws(StoreError) -> (user: UserRecord, passwordHash: String)?
  /// Gives somebody a role in a tenant, or takes it away; who has none left is removed.
  func setRole(
    _ role: Role?, of name: String, in scope: TenantScope
  ) async throws(StoreError) -> UserOutcome
  /// Sets another password, with which all sessions end.
  func setPassword(hash: String, of name: String) async throws(StoreError) -> UserOutcome
}

/// Somebody to be added.
package struct UserDraft: Sendable, Hashable {
  package var name: String
  package var passwordHash: String
  package var role: Role
  package var scope: TenantScope
  package var createdBy: String
  package var idempotency: IdempotencyKey?

  package init(
    name: String, passwordHash: String, role: Role, scope: TenantScope, createdBy: String
  ) {
    self.name = name
    self.passwordHash = passwordHash
    self.role = role
    self.scope = scope
    self.createdBy = createdBy
  }
}

package enum UserOutcome: Sendable, Hashable {
  /// Done: as they are now; with no roles if they were removed.
  case done(UserRecord)
  /// This idempotency key has made them before.
  case existing(UserRecord)
  /// The idempotency key was used for something else, or whom it made is gone.
  case keyUsed
  case nameTaken
  case noSuchTenant
  case notFound
}
