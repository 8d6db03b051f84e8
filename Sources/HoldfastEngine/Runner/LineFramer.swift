import Glibc
import NIOCore

/// Cuts a stream of bytes into lines of a bounded length.
struct LineFramer {
  private var buffer = ByteBuffer()
  /// The bytes at the start of `buffer` that are known to hold no newline.
  private var searched = 0
  let maxLineBytes: Int

  enum Line: Equatable {
    /// Without its newline.
    case line(ByteBuffer)
    /// The stream cannot be read on.
    case tooLong
  }

  init(maxLineBytes: Int) {
    self.maxLineBytes = maxLineBytes
  }

  /// What came after the last newline.
  var remainder: ByteBuffer { buffer }

  mutating func append(_ bytes: ByteBuffer) {
    if buffer.readableBytes == 0 {
      buffer = bytes
      searched = 0
    } else {
      buffer.discardReadBytes()
      buffer.writeImmutableBuffer(bytes)
    }
  }

  /// The next whole line, or `nil` until more bytes are appended.
  mutating func next() -> Line? {
    let newline = buffer.withUnsafeReadableBytes { bytes -> Int? in
      guard bytes.count > searched, let start = bytes.baseAddress else { return nil }
      let found = memchr(start + searched, 10, bytes.count - searched)
      return found.map { UnsafeRawPointer($0) - start }
    }
    guard let newline else {
      searched = buffer.readableBytes
      return searched > maxLineBytes ? .tooLong : nil
    }
    guard newline <= maxLineBytes, let line = buffer.readSlice(length: newline) else {
      return .tooLong
    }
    buffer.moveReaderIndex(forwardBy: 1)
    searched = 0
    return .line(line)
  }
}
