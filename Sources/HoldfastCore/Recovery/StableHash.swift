/// 128 bits of FNV-1a: the same for the same bytes on every machine and in every release, unlike
/// `Hasher`. It tells plans apart; it does not withstand someone who looks for a collision, and
/// nothing relies on that.
package struct StableHash: Sendable, Hashable {
  /// The FNV offset basis for 128 bits.
  private var state: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D
  private static let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013B

  package init() {}

  package mutating func add(byte: UInt8) {
    state = (state ^ UInt128(byte)) &* Self.prime
  }

  /// Adds a text with its length ahead, so that (`ab`, `c`) and (`a`, `bc`) differ.
  package mutating func add(_ text: some StringProtocol) {
    add(Int64(text.utf8.count))
    for byte in text.utf8 { add(byte: byte) }
  }

  package mutating func add(_ number: Int64) {
    for shift in stride(from: 56, through: 0, by: -8) {
      add(byte: UInt8(truncatingIfNeeded: number >> Int64(shift)))
    }
  }

  /// Adds a number that may be missing.
  package mutating func add(_ number: Int64?) {
    add(byte: number == nil ? 0 : 1)
    if let number { add(number) }
  }

  /// 32 hexadecimal digits.
  package var description: String {
    let text = String(state, radix: 16)
    return String(repeating: "0", count: 32 - text.count) + text
  }
}
