// JSON text without Foundation: a store reads and writes one or more of these for each row it moves, and the core imports
// nothing that could do it.

extension JSONValue {
  /// One JSON text, members sorted by name so that equal values have equal texts.
  ///
  /// A NUL in a string becomes U+FFFD, because PostgreSQL keeps none; a number that JSON cannot write becomes `null`.
  package var serialized: String {
    var text: [UInt8] = []
    write(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends the JSON text's bytes.
  package func write(to text: inout [UInt8]) {
    switch self {
    case .null: text.append(contentsOf: "null".utf8)
    case .bool(let value): text.append(contentsOf: (value ? "true" : "false").utf8)
    case .int(let value): text.append(contentsOf: String(value).utf8)
    case .double(let value):
      text.append(contentsOf: (value.isFinite ? String(value) : "null").utf8)
    case .string(let value): JSONValue.write(value, to: &text)
    case .array(let values):
      text.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        value.write(to: &text)
      }
      text.append(UInt8(ascii: "]"))
    case .object(let members):
      text.append(UInt8(ascii: "{"))
      for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        JSONValue.write(member.key, to: &text)
        text.append(UInt8(ascii: ":"))
        member.value.write(to: &text)
      }
      text.append(UInt8(ascii: "}"))
    }
  }

  /// Appends `string` as a JSON string, quoted and escaped.
  package static func write(_ string: String, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        text.append(UInt8(ascii: "\\"))
        text.append(byte)
      case 0: text.append(contentsOf: [0xEF, 0xBF, 0xBD])
      case UInt8(ascii: "\n"): text.append(contentsOf: "\\n".utf8)
      case UInt8(ascii: "\r"): text.append(contentsOf: "\\r".utf8)
      case UInt8(ascii: "\t"): text.append(contentsOf: "\\t".utf8)
      case 1..<0x20:
        text.append(contentsOf: byte < 16 ? "\\u000".utf8 : "\\u00".utf8)
        text.append(contentsOf: String(byte, radix: 16).utf8)
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }

  /// Reads one JSON text (RFC 8259); `nil` if it is not one. Nesting deeper than 512 is refused.
  package init?(parsing text: some StringProtocol) {
    var copy = String(text)
    guard let value = copy.withUTF8({ JSONValue(parsing: UnsafeRawBufferPointer($0)) }) else {
      return nil
    }
    self = value
  }

  /// Reads one JSON text from its UTF-8 bytes; `nil` if it is not one.
  package init?(parsing bytes: UnsafeRawBufferPointer) {
    guard case .success(let value) = JSONValue.parse(bytes) else { return nil }
    self = value
  }

  /// Where a text stops being JSON.
  package struct NotJSON: Error, Hashable, CustomStringConvertible {
    package var offset: Int
    /// The name that an object has twice, where that is what is wrong.
    package var repeated: String?
    package var description: String {
      repeated.map { "the member “\($0)” comes again at byte \(offset)" }
        ?? "not JSON at byte \(offset)"
    }
  }

  /// Reads one JSON text from its UTF-8 bytes.
  ///
  /// - Parameters:
  ///   - maxDepth: deeper nesting is refused; each level is a call on the caller's stack.
  ///   - refusingRepeats: whether no object may have a name twice. Of such ones the last counts otherwise, and readers differ in that
  ///     (RFC 8259, 4): what one of them has checked is not what the next one does.
  package static func parse(
    _ bytes: UnsafeRawBufferPointer, maxDepth: Int = 512, refusingRepeats: Bool = false
  ) -> Result<JSONValue, NotJSON> {
    var parser = JSONParser(bytes: bytes, maxDepth: maxDepth, refusesRepeats: refusingRepeats)
    guard let value = parser.value(depth: 0), parser.isAtEnd() else {
      return .failure(NotJSON(offset: parser.position, repeated: parser.repeated))
    }
    return .success(value)
  }
}

private struct JSONParser {
  let bytes: UnsafeRawBufferPointer
  let maxDepth: Int
  let refusesRepeats: Bool
  var position = 0
  var repeated: String?

  init(bytes: UnsafeRawBufferPointer, maxDepth: Int, refusesRepeats: Bool) {
    self.bytes = bytes
    self.maxDepth = maxDepth
    self.refusesRepeats = refusesRepeats
  }

  mutating func isAtEnd() -> Bool {
    skipSpace()
    return position == bytes.count
  }

