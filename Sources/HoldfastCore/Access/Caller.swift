/// On whose behalf a store is asked: what they may see, and what the audit log says of them.
package struct Caller: Sendable, Hashable {
  package var scope: TenantScope
  /// The name under which they act, as events and the audit log keep it.
  package var actor: String
  /// Where they are: an IP address, or the name of the machine of a command.
  package var address: String?
  /// The request's id, which the server's log has too.
  package var requestID: String?

  package init(
    scope: TenantScope, actor: String, address: String? = nil, requestID: String? = nil
  ) {
    self.scope = scope
    self.actor = actor
    self.address = address
    self.requestID = requestID
  }
}
