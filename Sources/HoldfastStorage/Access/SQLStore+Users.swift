package import HoldfastCore

/// Users are the installation's, not one tenant's rows: these go by the store's own conditions, on the database as it is.
extension SQLStore: UserStore {
  package func addUser(_ draft: UserDraft) async throws(StoreError) -> UserOutcome {
    let id = makeID().description
    return try await unbound.write { [caller, scope] (connection) throws(StoreError) in
      guard scope.includes(draft.scope), try UserSQL.isTenant(draft.scope, connection) else {
        return .noSuchTenant
      }
      switch try Idempotency.claim(
        draft.idempotency, for: "user.create", of: scope, object: draft.name, connection)
      {
      case .new: break
      case .otherRequest: return .keyUsed
      case .seen(let name):
        let user = try UserSQL.user(named: name, connection)?.user
        return user.flatMap { Self.shown($0, scope) }.map { .existing($0) } ?? .keyUsed
      }
      let added = try connection.run(
        UserSQL.add,
        [
          .text(id), .text(draft.name), .text(draft.passwordHash), .text(draft.createdBy),
        ])
      guard added == 1 else {
        try Idempotency.release(draft.idempotency, for: "user.create", of: scope, connection)
        return .nameTaken
      }
      try connection.run(
        UserSQL.setRole, [.text(id), .text(draft.scope.name), .text(draft.role.rawValue)])
      guard let user = try UserSQL.user(named: draft.name, connection)?.user else {
        return .notFound
      }
      try connection.audit(
        UserSQL.entry("user.create", draft.scope, before: nil, after: user), caller)
      return .done(user)
    }
  }

  package func users() async throws(StoreError) -> [UserRecord] {
    let all = try await unbound.read { (connection) throws(StoreError) in
      UserSQL.gathered(try connection.all(UserSQL.all, [], UserSQL.decode)).map(\.user)
    }
    return all.compactMap(shown)
  }

  package func users(
    cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<UserRecord> {
    var conditions = PageConditions(limit: limit)
    try conditions.begin(after: cursor) { "p.name > \($0)" }
    conditions.add(scope.tenant.map { .text($0) }) { "m.tenant_id = \($0)" }
    let rows = try await unbound.read { [conditions] (connection) throws(StoreError) in
      try connection.all(UserSQL.page(conditions), conditions.parameters, UserSQL.decode)
    }
    return Page(
      UserSQL.gathered(rows).map(\.user).compactMap(shown), limit: limit
    ) { Cursor.encode($0.name) }
  }

  package func user(id: String) async throws(StoreError) -> UserRecord? {
    let rows = try await unbound.read { (connection) throws(StoreError) in
      try connection.all(UserSQL.byID, [.text(id)], UserSQL.decode)
    }
    return UserSQL.gathered(rows).first.map(\.user).flatMap(shown)
  }

  package func credentials(
    ofUser name: String
  ) async throws(StoreError) -> (user: UserRecord, passwordHash: String)? {
    try await unbound.read { (connection) throws(StoreError) in
      try UserSQL.user(named: name, connection)
    }
  }

  package func setRole(
    _ role: Role?, of name: String, in tenant: TenantScope
  ) async throws(StoreError) -> UserOutcome {
    try await unbound.write { [caller, scope] (connection) throws(StoreError) in
      guard scope.includes(tenant), try UserSQL.isTenant(tenant, connection) else {
        return .noSuchTenant
      }
      // Somebody of other tenants alone is not there for this one's admin, who could not know of them either.
      guard let before = try UserSQL.user(named: name, connection)?.user,
        Self.shown(before, scope) != nil
      else { return .notFound }
      var after = before
      after.roles[tenant.name] = role
      if let role {
        try connection.run(
          UserSQL.setRole, [.text(before.id), .text(tenant.name), .text(role.rawValue)])
      } else if after.roles.isEmpty {
        try connection.run(UserSQL.remove, [.text(before.id)])
      } else {
        try connection.run(UserSQL.dropRole, [.text(before.id), .text(tenant.name)])
      }
      try connection.audit(
        UserSQL.entry("user.role", tenant, before: before, after: after), caller)
      after.roles = after.roles.filter { scope.includes(TenantScope(name: $0.key)) }
      return .done(after)
    }
  }

  package func setPassword(
    hash: String, of name: String
  ) async throws(StoreError) -> UserOutcome {
    try await unbound.write { [caller, scope] (connection) throws(StoreError) in
      guard let user = try UserSQL.user(named: name, connection)?.user,
        user.roles.keys.allSatisfy({ scope.includes(TenantScope(name: $0)) })
      else { return .notFound }
      try connection.run(UserSQL.setPassword, [.text(user.id), .text(hash)])
      try connection.audit(
        UserSQL.entry("user.password", scope, before: user, after: user), caller)
      var changed = user
      changed.version += 1
      return .done(changed)
    }
  }

  /// Somebody as this store's caller may know them: with their roles in the caller's tenant; `nil` for who has none there.
  private func shown(_ user: UserRecord) -> UserRecord? { Self.shown(user, scope) }

  private static func shown(_ user: UserRecord, _ scope: TenantScope) -> UserRecord? {
    var user = user
    user.roles = user.roles.filter { scope.includes(TenantScope(name: $0.key)) }
    return user.roles.isEmpty ? nil : user
  }
}

private enum UserSQL {
  typealias Row = (user: UserRecord, passwordHash: String)

