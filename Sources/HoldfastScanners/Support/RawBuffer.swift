import Glibc

/// A growing block of bytes. Unlike `Array`, it grows by `realloc`, which moves pages of a large block instead of copying them, so that a
/// folder of a million entries does not need its memory twice.
final class RawBuffer: @unchecked Sendable {  // Handed from one thread to the next, never shared.
  private(set) var base: UnsafeMutableRawPointer
  private(set) var count = 0
  private(set) var capacity: Int

  init(capacity: Int = 4096) {
    self.capacity = max(capacity, 64)
    base = Self.check(malloc(self.capacity))
  }

  deinit { free(base) }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  func removeAll() {
    count = 0
    // One giant folder must not hold its memory for the rest of the scan.
    if capacity > 4 << 20 {
      capacity = 4096
      base = Self.check(realloc(base, capacity))
    }
  }

  /// Room for `size` bytes behind the last ones; `count` grows by them.
  func extend(by size: Int) -> UnsafeMutableRawPointer {
    if count + size > capacity {
      capacity = max(count + size, capacity * 2)
      base = Self.check(realloc(base, capacity))
    }
    defer { count += size }
    return base + count
  }

  func append(_ source: UnsafeRawBufferPointer) {
    guard let start = source.baseAddress, source.count > 0 else { return }
    extend(by: source.count).copyMemory(from: start, byteCount: source.count)
  }

  func append(_ byte: UInt8) {
    extend(by: 1).storeBytes(of: byte, as: UInt8.self)
  }

  func append(_ value: UInt32) {
    extend(by: 4).storeBytes(of: value, as: UInt32.self)
  }

  func uint32(at index: Int) -> UInt32 {
    base.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
  }

  /// Memory is limited on purpose; a runner that meets the limit ends, and its worker says why.
  private static func check(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer {
    guard let pointer else { fatalError("out of memory") }
    return pointer
  }
}
