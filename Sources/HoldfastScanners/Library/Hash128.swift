import CHoldfastSystem
import HoldfastCore

/// XXH3-128 of something: fast, and for telling things apart, not for secrets.
struct Hash128: Hashable, Sendable {
  var high: UInt64
  var low: UInt64

  static let zero = Hash128(high: 0, low: 0)

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  init(of bytes: UnsafeRawBufferPointer) {
    (high, low) = (0, 0)
    hf_hash128(bytes.baseAddress, bytes.count, &high, &low)
  }

  init(of bytes: [UInt8]) {
    self = bytes.withUnsafeBytes { Hash128(of: $0) }
  }

  init(_ id: Baseline.PartID) {
    self.init(high: id.high, low: id.low)
  }

  var partID: Baseline.PartID { Baseline.PartID(high: high, low: low) }

  /// A sum of 128 bits: the same whatever the order of its terms.
  mutating func add(_ other: Hash128) {
    let (sum, carry) = low.addingReportingOverflow(other.low)
    low = sum
    high = high &+ other.high &+ (carry ? 1 : 0)
  }

  static func ^ (left: Hash128, right: Hash128) -> Hash128 {
    Hash128(high: left.high ^ right.high, low: left.low ^ right.low)
  }
}
