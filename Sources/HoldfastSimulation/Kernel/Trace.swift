/// What happened, in order, as lines for people and as one hash: two runs of the same seed have the same.
package struct Trace: Sendable {
  package struct Line: Sendable {
    package var milliseconds: Int64
    package var actor: String
    package var text: String
  }

  /// The newest lines; older ones are only in the hash.
  package private(set) var lines: [Line] = []
  package private(set) var count = 0
  private var state: UInt64 = 0xCBF2_9CE4_8422_2325
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  /// 16 hexadecimal digits.
  package var hash: String {
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  mutating func add(_ line: Line) {
    count += 1
    mix(line.milliseconds)
    for byte in line.actor.utf8 { mix(byte) }
    for byte in line.text.utf8 { mix(byte) }
    guard limit > 0 else { return }
    lines.append(line)
    if lines.count >= 2 * limit { lines.removeFirst(lines.count - limit) }
  }

  private mutating func mix(_ number: Int64) {
    var rest = UInt64(bitPattern: number)
    for _ in 0..<8 {
      mix(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  private mutating func mix(_ byte: UInt8) {
    state = (state ^ UInt64(byte)) &* 0x100_0000_01B3
  }
}

extension Trace.Line: CustomStringConvertible {
  package var description: String {
    let seconds = Double(milliseconds) / 1000
    let time = String(Int64(seconds)) + "." + String(1000 + milliseconds % 1000).dropFirst()
    return "\(time) s  \(actor): \(text)"
  }
}
