/// Where requests may make the server and its runners go: the public internet, and what the operator allows beside it.
package struct NetworkRules: Sendable, Hashable {
  /// Something that the operator allows.
  package enum Exception: Sendable, Hashable {
    case network(IPNetwork)
    /// A name, whatever it resolves to.
    case name(String)
    /// Every name that ends with this, its dot included.
    case domain(String)

    /// Reads `10.0.0.0/8`, `::1`, `intranet.example` or `*.corp.example`.
    package init?(_ text: String) {
      if let network = IPNetwork(text) {
        self = .network(network)
        return
      }
      let isDomain = text.hasPrefix("*.")
      guard
        case .name(let name)? = try? TargetURL.Host(text.dropFirst(isDomain ? 2 : 0))
      else { return nil }
      self = isDomain ? .domain(".\(name)") : .name(name)
    }
  }

  package var allowed: [Exception]

  package init(allowed: [Exception] = []) { self.allowed = allowed }

  /// Whether a name was allowed as such, whatever it resolves to.
  package func allows(name: String) -> Bool {
    allowed.contains { exception in
      switch exception {
      case .network: false
      case .name(let other): other == name
      case .domain(let end): name.hasSuffix(end)
      }
    }
  }

  /// Why nobody is led to an address; `nil` if they may be.
  package func refusal(of address: IPAddress) -> NetworkRefusal? {
    guard let special = address.special else { return nil }
    let isAllowed = allowed.contains { exception in
      guard case .network(let network) = exception else { return false }
      return network.contains(address) || address.embedded.map(network.contains) == true
    }
    return isAllowed ? nil : .special(address, special)
  }

  /// Why nobody is led to a host, as far as its spelling tells; a name's addresses are looked at when they are known.
  package func refusal(of host: TargetURL.Host) -> NetworkRefusal? {
    switch host {
    case .address(let address): return refusal(of: address)
    case .name(let name):
      if allows(name: name) { return nil }
      return Self.localNames.first { name == $0.name || name.hasSuffix(".\($0.name)") }
        .map { .localName(name, source: $0.source) }
        ?? (name.contains(".") ? nil : .localName(name, source: "it has no dot"))
    }
  }

  /// Names that never are of the public internet.
  private static let localNames = [
    (name: "localhost", source: "RFC 6761"), (name: "local", source: "RFC 6762"),
    (name: "internal", source: "reserved by ICANN"), (name: "home.arpa", source: "RFC 8375"),
  ]
}

/// Why nobody is led to a place: a sentence's clause that goes on from “the address”.
package enum NetworkRefusal: Error, Sendable, Hashable {
  case fault(TargetURL.Fault)
  case notWeb(scheme: String)
  case special(IPAddress, SpecialNetwork)
  case localName(String, source: String)
  /// A name of which at least one address is refused.
  case leadsTo(name: String, IPAddress, SpecialNetwork)
  case unresolved(name: String, reason: String)
}

extension NetworkRefusal: CustomStringConvertible {
  package var description: String {
    switch self {
    case .fault(let fault): "\(fault)"
    case .notWeb(let scheme): "begins with \(scheme)://; only http:// and https:// are fetched"
    case .special(let address, let special):
      "leads to \(address), which is \(special.use) (\(special.source)); " + Self.advice
    case .localName(let name, let source):
      "leads to “\(name)”, a name of the local network (\(source)); " + Self.advice
    case .leadsTo(let name, let address, let special):
      "leads to “\(name)”, which is \(address): \(special.use) (\(special.source)); " + Self.advice
    case .unresolved(let name, let reason): "leads to “\(name)”, which has no address: \(reason)"
    }
  }

  private static let advice = "an operator can allow it under “network” in holdfast.yaml"
}
