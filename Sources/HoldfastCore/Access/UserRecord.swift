/// A person who signs in with a name and a password.
package struct UserRecord: Sendable, Hashable, Codable {
  package var id: String
  package var name: String
  /// What they may do, by tenant; `*` is all of them.
  package var roles: [String: Role]
  package var createdAt: Timestamp
  package var createdBy: String
  /// Grows with each new password: a session is of one version, and ends with it.
  package var version: Int64

  package init(
    id: String, name: String, roles: [String: Role], createdAt: Timestamp, createdBy: String,
    version: Int64
  ) {
    self.id = id
    self.name = name
    self.roles = roles
    self.createdAt = createdAt
    self.createdBy = createdBy
    self.version = version
  }

  enum CodingKeys: String, CodingKey {
    case id, name, roles, version
    case createdAt = "created_at"
    case createdBy = "created_by"
  }
}
