/// What programs write, as text that is safe to store and to show: without control characters and terminal sequences, and UTF-8 whatever
/// the bytes were.
package enum OutputText {
  /// The last lines, oldest first. A carriage return begins a line anew, as on a terminal, so that of a progress bar its last state is kept.
  package static func lastLines(
    of bytes: [UInt8], most: Int = 10, maxCharacters: Int = 300
  ) -> [String] {
    var lines: [String] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")).reversed() {
      guard lines.count < most else { break }
      let parts = line.split(separator: UInt8(ascii: "\r"))
      guard let text = parts.reversed().lazy.map({ plain($0) }).first(where: { !$0.isEmpty })
      else { continue }
      lines.append(String(text.prefix(maxCharacters)))
    }
    return lines.reversed()
  }

  /// One line without what drives a terminal.
  package static func plain(_ bytes: some Sequence<UInt8>) -> String {
    var kept: [UInt8] = []
    var state = Escape.none
    for byte in bytes {
      switch state {
      case .none:
        if byte == 0x1B {
          state = .begun
        } else if byte == UInt8(ascii: "\t") {
          kept.append(UInt8(ascii: " "))
        } else if byte >= 0x20, byte != 0x7F {
          kept.append(byte)
        }
      case .begun:
        switch byte {
        case UInt8(ascii: "["): state = .control
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"):
          state = .text
        case UInt8(ascii: "("), UInt8(ascii: ")"): state = .charset
        default: state = .none
        }
      case .charset: state = .none
      case .control: if (0x40...0x7E).contains(byte) { state = .none }
      case .text:
        if byte == 0x07 { state = .none } else if byte == 0x1B { state = .begun }
      }
    }
    let text = String(decoding: kept, as: UTF8.self)
    let safe = text.unicodeScalars.filter { $0.properties.generalCategory != .control }
    return trimmed(String(String.UnicodeScalarView(safe)))
  }

  private enum Escape { case none, begun, control, charset, text }

  private static func trimmed(_ text: String) -> String {
    let start = text.drop { $0 == " " }
    guard let last = start.lastIndex(where: { $0 != " " }) else { return "" }
    return String(start[...last])
  }
}
