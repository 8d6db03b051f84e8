/// The name of one scan: a UUID of version 7 (RFC 9562), so that ids made one after the other sort one after the other
/// and a database's index grows at its right edge.
package struct ScanID: Hashable, Sendable, Comparable {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Makes an id from a wall-clock time and 74 random bits (RFC 9562, section 5.7).
  ///
  /// - Parameters:
  ///   - unixMilliseconds: the time; only its lower 48 bits are kept.
  ///   - random: two words of randomness, of which 12 and 62 bits are used.
  package init(unixMilliseconds: Int64, random: (UInt64, UInt64)) {
    let time = UInt64(truncatingIfNeeded: unixMilliseconds) & 0xFFFF_FFFF_FFFF
    high = (time << 16) | 0x7000 | (random.0 & 0x0FFF)
    low = 0x8000_0000_0000_0000 | (random.1 & 0x3FFF_FFFF_FFFF_FFFF)
  }

  /// Reads the 36-character form, in either case; `nil` for anything else.
  package init?(_ text: some StringProtocol) {
    var copy = String(text)
    guard let id = copy.withUTF8({ ScanID(utf8: UnsafeRawBufferPointer($0)) }) else { return nil }
    self = id
  }

  /// Reads the same from its bytes: a store reads one of these for each row it moves.
  package init?(utf8 bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 36 else { return nil }
    var words: (UInt64, UInt64) = (0, 0)
    var digits = 0
    var position = 0
    for byte in bytes {
      if position == 8 || position == 13 || position == 18 || position == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
      } else {
        guard digits < 32, let value = hexValue(byte) else { return nil }
        if digits < 16 {
          words.0 = (words.0 << 4) | value
        } else {
          words.1 = (words.1 << 4) | value
        }
        digits += 1
      }
      position += 1
    }
    guard position == 36, digits == 32 else { return nil }
    high = words.0
    low = words.1
  }

  package static func < (left: ScanID, right: ScanID) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}

extension ScanID: CustomStringConvertible {
  /// The lower-case 36-character form.
  package var description: String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      var position = 0
      for digit in 0..<32 {
        if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
          buffer[position] = UInt8(ascii: "-")
          position += 1
        }
        let word = digit < 16 ? high : low
        let nibble = UInt8((word >> UInt64((15 - digit % 16) * 4)) & 0xF)
        buffer[position] =
          nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
        position += 1
      }
      return 36
    }
  }
}

extension ScanID: Codable {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let id = ScanID(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "“\(text)” is not a UUID"))
    }
    self = id
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

private func hexValue(_ byte: UInt8) -> UInt64? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
  case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
  case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
  default: nil
  }
}
