import Glibc
import HoldfastCore

/// Cuts what comes in on a descriptor into lines.
struct LineReader {
  enum Next {
    case line(ArraySlice<UInt8>)
    case tooLong
    case end
  }

  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var start = 0
  private var scanned = 0

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// Blocks until a line is there. A last line without its end is not one: its sender died while it wrote.
  mutating func next() -> Next {
    while true {
      if let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
        defer {
          start = end + 1
          scanned = start
        }
        return .line(buffer[start..<end])
      }
      scanned = buffer.count
      if buffer.count - start > RunnerProtocol.maxLineBytes { return .tooLong }
      guard fill() else { return .end }
    }
  }

  private mutating func fill() -> Bool {
    buffer.removeFirst(start)
    scanned -= start
    start = 0
    let size = 128 * 1024
    let chunk = [UInt8](unsafeUninitializedCapacity: size) { memory, count in
      var result = -1
      repeat {
        result = Glibc.read(descriptor, memory.baseAddress, size)
      } while result < 0 && errno == EINTR
      count = max(0, result)
    }
    if chunk.isEmpty { return false }
    if buffer.isEmpty { buffer = chunk } else { buffer.append(contentsOf: chunk) }
    return true
  }
}
