import Crypto
import FoundationEssentials

/// Random texts, hashes and comparisons that secrets need.
enum Secrets {
  /// `count` bytes from the system's source of randomness, as base64url without padding.
  static func random(_ count: Int = 32) -> String {
    var generator = SystemRandomNumberGenerator()
    return base64URL((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
  }

  /// Lower-case hexadecimal SHA-256.
  static func hash(_ text: String) -> String {
    SHA256.hash(data: Data(text.utf8)).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  /// Compares in a time that depends on the lengths alone.
  static func areEqual(_ left: String, _ right: String) -> Bool {
    let left = Array(left.utf8)
    let right = Array(right.utf8)
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// HMAC-SHA256 as base64url.
  static func sign(_ text: String, with key: SymmetricKey) -> String {
    base64URL(Array(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key)))
  }

  /// `nil` for what is no base64url.
  static func bytes(base64URL text: String) -> [UInt8]? {
    let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    return Data(
      base64Encoded: text.replacing("-", with: "+").replacing("_", with: "/") + padding
    ).map(Array.init)
  }

  static func base64URL(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString()
      .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }
}
