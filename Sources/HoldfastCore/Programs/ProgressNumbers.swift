/// The numbers of one line that may tell how far a program has come.
struct ProgressNumbers {
  private struct Number {
    var value: Double
    var isWhole: Bool
    var range: Range<Int>
  }

  private let text: [UInt8]
  private let numbers: [Number]
  /// A line that is not ended may go on with further digits.
  private let isEnded: Bool

  init(_ line: String, isEnded: Bool) {
    text = Array(line.utf8)
    self.isEnded = isEnded
    numbers = Self.numbers(in: text)
  }

  /// The last percentage of the line.
  ///
  /// - Parameter anywhere: whether one counts wherever it stands.
  func percent(anywhere: Bool) -> Double? {
    for number in numbers.reversed() {
      var after = number.range.upperBound
      if byte(after) == UInt8(ascii: " ") { after += 1 }
      guard byte(after) == UInt8(ascii: "%"), number.value <= 100 else { continue }
      let before = byteBefore(number.range.lowerBound)
      let isBracketed = before == UInt8(ascii: "[") || before == UInt8(ascii: "(")
      if anywhere || isBracketed || hasBar { return number.value }
    }
    return nil
  }

  /// The last count of the line: `3/10`, `3 of 10`, `1.2/3.4 MB`.
  func count(anywhere: Bool) -> OutputProgress.Reading? {
    for (first, second) in zip(numbers, numbers.dropFirst()).reversed() {
      guard second.value > 0, first.value <= second.value else { continue }
      guard isEnded || second.range.upperBound < text.count else { continue }
      let between = text[first.range.upperBound..<second.range.lowerBound]
      let words = String(decoding: between, as: UTF8.self)
      let isOf = words == " of "
      guard isOf || words.filter({ $0 != " " }) == "/" else { continue }
      guard isOf || anywhere || isBracketed(first, second) else { continue }
      guard isAlone(first, second) else { continue }
      if first.isWhole, second.isWhole, first.value < 1e15, second.value < 1e15 {
        return .init(done: Int64(first.value), total: Int64(second.value), unit: "steps")
      }
      return .percent(first.value / second.value * 100)
    }
    return nil
  }

  // MARK: Where a number stands

  private func byte(_ index: Int) -> UInt8? { text.indices.contains(index) ? text[index] : nil }

  private func byteBefore(_ index: Int) -> UInt8? {
    var index = index - 1
    while byte(index) == UInt8(ascii: " ") { index -= 1 }
    return byte(index)
  }

  private func isBracketed(_ first: Number, _ second: Number) -> Bool {
    switch (byteBefore(first.range.lowerBound), byte(second.range.upperBound)) {
    case (UInt8(ascii: "["), UInt8(ascii: "]")), (UInt8(ascii: "("), UInt8(ascii: ")")): true
    default: false
    }
  }

  /// Not a part of a date, a path or a version.
  private func isAlone(_ first: Number, _ second: Number) -> Bool {
    let joins = Array("/-.:_".utf8)
    if let before = byte(first.range.lowerBound - 1),
      joins.contains(before) || Self.isLetter(before)
    {
      return false
    }
    guard let after = byte(second.range.upperBound) else { return true }
    return !joins.contains(after) || after == UInt8(ascii: ".") || after == UInt8(ascii: ":")
  }

  /// Three of the characters of a bar in a row.
  private var hasBar: Bool {
    var run = 0
    var last: UInt8?
    for (index, byte) in text.enumerated() {
      // A full block of UTF-8 begins with these.
      if byte == 0xE2, self.byte(index + 1) == 0x96 { return true }
      let isBar = "#=>.*-".utf8.contains(byte)
      run = isBar && byte == last ? run + 1 : (isBar ? 1 : 0)
      last = byte
      if run >= 3 { return true }
    }
    return false
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte & 0xDF)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  /// `12`, `1,234,567`, `45.2`.
  private static func numbers(in text: [UInt8]) -> [Number] {
    var numbers: [Number] = []
    var index = 0
    while index < text.count, numbers.count < 64 {
      guard isDigit(text[index]) else {
        index += 1
        continue
      }
      let start = index
      var digits: [UInt8] = []
      var hasPoint = false
      scan: while index < text.count {
        let byte = text[index]
        let isNextDigit = index + 1 < text.count && isDigit(text[index + 1])
        switch byte {
        case _ where isDigit(byte): digits.append(byte)
        case UInt8(ascii: ",") where isNextDigit && !hasPoint: break
        case UInt8(ascii: ".") where isNextDigit && !hasPoint:
          hasPoint = true
          digits.append(byte)
        default: break scan
        }
        index += 1
      }
      if let value = Double(String(decoding: digits, as: UTF8.self)) {
        numbers.append(Number(value: value, isWhole: !hasPoint, range: start..<index))
      }
    }
    return numbers
  }
}
