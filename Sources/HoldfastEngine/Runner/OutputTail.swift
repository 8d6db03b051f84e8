/// The last lines of a stream that nobody limits: what a runner wrote on its standard error before it died.
struct OutputTail: Sendable {
  private var lines: [String] = []
  private var current: [UInt8] = []
  private let maxLines: Int
  private let maxLineBytes: Int

  init(maxLines: Int = 20, maxLineBytes: Int = 400) {
    self.maxLines = maxLines
    self.maxLineBytes = maxLineBytes
  }

  /// The lines kept, the last one too if it has no newline yet.
  var text: [String] {
    current.isEmpty ? lines : Array((lines + [Self.readable(current)]).suffix(maxLines))
  }

  /// Looks at no more of `bytes` than can be kept, so that a flood costs little.
  mutating func append(_ bytes: some BidirectionalCollection<UInt8>) {
    let limit = maxLines * maxLineBytes
    if bytes.count > limit { current.removeAll(keepingCapacity: true) }
    for byte in bytes.suffix(limit) {
      if byte == UInt8(ascii: "\n") {
        endLine()
      } else if current.count < maxLineBytes {
        current.append(byte)
      }
    }
  }

  mutating func append(line: String) {
    append(line.utf8)
    endLine()
  }

  private mutating func endLine() {
    guard !current.isEmpty else { return }
    if lines.count == maxLines { lines.removeFirst() }
    lines.append(Self.readable(current))
    current.removeAll(keepingCapacity: true)
  }

  /// Bytes as text that is safe to print: no control characters, so that a runner cannot drive an operator's terminal.
  private static func readable(_ bytes: [UInt8]) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    return String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
  }
}
