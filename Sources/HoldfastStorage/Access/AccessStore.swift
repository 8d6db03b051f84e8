package import HoldfastCore

/// Who may use an installation: tenants, tokens, and the log of what they did. All operations throw ``StoreError``.
///
/// Where the store is one caller's (``ScanStore/seen(by:)``), all of this is bounded to the caller's tenant, and each change
/// writes its line of the audit log in its own transaction.
package protocol AccessStore: UserStore {
  // MARK: Tenants

  func addTenant(
    _ name: String, by actor: String, idempotency: IdempotencyKey?
  ) async throws(StoreError) -> TenantOutcome
  /// By name.
  func tenants() async throws(StoreError) -> [TenantRecord]
  /// By name, page by page.
  func tenants(cursor: String?, limit: Int) async throws(StoreError) -> Page<TenantRecord>

  // MARK: Tokens

  func createToken(_ draft: TokenDraft) async throws(StoreError) -> TokenOutcome
  /// The newest first; those that are revoked come too.
  func tokens() async throws(StoreError) -> [TokenRecord]
  /// The same, page by page.
  func tokens(cursor: String?, limit: Int) async throws(StoreError) -> Page<TokenRecord>
  /// Finds the token with this hash, whatever its state, and notes its use, if it is active, at most once a minute.
  func useToken(hash: String) async throws(StoreError) -> TokenRecord?
  func token(id: String) async throws(StoreError) -> TokenRecord?
  /// Ends a token for good.
  ///
  /// - Parameter reference: its id, or its name where only one that is not revoked has it.
  func revokeToken(_ reference: String, by actor: String) async throws(StoreError) -> TokenRecord?
  /// Gives a token that is not revoked another secret; the old one ends at once.
  func rotateToken(
    _ reference: String, hash: String, by actor: String
  ) async throws(StoreError) -> TokenRecord?

  // MARK: Audit log

  /// The newest first.
  func auditLog(
    _ filter: AuditFilter, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<AuditRecord>
  /// Writes one line about what was done outside this store, or by many transactions of it.
  func recordAction(_ entry: AuditEntry) async throws(StoreError)
}

/// A token to be made.
package struct TokenDraft: Sendable, Hashable {
  package var name: String
  /// Lower-case hexadecimal SHA-256 of the token.
  package var hash: String
  package var role: Role
  package var scope: TenantScope
  /// `nil` for one that does not expire.
  package var expiresInSeconds: Double?
  package var createdBy: String
  package var idempotency: IdempotencyKey?

  package init(
    name: String, hash: String, role: Role, scope: TenantScope, expiresInSeconds: Double?,
    createdBy: String
  ) {
    self.name = name
    self.hash = hash
    self.role = role
    self.scope = scope
    self.expiresInSeconds = expiresInSeconds
    self.createdBy = createdBy
  }
}

extension TokenDraft {
  /// Ten years.
  package static let longestLifeSeconds: Int64 = 10 * 366 * 86_400

  /// Whether a text can name a token: 1 to 64 letters, digits, dots, hyphens and underscores.
  package static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
          || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
      }
  }
}

package enum TenantOutcome: Sendable, Hashable {
  case created(TenantRecord)
  /// This idempotency key has made it before.
  case existing(TenantRecord)
  case nameTaken
  /// The idempotency key was used for something else, or what it made is gone.
  case keyUsed
}

extension AccessStore {
  /// - Returns: `nil` if there is one of this name.
  package func addTenant(
    _ name: String, by actor: String
  ) async throws(StoreError) -> TenantRecord? {
    switch try await addTenant(name, by: actor, idempotency: nil) {
    case .created(let tenant), .existing(let tenant): tenant
    case .nameTaken, .keyUsed: nil
    }
  }
}

package enum TokenOutcome: Sendable, Hashable {
  case created(TokenRecord)
  /// This idempotency key has made it before. Its secret is not kept.
  case existing(TokenRecord)
  /// The idempotency key was used for something else, or what it made is gone.
  case keyUsed
  /// Another that is not revoked has the name.
  case nameTaken
  case noSuchTenant
}

package struct AuditFilter: Sendable, Hashable {
  package var actor: String?
  package var action: String?
  package var object: String?

  package init(actor: String? = nil, action: String? = nil, object: String? = nil) {
    self.actor = actor
    self.action = action
    self.object = object
  }
}

/// A line of the audit log to be written.
package struct AuditEntry: Sendable, Hashable {
  /// The tenant's name; `*` for the installation itself.
  package var tenant: String
  package var action: String
  package var object: String
  package var before: JSONValue
  package var after: JSONValue

  package init(
    tenant: String, action: String, object: String, before: JSONValue = .null,
    after: JSONValue = .null
  ) {
    self.tenant = tenant
    self.action = action
    self.object = object
    self.before = before
    self.after = after
  }
}
