/// An API token as everybody may know it who manages tokens: never the token itself, of which only a hash is kept.
package struct TokenRecord: Sendable, Hashable, Codable {
  package enum State: String, Sendable, Hashable, Codable {
    case active, expired, revoked
  }

  package var id: String
  /// Unique among those of its tenant that are not revoked.
  package var name: String
  package var role: Role
  /// The tenant's name; `*` for all of them.
  package var tenant: String
  package var state: State
  package var createdAt: Timestamp
  package var createdBy: String
  package var expiresAt: Timestamp?
  /// To the minute or so: a token that is used all the time is not written all the time.
  package var lastUsedAt: Timestamp?
  package var revokedAt: Timestamp?

  package init(
    id: String, name: String, role: Role, tenant: String, state: State, createdAt: Timestamp,
    createdBy: String, expiresAt: Timestamp?, lastUsedAt: Timestamp?, revokedAt: Timestamp?
  ) {
    self.id = id
    self.name = name
    self.role = role
    self.tenant = tenant
    self.state = state
    self.createdAt = createdAt
    self.createdBy = createdBy
    self.expiresAt = expiresAt
    self.lastUsedAt = lastUsedAt
    self.revokedAt = revokedAt
  }

  package var scope: TenantScope { TenantScope(name: tenant) }

  enum CodingKeys: String, CodingKey {
    case id, name, role, tenant, state
    case createdAt = "created_at"
    case createdBy = "created_by"
    case expiresAt = "expires_at"
    case lastUsedAt = "last_used_at"
    case revokedAt = "revoked_at"
  }
}

/// Somebody for whom scans are run apart from everybody else's.
package struct TenantRecord: Sendable, Hashable, Codable {
  package var name: String
  package var createdAt: Timestamp
  package var createdBy: String

  package init(name: String, createdAt: Timestamp, createdBy: String) {
    self.name = name
    self.createdAt = createdAt
    self.createdBy = createdBy
  }

  enum CodingKeys: String, CodingKey {
    case name
    case createdAt = "created_at"
    case createdBy = "created_by"
  }
}

/// One action, as the audit log keeps it.
package struct AuditRecord: Sendable, Hashable, Codable {
  package var id: Int64
  package var at: Timestamp
  /// The tenant whose rows it was about; `*` for the installation itself.
  package var tenant: String
  package var actor: String
  package var address: String?
  package var requestID: String?
  /// `scan.cancel`, `token.create`, …
  package var action: String
  /// What it was done to: `scan 12`, `token ci`, …
  package var object: String
  package var before: JSONValue
  package var after: JSONValue

  package init(
    id: Int64, at: Timestamp, tenant: String, actor: String, address: String?,
    requestID: String?, action: String, object: String, before: JSONValue, after: JSONValue
  ) {
    self.id = id
    self.at = at
    self.tenant = tenant
    self.actor = actor
    self.address = address
    self.requestID = requestID
    self.action = action
    self.object = object
    self.before = before
    self.after = after
  }

  enum CodingKeys: String, CodingKey {
    case id, at, tenant, actor, address, action, object, before, after
    case requestID = "request_id"
  }
}
