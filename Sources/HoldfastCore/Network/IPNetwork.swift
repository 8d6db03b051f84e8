/// A network: an address, and how many of its bits all of the network have.
package struct IPNetwork: Sendable, Hashable {
  package let address: IPAddress
  package let bits: Int

  /// Reads `10.0.0.0/8` or `fd00::/8`; an address alone is a network of its own. `nil` too where bits are set that the prefix leaves
  /// open, since then one of the two is a slip.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let address = IPAddress(parts[0]) else { return nil }
    let most = address.width
    var bits = most
    if parts.count == 2 {
      guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(parts[1]),
        number <= most
      else { return nil }
      bits = number
    }
    self.address = address
    self.bits = bits
    guard address.number & ~Self.mask(bits, of: most) == 0 else { return nil }
  }

  package func contains(_ other: IPAddress) -> Bool {
    guard other.width == address.width else { return false }
    return other.number & Self.mask(bits, of: address.width) == address.number
  }

  private static func mask(_ bits: Int, of width: Int) -> UInt128 {
    let all = width == 128 ? UInt128.max : (1 << UInt128(width)) - 1
    let open = UInt128(width - bits)
    return bits == 0 ? 0 : (all >> open) << open
  }
}

extension IPNetwork: CustomStringConvertible {
  package var description: String { "\(address)/\(bits)" }
}

extension IPAddress {
  fileprivate var width: Int {
    switch self {
    case .v4: 32
    case .v6: 128
    }
  }

  fileprivate var number: UInt128 {
    switch self {
    case .v4(let bits): UInt128(bits)
    case .v6(let bits): bits
    }
  }
}
