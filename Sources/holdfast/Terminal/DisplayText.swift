/// How text looks on a terminal: how many columns it takes, and what of it must not reach the
/// terminal as it is.
enum DisplayText {
  /// Makes data safe to print: control characters, escapes and characters that reorder or hide text
  /// become visible (`\n`, `\x1b`, `\u{202e}`), so that a file's name cannot drive the terminal or
  /// pose as another.
  static func escaped(_ text: some StringProtocol) -> String {
    guard text.unicodeScalars.contains(where: isUnsafe) else { return String(text) }
    var result = ""
    for scalar in text.unicodeScalars {
      guard isUnsafe(scalar) else {
        result.unicodeScalars.append(scalar)
        continue
      }
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        let hex = String(scalar.value, radix: 16)
        result +=
          scalar.value < 0x100
          ? "\\x" + (hex.count < 2 ? "0" : "") + hex : "\\u{\(hex)}"
      }
    }
    return result
  }

  /// The columns that `text` takes. Control characters count as none; escape them first.
  static func width(of text: some StringProtocol) -> Int {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
    return text.reduce(0) { $0 + width(of: $1) }
  }

  /// `text` cut to at most `columns`, with an ellipsis where something was cut.
  static func truncated(_ text: String, to columns: Int, keeping: Side = .start) -> String {
    guard width(of: text) > columns else { return text }
    guard columns > 1 else { return columns == 1 ? "…" : "" }
    var kept: [Character] = []
    var used = 1
    func take(_ character: Character) -> Bool {
      let next = width(of: character)
      guard used + next <= columns else { return false }
      used += next
      kept.append(character)
      return true
    }
    switch keeping {
    case .start:
      for character in text { guard take(character) else { break } }
      return String(kept) + "…"
    case .end:
      for character in text.reversed() { guard take(character) else { break } }
      return "…" + String(kept.reversed())
    }
  }

  /// Which end of a text that is too long says most: a sentence's start, a path's end.
  enum Side: Sendable {
    case start, end
  }

  /// `text` followed by blanks up to `columns`.
  static func padded(_ text: String, to columns: Int) -> String {
    text + String(repeating: " ", count: max(0, columns - width(of: text)))
  }

  static func leftPadded(_ text: String, to columns: Int) -> String {
    String(repeating: " ", count: max(0, columns - width(of: text))) + text
  }

  /// A terminal gives one cell or two to a character, whatever the number of scalars it is composed
  /// of.
  static func width(of character: Character) -> Int {
    var result = 0
    for scalar in character.unicodeScalars {
      // Variation selector 16 asks for the wide, coloured form of the character before it.
      if scalar.value == 0xFE0F { return 2 }
      result = max(result, width(of: scalar))
    }
    return result
  }

  private static func width(of scalar: Unicode.Scalar) -> Int {
    if scalar.value >= 0x20, scalar.value < 0x7F { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .control, .format, .lineSeparator, .paragraphSeparator:
      return 0
    default: break
    }
    return scalar.properties.isEmojiPresentation || isEastAsianWide(scalar.value) ? 2 : 1
  }

  /// East Asian Width W and F (Unicode Standard Annex 11) as blocks; the standard library does not
  /// carry the property.
  private static func isEastAsianWide(_ value: UInt32) -> Bool {
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1B000...0x1B2FF,
      0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      true
    default: false
    }
  }

  /// Controls (C0, DEL, C1), and the format characters that reorder or hide text: bidirectional
  /// controls, line separators, zero-width characters other than the joiners that scripts and emoji
  /// need, and tags.
  static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F,
      0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F:
      true
    default: false
    }
  }
}
