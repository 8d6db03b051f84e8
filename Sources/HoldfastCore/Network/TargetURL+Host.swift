extension TargetURL.Host {
  /// Reads the host of an address.
  ///
  /// - Throws: a fault for what is no host, and for addresses of version 4 in a spelling that some readers take for a name and others for
  ///   the address: `127.1`, `2130706433`, `0x7f.0.0.1`, `0177.0.0.1` (WHATWG URL, 3.5; inet_aton).
  init(_ text: Substring) throws(TargetURL.Fault) {
    if text.first == "[" {
      guard text.last == "]", let address = IPAddress(text.dropFirst().dropLast()),
        case .v6 = address
      else { throw TargetURL.Fault("has “\(text)”, which is no address of version 6") }
      self = .address(address)
      return
    }
    if let address = IPAddress(text), case .v4 = address {
      self = .address(address)
      return
    }
    let name = (text.last == "." ? text.dropLast() : text).lowercased()
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    if let last = labels.last, Self.isNumber(last) {
      let meant = Self.oddAddress(labels).map { "; write \($0)" } ?? ""
      throw TargetURL.Fault("has the host “\(text)”, an odd spelling of an address" + meant)
    }
    guard name.utf8.count <= 253, labels.allSatisfy(Self.isLabel) else {
      throw TargetURL.Fault("has “\(text)” for a host, which is no name")
    }
    self = .name(name)
  }

  private static func isLabel(_ label: Substring) -> Bool {
    (1...63).contains(label.utf8.count) && label.utf8.first != UInt8(ascii: "-")
      && label.utf8.allSatisfy { byte in
        (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "-")
          || byte == UInt8(ascii: "_")
      }
  }

  private static func isNumber(_ label: Substring) -> Bool {
    let digits = label.hasPrefix("0x") ? label.dropFirst(2) : label
    let isHexadecimal = label.hasPrefix("0x")
    if digits.isEmpty { return isHexadecimal }
    return digits.utf8.allSatisfy { byte in
      (48...57).contains(byte) || isHexadecimal && (97...102).contains(byte)
    }
  }

  /// The address that one to four decimal, octal and hexadecimal numbers stand for: the last fills what is left.
  private static func oddAddress(_ labels: [Substring]) -> IPAddress? {
    guard (1...4).contains(labels.count) else { return nil }
    var numbers: [UInt64] = []
    for label in labels {
      let number: UInt64? =
        if label.hasPrefix("0x") {
          label.utf8.count == 2 ? 0 : UInt64(label.dropFirst(2), radix: 16)
        } else if label.hasPrefix("0"), label.utf8.count > 1 {
          UInt64(label, radix: 8)
        } else {
          UInt64(label)
        }
      guard let number else { return nil }
      numbers.append(number)
    }
    let last = numbers.removeLast()
    let room = UInt64(8 * (4 - numbers.count))
    guard numbers.allSatisfy({ $0 < 256 }), last < 1 << room else { return nil }
    let head = numbers.reduce(0) { $0 << 8 | $1 } << room
    return .v4(UInt32(head | last))
  }
}

extension TargetURL.Host: CustomStringConvertible {
  package var description: String {
    switch self {
    case .address(.v4(let bits)): "\(IPAddress.v4(bits))"
    case .address(let address): "[\(address)]"
    case .name(let name): name
    }
  }
}
