import HoldfastCore

/// Keys of requests that made something, in the transaction that makes it. Nothing of the answer is kept but the name of what was
/// made: a secret that was shown once is not shown again.
enum Idempotency {
  enum Finding {
    /// Nobody has used the key; it is this request's now.
    case new
    /// The same request has made this.
    case seen(object: String)
    /// It was used for something else.
    case otherRequest
  }

  /// Takes a key for what is to be made, or tells what it has made before. Whoever comes at the same time waits for the end of this
  /// transaction.
  ///
  /// - Parameters:
  ///   - action: what is made, as the audit log calls it: keys of tokens and of users are apart.
  ///   - object: how what is made is found again.
  static func claim(
    _ key: IdempotencyKey?, for action: String, of scope: TenantScope, object: String,
    _ connection: any SQLConnection
  ) throws(StoreError) -> Finding {
    guard let key else { return .new }
    let place: [SQLValue] = [.text(scope.name), .text(action), .text(key.key)]
    let added = try connection.run(insert, place + [.text(key.fingerprint), .text(object)])
    if added > 0 { return .new }
    let found = try connection.first(find, place) { (row: any SQLRow) throws(StoreError) in
      (fingerprint: row.text(0), object: row.text(1))
    }
    guard let found else { throw .statement("an idempotency key was neither taken nor found") }
    return found.fingerprint == key.fingerprint ? .seen(object: found.object) : .otherRequest
  }

  /// Gives a key back that was taken for what could not be made.
  static func release(
    _ key: IdempotencyKey?, for action: String, of scope: TenantScope,
    _ connection: any SQLConnection
  ) throws(StoreError) {
    guard let key else { return }
    try connection.run(
      delete, [.text(scope.name), .text(action), .text(key.key)])
  }

  private static let insert = Statement { dialect in
    """
    INSERT INTO idempotency_keys (
      tenant_id, action, key, request_sha256, object, created_at)
    VALUES ($1, $2, $3, $4, $5, \(dialect.now)) ON CONFLICT DO NOTHING
    """
  }

  private static let find = Statement(
    """
    SELECT request_sha256, object FROM idempotency_keys
    WHERE tenant_id = $1 AND action = $2 AND key = $3
    """)

  private static let delete = Statement(
    "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND action = $2 AND key = $3")
}
