import HoldfastCore

/// Reads one JSON text (RFC 8259) without Foundation, whose loading would cost a runner its quick start.
struct JSONParser {
  /// Where and why the text is not JSON.
  struct Failure: Error, Hashable, CustomStringConvertible {
    var offset: Int
    var problem: String
    var description: String { "not JSON at byte \(offset): \(problem)" }
  }

  private let text: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var depth = 0

  /// Deeper nesting is refused: each level is a call on a small stack.
  private static let maxDepth = 64

  static func parse(_ bytes: some Sequence<UInt8>) throws(Failure) -> JSONValue {
    let copy = Array(bytes)
    var result: Result<JSONValue, Failure> = .success(.null)
    copy.withUnsafeBufferPointer { buffer in
      var parser = JSONParser(text: buffer)
      do throws(Failure) {
        let value = try parser.value()
        parser.skipSpace()
        if parser.position < buffer.count { throw parser.failure("text after the value") }
        result = .success(value)
      } catch {
        result = .failure(error)
      }
    }
    return try result.get()
  }

  private init(text: UnsafeBufferPointer<UInt8>) { self.text = text }

  private func failure(_ problem: String) -> Failure { Failure(offset: position, problem: problem) }

  private mutating func skipSpace() {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func value() throws(Failure) -> JSONValue {
    skipSpace()
    guard position < text.count else { throw failure("a value is missing") }
    switch text[position] {
    case UInt8(ascii: "{"): return try nested { parser throws(Failure) in try parser.object() }
    case UInt8(ascii: "["): return try nested { parser throws(Failure) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(Failure) -> JSONValue
  ) throws(Failure) -> JSONValue {
    guard depth < Self.maxDepth else { throw failure("nested deeper than \(Self.maxDepth)") }
    depth += 1
    position += 1
    let value = try body(&self)
    depth -= 1
    return value
  }

  private mutating func object() throws(Failure) -> JSONValue {
    var members: [String: JSONValue] = [:]
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      let name = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw failure("expected “:”") }
      members[name] = try value()
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { throw failure("expected “,” or “}”") }
    }
  }

  private mutating func array() throws(Failure) -> JSONValue {
    var elements: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      elements.append(try value())
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw failure("expected “,” or “]”") }
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < text.count, text[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(Failure) -> JSONValue {
    guard text[position...].starts(with: word.utf8) else { throw failure("expected \(word)") }
    position += word.utf8.count
    return value
  }

  private mutating func number() throws(Failure) -> JSONValue {
    let start = position
    var isWhole = true
    scan: while position < text.count {
      switch text[position] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
      case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
        isWhole = false
      default: break scan
      }
      position += 1
    }
    let digits = String(decoding: text[start..<position], as: UTF8.self)
    if isWhole, let number = Int64(digits) { return .int(number) }
    guard let number = Double(digits), number.isFinite else {
      position = start
      throw failure("expected a value")
    }
    // As Foundation has it: 1e3 and 3.0 are whole numbers.
    return Int64(exactly: number).map(JSONValue.int) ?? .double(number)
  }

  private mutating func string() throws(Failure) -> String {
    guard take(UInt8(ascii: "\"")) else { throw failure("expected a text") }
    let start = position
    // The long texts of the protocol (base64) hold no escape: found in one pass and copied once.
    while position < text.count, text[position] != UInt8(ascii: "\"") {
      if text[position] == UInt8(ascii: "\\") { return try escapedString(from: start) }
      position += 1
    }
    guard position < text.count else { throw failure("the text has no end") }
    defer { position += 1 }
    return String(decoding: text[start..<position], as: UTF8.self)
  }

  private mutating func escapedString(from start: Int) throws(Failure) -> String {
    var bytes = Array(text[start..<position])
    while position < text.count {
      let byte = text[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &bytes)
      default: bytes.append(byte)
      }
    }
    throw failure("the text has no end")
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(Failure) {
    guard position < text.count else { throw failure("the text has no end") }
    let byte = text[position]
    position += 1
    switch byte {
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0C)
    case UInt8(ascii: "u"):
      var scalar = try hexWord()
      if (0xD800..<0xDC00).contains(scalar), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
        scalar = 0x10000 + ((scalar - 0xD800) << 10) + (try hexWord() &- 0xDC00)
      }
      bytes.append(contentsOf: String(Character(Unicode.Scalar(scalar) ?? "\u{FFFD}")).utf8)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(byte)
    default: throw failure("unknown escape")
    }
  }

  private mutating func hexWord() throws(Failure) -> UInt32 {
    let digits = text[position..<min(position + 4, text.count)]
    guard digits.count == 4,
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw failure("expected four hexadecimal digits") }
    position += 4
    return value
  }
}