  static let columns = """
    u.id, u.name, u.created_at, u.created_by, u.version, u.password_hash, r.tenant_id, r.role
    """

  /// One row for each role.
  static func decode(_ row: any SQLRow) throws(StoreError) -> Row {
    guard let role = Role(rawValue: row.text(7)) else {
      throw .statement("the user \(row.text(1)) has an unknown role")
    }
    return (
      UserRecord(
        id: row.text(0), name: row.text(1), roles: [row.text(6): role], createdAt: row.time(2),
        createdBy: row.text(3), version: row.int(4)),
      row.text(5)
    )
  }

  static func gathered(_ rows: [Row]) -> [Row] {
    var users: [Row] = []
    for row in rows {
      if let last = users.last, last.user.id == row.user.id {
        users[users.count - 1].user.roles.merge(row.user.roles) { _, new in new }
      } else {
        users.append(row)
      }
    }
    return users
  }

  static func user(
    named name: String, _ connection: any SQLConnection
  ) throws(StoreError) -> Row? {
    gathered(try connection.all(byName, [.text(name)], decode)).first
  }

  static func isTenant(
    _ scope: TenantScope, _ connection: any SQLConnection
  ) throws(StoreError) -> Bool {
    guard let tenant = scope.tenant else { return true }
    return try connection.first(TenantSQL.exists, [.text(tenant)], { $0.int(0) }) != nil
  }

  static func entry(
    _ action: String, _ scope: TenantScope, before: UserRecord?, after: UserRecord
  ) -> AuditEntry {
    // A tenant's admin reads the tenant's entries, and what somebody is elsewhere is not theirs to read.
    func shown(_ user: UserRecord) -> JSONValue {
      .object(
        user.roles.filter { scope.includes(TenantScope(name: $0.key)) }
          .mapValues { .string($0.rawValue) })
    }
    return AuditEntry(
      tenant: scope.name, action: action, object: "user \(after.name)",
      before: before.map(shown) ?? .null, after: shown(after))
  }

  private static func select(_ rest: String) -> Statement {
    Statement(
      "SELECT \(columns) FROM users u JOIN user_roles r ON r.user_id = u.id \(rest)")
  }

  static let all = select("ORDER BY u.name, r.tenant_id")
  /// The roles of as many users as a page has.
  static func page(_ conditions: PageConditions) -> Statement {
    select(
      """
      WHERE u.id IN (
        SELECT p.id FROM users p JOIN user_roles m ON m.user_id = p.id WHERE \(conditions.text)
        GROUP BY p.id, p.name ORDER BY p.name LIMIT $1)
      ORDER BY u.name, r.tenant_id
      """)
  }
  static let byID = select("WHERE u.id = $1 ORDER BY r.tenant_id")
  static let byName = select("WHERE u.name = $1 ORDER BY r.tenant_id")

  static let add = Statement { dialect in
    """
    INSERT INTO users (id, name, password_hash, created_by, created_at)
    VALUES ($1, $2, $3, $4, \(dialect.now)) ON CONFLICT DO NOTHING
    """
  }

  static let setRole = Statement(
    """
    INSERT INTO user_roles (user_id, tenant_id, role) VALUES ($1, $2, $3)
    ON CONFLICT (user_id, tenant_id) DO UPDATE SET role = excluded.role
    """)

  static let dropRole = Statement("DELETE FROM user_roles WHERE user_id = $1 AND tenant_id = $2")
  static let remove = Statement("DELETE FROM users WHERE id = $1")
  static let setPassword = Statement(
    "UPDATE users SET password_hash = $2, version = version + 1 WHERE id = $1")
}
