import HoldfastCore

/// Numbers, sizes and durations as people read them.
enum Quantity {
  /// `1234567` as `1,234,567`.
  static func grouped(_ number: Int64) -> String {
    let digits = String(number.magnitude)
    var result = ""
    for (offset, digit) in digits.enumerated() {
      if offset > 0, (digits.count - offset) % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return number < 0 ? "-" + result : result
  }

  /// `5368709120` as `5.0 GiB`.
  static func bytes(_ count: Int64) -> String { ByteCount.text(count) }

  /// `3.2 s`, `4:05`, `1:02:03`, `2 d 3:04:05`.
  static func duration(seconds: Double) -> String {
    guard seconds >= 10 else { return "\(oneDecimal(max(0, seconds))) s" }
    guard seconds < 1e12 else { return "ages" }
    let whole = Int64(seconds)
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60)
    if days > 0 { return "\(days) d \(hours):\(two(minutes)):\(two(whole % 60))" }
    if hours > 0 { return "\(hours):\(two(minutes)):\(two(whole % 60))" }
    return "\(minutes):\(two(whole % 60))"
  }

  /// Without Foundation's formatters, which cost a locale.
  private static func oneDecimal(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
