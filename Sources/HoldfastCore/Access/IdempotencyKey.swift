/// What makes a request for something new safe to send again: the same key with the same request finds what the first one made.
package struct IdempotencyKey: Sendable, Hashable {
  /// The client's own choice; unique for a tenant and a kind of request.
  package var key: String
  /// Lower-case hexadecimal SHA-256 of what was asked for, without any secret in it.
  package var fingerprint: String

  package init(key: String, fingerprint: String) {
    self.key = key
    self.fingerprint = fingerprint
  }
}
