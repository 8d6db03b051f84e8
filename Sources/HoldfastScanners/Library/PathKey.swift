/// The text form of a path below the root, which is any bytes but zero.
///
/// Control characters and bytes that are not UTF-8 become `\xNN`, and a backslash becomes `\\`, so that each path has exactly one form, and
/// the form gives the path back. Everything else stays as it is.
enum PathKey {
  static func text(_ path: [UInt8]) -> String {
    var bytes: [UInt8] = []
    path.withUnsafeBytes { append($0, to: &bytes) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The path that a text form stands for.
  static func path(_ text: String) -> [UInt8] {
    var path: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte != UInt8(ascii: "\\") {
        path.append(byte)
      } else if rest.first == UInt8(ascii: "x"),
        let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
      {
        path.append(value)
        rest = rest.dropFirst(3)
      } else {
        path.append(rest.popFirst() ?? byte)
      }
    }
    return path
  }

  static func append(_ path: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    var index = 0
    while index < path.count {
      let byte = path[index]
      if byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\\") {
        output.append(byte)
        index += 1
      } else if byte == UInt8(ascii: "\\") {
        output.append(byte)
        output.append(byte)
        index += 1
      } else {
        let length = characterLength(path, at: index)
        if length > 0 {
          output.append(contentsOf: UnsafeRawBufferPointer(rebasing: path[index..<index + length]))
        } else {
          escape(byte, to: &output)
        }
        index += max(length, 1)
      }
    }
  }

  private static func escape(_ byte: UInt8, to output: inout [UInt8]) {
    output.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "x")])
    for nibble in [byte >> 4, byte & 15] {
      output.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
    }
  }

  /// The length of the printable multi-byte character at `index`; 0 if there is none (RFC 3629, section 4; without U+0080 to U+009F).
  private static func characterLength(_ path: UnsafeRawBufferPointer, at index: Int) -> Int {
    func isTail(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
      index + offset < path.count && range.contains(path[index + offset])
    }
    switch path[index] {
    case 0xC2: return isTail(1, 0xA0...0xBF) ? 2 : 0
    case 0xC3...0xDF: return isTail(1) ? 2 : 0
    case 0xE0: return isTail(1, 0xA0...0xBF) && isTail(2) ? 3 : 0
    case 0xED: return isTail(1, 0x80...0x9F) && isTail(2) ? 3 : 0
    case 0xE1...0xEF: return isTail(1) && isTail(2) ? 3 : 0
    case 0xF0: return isTail(1, 0x90...0xBF) && isTail(2) && isTail(3) ? 4 : 0
    case 0xF1...0xF3: return isTail(1) && isTail(2) && isTail(3) ? 4 : 0
    case 0xF4: return isTail(1, 0x80...0x8F) && isTail(2) && isTail(3) ? 4 : 0
    default: return 0
    }
  }
}

extension JSONWriter {
  /// Writes a path's text form as a JSON string.
  ///
  /// - Parameter name: a name within `folder`; empty for the folder itself.
  mutating func path(folder: [UInt8], name: UnsafeRawBufferPointer) {
    var key: [UInt8] = []
    key.reserveCapacity(folder.count + name.count + 8)
    folder.withUnsafeBytes { PathKey.append($0, to: &key) }
    if !key.isEmpty && name.count > 0 { key.append(UInt8(ascii: "/")) }
    PathKey.append(name, to: &key)
    byte(UInt8(ascii: "\""))
    key.withUnsafeBytes { escape($0) }
    byte(UInt8(ascii: "\""))
  }
}

extension JSONWriter {
  /// Writes a path's text form as a JSON string, its folder's part made ready by ``escapedFolder(_:)``.
  mutating func path(escapedFolder: [UInt8], name: UnsafeRawBufferPointer) {
    byte(UInt8(ascii: "\""))
    raw(escapedFolder)
    let isPlain = name.allSatisfy {
      $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"")
    }
    if isPlain {
      raw(name)
    } else {
      var key: [UInt8] = []
      PathKey.append(name, to: &key)
      key.withUnsafeBytes { escape($0) }
    }
    byte(UInt8(ascii: "\""))
  }

  static func escapedFolder(_ folder: [UInt8]) -> [UInt8] {
    if folder.isEmpty { return [] }
    var key: [UInt8] = []
    folder.withUnsafeBytes { PathKey.append($0, to: &key) }
    key.append(UInt8(ascii: "/"))
    var writer = JSONWriter()
    key.withUnsafeBytes { writer.escape($0) }
    return writer.bytes
  }
}

/// Appends a name to a path below the root, whose own path is empty.
func joined(_ folder: [UInt8], _ name: some Collection<UInt8>) -> [UInt8] {
  var path: [UInt8] = []
  path.reserveCapacity(folder.count + 1 + name.count)
  path += folder
  if !folder.isEmpty { path.append(UInt8(ascii: "/")) }
  path += name
  return path
}
