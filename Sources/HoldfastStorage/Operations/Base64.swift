/// Base64 (RFC 4648, with padding) of the baselines' parts, which travel as JSON and are stored as bytes.
enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values: [UInt8] = {
    var values = Array(repeating: UInt8(255), count: 256)
    for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
    return values
  }()

  static func encode(_ bytes: [UInt8]) -> String {
    String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { buffer in
      var output = 0
      var input = 0
      while input < bytes.count {
        let second = input + 1 < bytes.count ? bytes[input + 1] : 0
        let third = input + 2 < bytes.count ? bytes[input + 2] : 0
        let group = UInt32(bytes[input]) << 16 | UInt32(second) << 8 | UInt32(third)
        buffer[output] = alphabet[Int(group >> 18)]
        buffer[output + 1] = alphabet[Int(group >> 12 & 63)]
        buffer[output + 2] =
          input + 1 < bytes.count ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "=")
        buffer[output + 3] =
          input + 2 < bytes.count ? alphabet[Int(group & 63)] : UInt8(ascii: "=")
        output += 4
        input += 3
      }
      return output
    }
  }

  /// `nil` for what is not base64.
  static func decode(_ text: String) -> [UInt8]? {
    var text = text
    return text.withUTF8 { input in
      guard input.count % 4 == 0 else { return nil }
      var padding = 0
      while padding < 2, padding < input.count,
        input[input.count - 1 - padding] == UInt8(ascii: "=")
      { padding += 1 }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(input.count / 4 * 3)
      for start in stride(from: 0, to: input.count, by: 4) {
        var group: UInt32 = 0
        for offset in 0..<4 {
          let position = start + offset
          let isPadding = position >= input.count - padding
          let value = isPadding ? 0 : values[Int(input[position])]
          guard value < 64 else { return nil }
          group = group << 6 | UInt32(value)
        }
        bytes.append(UInt8(truncatingIfNeeded: group >> 16))
        bytes.append(UInt8(truncatingIfNeeded: group >> 8))
        bytes.append(UInt8(truncatingIfNeeded: group))
      }
      bytes.removeLast(padding)
      return bytes
    }
  }
}
