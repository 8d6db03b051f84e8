package import HoldfastCore

/// Decides whether somebody may be led to an address of the web, and to which addresses of the network that is.
package struct AddressGuard: Sendable {
  package let rules: NetworkRules
  private let resolver: any AddressResolver

  package init(rules: NetworkRules, resolver: any AddressResolver = SystemResolver()) {
    self.rules = rules
    self.resolver = resolver
  }

  /// The addresses that may be connected to. Whoever connects must take one of these, and not ask for the name's again: the answer could
  /// be another one (DNS rebinding).
  ///
  /// - Throws: a refusal if any address of the name is refused: what a name of the public internet does not have is one address inside.
  package func addresses(of host: TargetURL.Host) async throws(NetworkRefusal) -> [IPAddress] {
    if let refusal = rules.refusal(of: host) { throw refusal }
    switch host {
    case .address(let address): return [address]
    case .name(let name):
      let found = try await resolved(name)
      guard !rules.allows(name: name) else { return found }
      for address in found {
        if case .special(let address, let special) = rules.refusal(of: address) {
          throw .leadsTo(name: name, address, special)
        }
      }
      return found
    }
  }

  /// What is wrong with what somebody asks to have fetched, as far as it can be told now: a name that cannot be resolved here may have an
  /// address where it is fetched from, and is looked at again there.
  package func refusal(of url: TargetURL) async -> NetworkRefusal? {
    do {
      _ = try await addresses(of: url.host)
      return nil
    } catch .unresolved {
      return nil
    } catch {
      return error
    }
  }

  private func resolved(_ name: String) async throws(NetworkRefusal) -> [IPAddress] {
    do {
      return try await resolver.addresses(of: name)
    } catch {
      throw .unresolved(name: name, reason: error.reason)
    }
  }
}
