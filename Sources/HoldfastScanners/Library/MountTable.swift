import Glibc

/// The mount points that this process sees, from `/proc/thread-self/mountinfo` (proc(5)).
struct MountTable: Sendable {
  let points: [[UInt8]]

  /// `nil` where there is no such file: then nothing can be said of mounts, and nothing is.
  static func current() -> MountTable? {
    let descriptor = open("/proc/thread-self/mountinfo", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      text += chunk.prefix(count)
    }
    return MountTable(mountinfo: text)
  }

  init(mountinfo: [UInt8]) {
    points = mountinfo.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
      return fields.count > 4 ? Self.unescaped(fields[4]) : nil
    }
  }

  /// The mount point that `path`, absolute and free of links, lies on.
  func covering(_ path: [UInt8]) -> [UInt8]? {
    points.filter { Self.isAt(path, orBelow: $0) }.max { $0.count < $1.count }
  }

  /// The mount points below `path`, relative to it, sorted.
  func below(_ path: [UInt8]) -> [[UInt8]] {
    let prefix = path == [Self.slash] ? path : path + [Self.slash]
    let below = points.filter { $0.starts(with: prefix) && $0.count > prefix.count }
      .map { Array($0.dropFirst(prefix.count)) }
    return Set(below).sorted { $0.lexicographicallyPrecedes($1) }
  }

  static func isAt(_ path: [UInt8], orBelow folder: [UInt8]) -> Bool {
    if folder == [slash] { return path.first == slash }
    return path.starts(with: folder) && (path.count == folder.count || path[folder.count] == slash)
  }

  private static let slash = UInt8(ascii: "/")

  /// Space, tab, newline and backslash are written as three octal digits.
  private static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = field
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return bytes
  }
}