  mutating func value(depth: Int) -> JSONValue? {
    guard depth <= maxDepth else { return nil }
    skipSpace()
    guard position < bytes.count else { return nil }
    switch bytes[position] {
    case UInt8(ascii: "{"): return object(depth: depth)
    case UInt8(ascii: "["): return array(depth: depth)
    case UInt8(ascii: "\""): return string().map(JSONValue.string)
    case UInt8(ascii: "t"): return skip("true") ? .bool(true) : nil
    case UInt8(ascii: "f"): return skip("false") ? .bool(false) : nil
    case UInt8(ascii: "n"): return skip("null") ? .null : nil
    default: return number()
    }
  }

  private mutating func object(depth: Int) -> JSONValue? {
    position += 1
    var members: [String: JSONValue] = [:]
    if skip(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      let start = position
      guard let name = string(), skip(UInt8(ascii: ":")), let value = value(depth: depth + 1)
      else { return nil }
      if members.updateValue(value, forKey: name) != nil, refusesRepeats {
        (repeated, position) = (name, start)
        return nil
      }
      if skip(UInt8(ascii: ",")) { continue }
      return skip(UInt8(ascii: "}")) ? .object(members) : nil
    }
  }

  private mutating func array(depth: Int) -> JSONValue? {
    position += 1
    var values: [JSONValue] = []
    if skip(UInt8(ascii: "]")) { return .array(values) }
    while true {
      guard let value = value(depth: depth + 1) else { return nil }
      values.append(value)
      if skip(UInt8(ascii: ",")) { continue }
      return skip(UInt8(ascii: "]")) ? .array(values) : nil
    }
  }

  private mutating func string() -> String? {
    guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return nil }
    position += 1
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\""),
      bytes[position] != UInt8(ascii: "\\"), bytes[position] >= 0x20
    {
      position += 1
    }
    guard position < bytes.count else { return nil }
    if bytes[position] == UInt8(ascii: "\"") {
      defer { position += 1 }
      return String(decoding: bytes[start..<position], as: UTF8.self)
    }
    var text = Array(bytes[start..<position])
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
      guard byte >= 0x20 else { return nil }
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        continue
      }
      guard let scalar = escape() else { return nil }
      text.append(contentsOf: String(Character(scalar)).utf8)
    }
    return nil
  }

  /// What follows a backslash. Half of a surrogate pair alone becomes U+FFFD.
  private mutating func escape() -> Unicode.Scalar? {
    guard position < bytes.count else { return nil }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      guard let unit = hexUnit() else { return nil }
      guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit) ?? "\u{FFFD}" }
      let saved = position
      if position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
        bytes[position + 1] == UInt8(ascii: "u")
      {
        position += 2
        if let low = hexUnit(), (0xDC00..<0xE000).contains(low) {
          return Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        }
        position = saved
      }
      return "\u{FFFD}"
    default: return nil
    }
  }

  private mutating func hexUnit() -> UInt32? {
    guard position + 4 <= bytes.count else { return nil }
    var value: UInt32 = 0
    for byte in bytes[position..<position + 4] {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - 48)
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - 87)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - 55)
      default: return nil
      }
    }
    position += 4
    return value
  }

  private mutating func number() -> JSONValue? {
    let start = position
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
    let firstDigit = position
    guard digits() else { return nil }
    if bytes[firstDigit] == UInt8(ascii: "0"), position > firstDigit + 1 { return nil }
    var isWhole = true
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      isWhole = false
      position += 1
      guard digits() else { return nil }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      position += 1
      if position < bytes.count,
        bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
      {
        position += 1
      }
      guard digits() else { return nil }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let value = Int64(text) { return .int(value) }
    return Double(text).map(JSONValue.double)
  }

  private mutating func digits() -> Bool {
    let start = position
    while position < bytes.count, bytes[position] >= 48, bytes[position] <= 57 { position += 1 }
    return position > start
  }

  private mutating func skipSpace() {
    while position < bytes.count,
      bytes[position] == 0x20 || (bytes[position] >= 0x09 && bytes[position] <= 0x0D)
    {
      position += 1
    }
  }

  /// Skips white space and `byte`; false, and no further than the white space, if another one is next.
  private mutating func skip(_ byte: UInt8) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func skip(_ word: StaticString) -> Bool {
    let end = position + word.utf8CodeUnitCount
    guard end <= bytes.count else { return false }
    for (offset, byte) in bytes[position..<end].enumerated()
    where byte != word.utf8Start[offset] { return false }
    position = end
    return true
  }
}
