import HoldfastCore

/// The previous scan's folders: id and fingerprint of each, sorted by id, in one flat block of 32 bytes an entry.
struct BaselineIndex: Sendable {
  private var words: [UInt64] = []

  var count: Int { words.count / 4 }

  mutating func reserve(_ entries: Int) { words.reserveCapacity(min(entries, 1 << 24) * 4) }

  /// Appends whole entries of 32 big-endian bytes.
  mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { bytes in
      for offset in stride(from: 0, to: bytes.count - 7, by: 8) {
        words.append(
          UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      }
    }
  }

  /// Entries come sorted; should a worker not keep to that, they are sorted here.
  mutating func finish() {
    let isSorted = (1..<max(count, 1)).allSatisfy { id(at: $0 - 1) < id(at: $0) }
    if isSorted { return }
    let order = (0..<count).sorted { id(at: $0) < id(at: $1) }
    words = order.flatMap { words[$0 * 4..<$0 * 4 + 4] }
  }

  func id(at slot: Int) -> Baseline.PartID {
    Baseline.PartID(high: words[slot * 4], low: words[slot * 4 + 1])
  }

  func fingerprint(at slot: Int) -> Hash128 {
    Hash128(high: words[slot * 4 + 2], low: words[slot * 4 + 3])
  }

  func slot(of id: Hash128) -> Int? {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      let (first, second) = (words[middle * 4], words[middle * 4 + 1])
      if first < id.high || (first == id.high && second < id.low) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < count, words[low * 4] == id.high, words[low * 4 + 1] == id.low else { return nil }
    return low
  }
}
