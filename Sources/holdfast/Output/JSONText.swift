import FoundationEssentials

/// The one way in which this program prints JSON: keys sorted, slashes as they are, and nothing in
/// it that could drive a terminal.
enum JSONText {
  static func of(_ value: some Encodable, pretty: Bool) throws(CommandFailure) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
    do {
      return harmless(String(decoding: try encoder.encode(value), as: UTF8.self))
    } catch {
      throw CommandFailure(.internalError, "a value cannot be written as JSON: \(error)")
    }
  }

  /// JSON allows C1 controls and reordering marks to stand in strings as they are; written as
  /// `\u….` they mean the same.
  static func harmless(_ text: String) -> String {
    // Line feeds are the layout's own: those of the data are escaped already.
    func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
      scalar != "\n" && DisplayText.isUnsafe(scalar)
    }
    guard text.unicodeScalars.contains(where: isHarmful) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isHarmful(scalar) {
        for unit in String(scalar).utf16 {
          let hex = String(unit, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
