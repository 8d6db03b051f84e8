package import HoldfastCore

extension SQLStore: AccessStore {
  package func createToken(_ draft: TokenDraft) async throws(StoreError) -> TokenOutcome {
    let id = makeID().description
    return try await database.write { [caller, scope] (connection) throws(StoreError) in
      if case .only(let tenant) = draft.scope,
        try connection.first(TenantSQL.exists, [.text(tenant)], { $0.int(0) }) == nil
      {
        return .noSuchTenant
      }
      switch try Idempotency.claim(
        draft.idempotency, for: "token.create", of: scope, object: id, connection)
      {
      case .new: break
      case .otherRequest: return .keyUsed
      case .seen(let id):
        let token = try connection.first(TokenSQL.byID, [.text(id)], TokenSQL.decode)
        return token.map { .existing($0) } ?? .keyUsed
      }
      let made = try connection.first(
        TokenSQL.create,
        [
          .text(id), .text(draft.name), .text(draft.hash), .text(draft.role.rawValue),
          .text(draft.scope.name), .text(draft.createdBy), .double(draft.expiresInSeconds),
        ], TokenSQL.decode)
      guard let made else {
        try Idempotency.release(
          draft.idempotency, for: "token.create", of: scope, connection)
        return .nameTaken
      }
      try connection.audit(
        AuditEntry(
          tenant: made.tenant, action: "token.create", object: "token \(made.name)",
          after: made.audited), caller)
      return .created(made)
    }
  }

  package func tokens() async throws(StoreError) -> [TokenRecord] {
    let all = try await database.read { (connection) throws(StoreError) in
      try connection.all(TokenSQL.all, [], TokenSQL.decode)
    }
    return all.filter { scope.includes($0.scope) }
  }

  package func tokens(
    cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<TokenRecord> {
    var conditions = PageConditions(limit: limit)
    conditions.add(try cursor.map(Cursor.decodeNumber).map { .int($0) }) { "number < \($0)" }
    conditions.add(scope.tenant.map { .text($0) }) { "tenant_id = \($0)" }
    let rows = try await database.read { [conditions] (connection) throws(StoreError) in
      try connection.all(TokenSQL.page(conditions), conditions.parameters) {
        (row: any SQLRow) throws(StoreError) in
        (token: try TokenSQL.decode(row), number: row.int(TokenSQL.columnCount))
      }
    }
    let items = rows.prefix(limit)
    return Page(
      items: items.map(\.token),
      nextCursor: rows.count > limit ? items.last.map { Cursor.encode($0.number) } : nil)
  }

  package func useToken(hash: String) async throws(StoreError) -> TokenRecord? {
    let found = try await database.read { (connection) throws(StoreError) in
      try connection.first(TokenSQL.byHash, [.text(hash)]) {
        (row: any SQLRow) throws(StoreError) in
        (try TokenSQL.decode(row), isUseNoted: row.bool(TokenSQL.columnCount))
      }
    }
    guard let (token, isUseNoted) = found else { return nil }
    if token.state == .active, !isUseNoted {
      try await database.write { (connection) throws(StoreError) in
        _ = try connection.run(TokenSQL.noteUse, [.text(token.id)])
      }
    }
    return token
  }

  package func token(id: String) async throws(StoreError) -> TokenRecord? {
    let found = try await database.read { (connection) throws(StoreError) in
      try connection.first(TokenSQL.byID, [.text(id)], TokenSQL.decode)
    }
    return found.flatMap { scope.includes($0.scope) ? $0 : nil }
  }

  package func revokeToken(
    _ reference: String, by actor: String
  ) async throws(StoreError) -> TokenRecord? {
    try await change(reference, "token.revoke", TokenSQL.revoke) { [.text($0)] }
  }

  package func rotateToken(
    _ reference: String, hash: String, by actor: String
  ) async throws(StoreError) -> TokenRecord? {
    try await change(reference, "token.rotate", TokenSQL.rotate) { [.text($0), .text(hash)] }
  }

  /// - Parameter parameters: those of the statement, from the token's id.
  private func change(
    _ reference: String, _ action: String, _ statement: Statement,
    _ parameters: @escaping @Sendable (_ id: String) -> [SQLValue]
  ) async throws(StoreError) -> TokenRecord? {
    try await database.write { [caller, scope] (connection) throws(StoreError) in
      let candidates = try connection.all(
        TokenSQL.byReference, [.text(reference)], TokenSQL.decode
      ).filter { scope.includes($0.scope) }
      // An id beats a name; a name that two tenants use names neither.
      let exact = candidates.first { $0.id == reference }
      guard let before = exact ?? (candidates.count == 1 ? candidates.first : nil),
        let after = try connection.first(statement, parameters(before.id), TokenSQL.decode)
      else { return nil }
      try connection.audit(
        AuditEntry(
          tenant: after.tenant, action: action, object: "token \(after.name)",
          before: before.audited, after: after.audited), caller)
      return after
    }
  }
}

extension TokenRecord {
  /// What the audit log keeps of it.
  fileprivate var audited: JSONValue {
    [
      "id": .string(id), "name": .string(name), "role": .string(role.rawValue),
      "tenant": .string(tenant), "state": .string(state.rawValue),
      "expires_at": expiresAt.map { .string($0.description) } ?? .null,
    ]
  }
}

private enum TokenSQL {
  static let columnCount = 10

