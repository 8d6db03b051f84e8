import HoldfastCore

// The content of a baseline part: one folder's files, sorted by the bytes of their names, cut into segments between two
// files. Integers are little-endian; `varint` is LEB128.
//
//   segment = version (1 byte: 1), length of the path (varint; 0 in all segments but the first), path, file...
//   file    = length of the name (varint), name, size (varint), modified (8 bytes), changed - modified (8 bytes),
//             inode (varint), flags (1 byte; bit 0: hashed), hash (16 bytes if hashed)
//
// Times are nanoseconds since 1970. The path is the folder's, below the root, and empty for the root itself.
enum FolderListing {
  static let version: UInt8 = 1
}

/// Writes one folder's listing as baseline segments.
struct ListingWriter {
  private let folder: [UInt8]
  private var segment: [UInt8] = []
  private var finished: [[UInt8]] = []
  private(set) var count = 0
  private(set) var isEveryFileHashed = true

  /// A segment ends with the file that takes it past this; base64 makes it a third larger, and a line holds 4 MiB.
  private static let segmentBytes = 700_000

  init(folder: [UInt8]) {
    self.folder = folder
  }

  /// - Parameter mustBeHashed: whether a missing hash makes the whole listing count as not hashed.
  mutating func add(_ file: ListedFile, mustBeHashed: Bool = true) {
    if segment.isEmpty { beginSegment() }
    count += 1
    append(varint: UInt64(file.name.count))
    segment.append(contentsOf: file.name)
    append(varint: file.facts.size)
    append(word: UInt64(bitPattern: file.facts.modified))
    append(word: UInt64(bitPattern: file.facts.changed &- file.facts.modified))
    append(varint: file.facts.inode)
    if let hash = file.hash {
      segment.append(1)
      append(word: hash.high)
      append(word: hash.low)
    } else {
      segment.append(0)
      if mustBeHashed { isEveryFileHashed = false }
    }
    if segment.count >= Self.segmentBytes { endSegment() }
  }

  /// The segments written so far that are complete, handed over once.
  mutating func takeFinishedSegments() -> [[UInt8]] {
    defer { finished = [] }
    return finished
  }

  mutating func endSegment() {
    if !segment.isEmpty { finished.append(segment) }
    segment = []
  }

  private mutating func beginSegment() {
    segment.reserveCapacity(4096)
    segment.append(FolderListing.version)
    let path = count == 0 ? folder : []
    append(varint: UInt64(path.count))
    segment += path
  }

  private mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      segment.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    segment.append(UInt8(rest))
  }

  private mutating func append(word: UInt64) {
    withUnsafeBytes(of: word.littleEndian) { segment.append(contentsOf: $0) }
  }
}

/// Reads one segment, file by file.
struct ListingReader {
  private let bytes: UnsafeRawBufferPointer
  private var position: Int
  /// The folder's path, in the first segment of a part; else empty.
  let folder: [UInt8]

  /// `nil` for bytes that are not a segment of this version.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard let version = bytes.first, version == FolderListing.version else { return nil }
    var cursor = Cursor(bytes: bytes, position: 1)
    guard let count = cursor.varint(), let name = cursor.take(Int(clamping: count)) else {
      return nil
    }
    self.bytes = bytes
    folder = Array(name)
    position = cursor.position
  }

  /// `nil` at the end, and at the first byte that makes no sense.
  mutating func next() -> ListedFile? {
    var cursor = Cursor(bytes: bytes, position: position)
    guard let count = cursor.varint(), let name = cursor.take(Int(clamping: count)),
      let size = cursor.varint(), let modified = cursor.word(), let difference = cursor.word(),
      let inode = cursor.varint(), let flags = cursor.take(1)?.first
    else { return nil }
    var hash: Hash128?
    if flags & 1 != 0 {
      guard let high = cursor.word(), let low = cursor.word() else { return nil }
      hash = Hash128(high: high, low: low)
    }
    position = cursor.position
    let modifiedAt = Int64(bitPattern: modified)
    return ListedFile(
      name: name,
      facts: FileFacts(
        size: size, modified: modifiedAt, changed: modifiedAt &+ Int64(bitPattern: difference),
        inode: inode),
      hash: hash)
  }

  private struct Cursor {
    let bytes: UnsafeRawBufferPointer
    var position: Int

    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
      guard count <= bytes.count - position else { return nil }
      defer { position += count }
      return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    mutating func word() -> UInt64? {
      guard let slice = take(8) else { return nil }
      return UInt64(littleEndian: slice.loadUnaligned(as: UInt64.self))
    }

    mutating func varint() -> UInt64? {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 64, by: 7) {
        guard position < bytes.count else { return nil }
        let byte = bytes[position]
        position += 1
        value |= UInt64(byte & 0x7F) << shift
        if byte & 0x80 == 0 { return value }
      }
      return nil
    }
  }
}
