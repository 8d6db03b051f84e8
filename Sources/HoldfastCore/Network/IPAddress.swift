/// An address of the internet protocol, of either version.
package enum IPAddress: Sendable, Hashable {
  case v4(UInt32)
  case v6(UInt128)

  /// Reads the usual spelling alone: four decimal numbers without leading zeros, or RFC 4291, 2.2. Neither a zone nor brackets.
  package init?(_ text: some StringProtocol) {
    if text.utf8.contains(UInt8(ascii: ":")) {
      guard let bits = Self.v6(Substring(text)) else { return nil }
      self = .v6(bits)
    } else {
      guard let bits = Self.v4(Substring(text)) else { return nil }
      self = .v4(bits)
    }
  }

  /// The address of version 4 that this one of version 6 leads to: mapped (RFC 4291, 2.5.5.2), through NAT64 (RFC 6052) or through
  /// 6to4 (RFC 3056).
  package var embedded: IPAddress? {
    guard case .v6(let bits) = self else { return nil }
    if let mapped { return mapped }
    if bits >> 32 == 0x64_FF9B << 64 { return .v4(UInt32(truncatingIfNeeded: bits)) }
    if bits >> 112 == 0x2002 { return .v4(UInt32(truncatingIfNeeded: bits >> 80)) }
    return nil
  }

  /// The address of version 4 that a socket for both versions shows as one of version 6 (RFC 4291, 2.5.5.2); any other as it is.
  package var unmapped: IPAddress { mapped ?? self }

  private var mapped: IPAddress? {
    guard case .v6(let bits) = self, bits >> 32 == 0xFFFF else { return nil }
    return .v4(UInt32(truncatingIfNeeded: bits))
  }

  private static func v4(_ text: Substring) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bits: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
        part == "0" || part.first != "0", let number = UInt8(part)
      else { return nil }
      bits = bits << 8 | UInt32(number)
    }
    return bits
  }

  private static func v6(_ text: Substring) -> UInt128? {
    guard let gap = firstGap(text) else {
      guard let groups = groups(text), groups.count == 8 else { return nil }
      return number(groups)
    }
    let (head, tail) = (text[..<gap.lowerBound], text[gap.upperBound...])
    guard let first = head.isEmpty ? [] : groups(head, mayEndWithV4: false),
      let last = tail.isEmpty ? [] : groups(tail), first.count + last.count <= 7
    else { return nil }
    let zeros = [UInt16](repeating: 0, count: 8 - first.count - last.count)
    return number(first + zeros + last)
  }

  private static func firstGap(_ text: Substring) -> Range<Substring.Index>? {
    for index in text.indices where text[index] == ":" {
      let next = text.index(after: index)
      if next < text.endIndex, text[next] == ":" { return index..<text.index(after: next) }
    }
    return nil
  }

  /// The 16-bit groups between colons; an address of version 4 may be the last two.
  private static func groups(_ text: Substring, mayEndWithV4: Bool = true) -> [UInt16]? {
    var groups: [UInt16] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if mayEndWithV4, index == parts.count - 1, part.contains("."), let bits = v4(part) {
        groups += [UInt16(bits >> 16), UInt16(truncatingIfNeeded: bits)]
        continue
      }
      guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexadecimal),
        let number = UInt16(part, radix: 16)
      else { return nil }
      groups.append(number)
    }
    return groups
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
  }

  private static func number(_ groups: [UInt16]) -> UInt128 {
    groups.reduce(0) { $0 << 16 | UInt128($1) }
  }
}

extension IPAddress: CustomStringConvertible {
  /// The usual spelling; that of RFC 5952 for version 6.
  package var description: String {
    switch self {
    case .v4(let bits):
      (0..<4).map { String(bits >> (24 - 8 * UInt32($0)) & 0xFF) }.joined(separator: ".")
    case .v6(let bits):
      if bits >> 32 == 0xFFFF, let embedded { "::ffff:\(embedded)" } else { Self.text(bits) }
    }
  }

  private static func text(_ bits: UInt128) -> String {
    let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> (112 - 16 * UInt128($0))) }
    func hexadecimal(_ groups: some Sequence<UInt16>) -> String {
      groups.map { String($0, radix: 16) }.joined(separator: ":")
    }
    guard let gap = longestZeros(groups) else { return hexadecimal(groups) }
    return hexadecimal(groups[..<gap.lowerBound]) + "::" + hexadecimal(groups[gap.upperBound...])
  }

  /// The first of the longest runs of zeros, of at least two.
  private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
    var best: Range<Int>?
    var start = 0
    for index in 0...groups.count where index == groups.count || groups[index] != 0 {
      if index - start >= 2, index - start > (best?.count ?? 0) { best = start..<index }
      start = index + 1
    }
    return best
  }
}
