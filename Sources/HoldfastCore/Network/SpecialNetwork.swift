/// A network that is no part of the public internet, or is none that anybody is served from.
package struct SpecialNetwork: Sendable, Hashable {
  package let network: IPNetwork
  /// What it is for, as goes after “is ”.
  package let use: String
  /// The document that sets it apart.
  package let source: String

  private init?(_ network: String, _ use: String, _ source: String) {
    guard let network = IPNetwork(network) else { return nil }
    self.network = network
    self.use = use
    self.source = source
  }

  /// IANA's registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890, as of 2025), without the few rows that are reachable
  /// from everywhere, with multicast, and with those networks of version 6 that were given up.
  package static let table: [SpecialNetwork] = [
    SpecialNetwork("0.0.0.0/8", "“this” network", "RFC 791"),
    SpecialNetwork("10.0.0.0/8", "private", "RFC 1918"),
    SpecialNetwork("100.64.0.0/10", "shared by a provider's customers (CGNAT)", "RFC 6598"),
    SpecialNetwork("127.0.0.0/8", "loopback", "RFC 1122"),
    SpecialNetwork("169.254.0.0/16", "link-local", "RFC 3927"),
    SpecialNetwork("172.16.0.0/12", "private", "RFC 1918"),
    SpecialNetwork("192.0.0.0/24", "for protocols", "RFC 6890"),
    SpecialNetwork("192.0.2.0/24", "for documentation", "RFC 5737"),
    SpecialNetwork("192.88.99.0/24", "for 6to4 relays, given up", "RFC 7526"),
    SpecialNetwork("192.168.0.0/16", "private", "RFC 1918"),
    SpecialNetwork("198.18.0.0/15", "for benchmarks", "RFC 2544"),
    SpecialNetwork("198.51.100.0/24", "for documentation", "RFC 5737"),
    SpecialNetwork("203.0.113.0/24", "for documentation", "RFC 5737"),
    SpecialNetwork("224.0.0.0/4", "multicast", "RFC 5771"),
    SpecialNetwork("240.0.0.0/4", "reserved", "RFC 1112"),
    SpecialNetwork("::/128", "unspecified", "RFC 4291"),
    SpecialNetwork("::1/128", "loopback", "RFC 4291"),
    SpecialNetwork("64:ff9b:1::/48", "for local translation (NAT64)", "RFC 8215"),
    SpecialNetwork("100::/64", "for discarding", "RFC 6666"),
    SpecialNetwork("2001::/32", "Teredo, which leads to any address", "RFC 4380"),
    SpecialNetwork("2001:2::/48", "for benchmarks", "RFC 5180"),
    SpecialNetwork("2001:10::/28", "for identifiers (ORCHID), given up", "RFC 4843"),
    SpecialNetwork("2001:20::/28", "for identifiers (ORCHIDv2)", "RFC 7343"),
    SpecialNetwork("2001:db8::/32", "for documentation", "RFC 3849"),
    SpecialNetwork("2001::/23", "for protocols", "RFC 2928"),
    SpecialNetwork("3fff::/20", "for documentation", "RFC 9637"),
    SpecialNetwork("5f00::/16", "for segment routing", "RFC 9602"),
    SpecialNetwork("fc00::/7", "unique local", "RFC 4193"),
    SpecialNetwork("fe80::/10", "link-local", "RFC 4291"),
    SpecialNetwork("fec0::/10", "site-local, given up", "RFC 3879"),
    SpecialNetwork("ff00::/8", "multicast", "RFC 4291"),
    // Only this eighth of all addresses is given out at all; the rest is for what is to come.
    SpecialNetwork("::/3", "not given out", "RFC 4291"),
    SpecialNetwork("4000::/2", "not given out", "RFC 4291"),
    SpecialNetwork("8000::/1", "not given out", "RFC 4291"),
  ].compactMap { $0 }
}

extension IPAddress {
  /// The special network that the address is in, by itself or by the address that it leads to; `nil` for one of the public internet.
  package var special: SpecialNetwork? {
    if let embedded { return embedded.special }
    return SpecialNetwork.table.first { $0.network.contains(self) }
  }
}
