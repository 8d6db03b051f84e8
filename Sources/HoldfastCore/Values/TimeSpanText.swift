/// Lengths of time as people write them: `90`, `1.5h`, `30m`, `1h30m`, `250ms`.
package enum TimeSpanText {
  private static let units: [(name: String, seconds: Double)] = [
    ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400),
  ]
  /// A year; longer is a slip of the keyboard.
  private static let most = 366 * 86_400.0

  /// Above 0; `nil` for everything else.
  package static func seconds(_ text: String) -> Double? {
    var rest = text[...]
    var sum = 0.0
    repeat {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      guard let number = Double(digits), number.isFinite else { return nil }
      rest = rest[digits.endIndex...]
      if rest.isEmpty {
        // Only a number that stands alone means seconds.
        guard digits.count == text.count else { return nil }
        sum = number
      } else {
        guard let unit = units.first(where: { rest.hasPrefix($0.name) }) else { return nil }
        sum += number * unit.seconds
        rest = rest.dropFirst(unit.name.count)
      }
    } while !rest.isEmpty
    return sum > 0 && sum <= most ? sum : nil
  }
}