  static func columns(_ dialect: Dialect) -> String {
    """
    id, name, role, tenant_id,
    CASE WHEN revoked_at IS NOT NULL THEN 'revoked'
      WHEN expires_at <= \(dialect.now) THEN 'expired' ELSE 'active' END,
    created_at, created_by, expires_at, last_used_at, revoked_at
    """
  }

  static func decode(_ row: any SQLRow) throws(StoreError) -> TokenRecord {
    guard let role = Role(rawValue: row.text(2)),
      let state = TokenRecord.State(rawValue: row.text(4))
    else { throw .statement("the token \(row.text(0)) has an unknown role") }
    return TokenRecord(
      id: row.text(0), name: row.text(1), role: role, tenant: row.text(3), state: state,
      createdAt: row.time(5), createdBy: row.text(6), expiresAt: row.optionalTime(7),
      lastUsedAt: row.optionalTime(8), revokedAt: row.optionalTime(9))
  }

  static let create = Statement { dialect in
    """
    INSERT INTO api_tokens (
      id, name, token_sha256, role, tenant_id, created_by, created_at, expires_at)
    VALUES (
      $1, $2, $3, $4, $5, $6, \(dialect.now),
      CASE WHEN $7\(dialect == .postgres ? "::double precision" : "") IS NOT NULL
        THEN \(dialect.now(plus: dialect == .postgres ? "$7::double precision" : "$7")) END)
    ON CONFLICT DO NOTHING RETURNING \(columns(dialect))
    """
  }

  static let all = Statement { dialect in
    "SELECT \(columns(dialect)) FROM api_tokens ORDER BY number DESC"
  }

  static func page(_ conditions: PageConditions) -> Statement {
    Statement { dialect in
      """
      SELECT \(columns(dialect)), number FROM api_tokens WHERE \(conditions.text)
      ORDER BY number DESC LIMIT $1
      """
    }
  }

  static let byHash = Statement { dialect in
    """
    SELECT \(columns(dialect)),
      last_used_at IS NOT NULL AND last_used_at > \(dialect.now(plus: "-60"))
    FROM api_tokens WHERE token_sha256 = $1
    """
  }

  static let byID = Statement { dialect in
    "SELECT \(columns(dialect)) FROM api_tokens WHERE id = $1"
  }

  static let byReference = Statement { dialect in
    """
    SELECT \(columns(dialect)) FROM api_tokens
    WHERE id = $1 OR (name = $1 AND revoked_at IS NULL)
    """
  }

  static let noteUse = Statement { dialect in
    "UPDATE api_tokens SET last_used_at = \(dialect.now) WHERE id = $1"
  }

  static let revoke = Statement { dialect in
    """
    UPDATE api_tokens SET revoked_at = coalesce(revoked_at, \(dialect.now)) WHERE id = $1
    RETURNING \(columns(dialect))
    """
  }

  static let rotate = Statement { dialect in
    """
    UPDATE api_tokens SET token_sha256 = $2 WHERE id = $1 AND revoked_at IS NULL
    RETURNING \(columns(dialect))
    """
  }
}
