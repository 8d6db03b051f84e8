/// A number of bytes as people write it: `1048576`, `5GB`, `10MiB`, `1.5 GiB`.
struct ByteSize: Sendable, Hashable {
  var bytes: Int64

  init(bytes: Int64) {
    self.bytes = bytes
  }

  /// Decimal units (kB, MB, GB, TB, PB) count in thousands, binary ones (KiB, MiB, …) in 1024; a
  /// letter alone (`10M`) is binary, as in `find` and `dd`. `nil` for anything else, for less than
  /// nothing and for more than 64 bits hold.
  init?(_ text: String) {
    let trimmed = text.filter { $0 != " " && $0 != "_" }
    let digits = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let factor = Self.factor(of: trimmed.dropFirst(digits.count).lowercased()) else {
      return nil
    }
    if let whole = Int64(digits) {
      let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
      guard !overflow else { return nil }
      bytes = product
    } else if factor > 1, let fraction = Double(digits), fraction >= 0,
      let product = Int64(exactly: (fraction * Double(factor)).rounded())
    {
      bytes = product
    } else {
      return nil
    }
  }

  private static func factor(of unit: String) -> Int64? {
    if unit.isEmpty || unit == "b" { return 1 }
    guard let letter = unit.first, let power = Array("kmgtp").firstIndex(of: letter) else {
      return nil
    }
    let base: Int64
    switch unit.dropFirst() {
    case "b": base = 1000
    case "", "ib": base = 1024
    default: return nil
    }
    return (0...power).reduce(1) { product, _ in product * base }
  }
}
