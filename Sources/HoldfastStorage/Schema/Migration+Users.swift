extension Migration {
  /// People who sign in with a password, and their roles.
  static let users = Migration(number: 10, name: "users") { dialect in
    let int = dialect.typeName(.int)
    let text = dialect.typeName(.text)
    let time = dialect.typeName(.time)
    return [
      """
      CREATE TABLE users (
        id \(text) PRIMARY KEY,
        name \(text) NOT NULL UNIQUE,
        password_hash \(text) NOT NULL,
        version \(int) NOT NULL DEFAULT 1,
        created_at \(time) NOT NULL,
        created_by \(text) NOT NULL
      )
      """,
      """
      CREATE TABLE user_roles (
        user_id \(text) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        tenant_id \(text) NOT NULL,
        role \(text) NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
        PRIMARY KEY (user_id, tenant_id)
      )
      """,
    ]
  }
}
