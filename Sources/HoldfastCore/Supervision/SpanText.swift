/// Spans of time as sentences say them: `0.4 s`, `42 s`, `10 min 1 s`, `2 h 5 min`, `3 d 4 h`.
package enum SpanText {
  /// Two units at most; rounded down, so that nothing is said to have lasted longer than it did.
  package static func describe(seconds: Double) -> String {
    guard seconds.isFinite else { return "for ever" }
    let seconds = max(0, seconds)
    if seconds < 10, seconds != seconds.rounded(.down) {
      let tenths = Int((seconds * 10).rounded(.down))
      return "\(tenths / 10).\(tenths % 10) s"
    }
    guard let whole = Int(exactly: seconds.rounded(.down)) else { return "for ever" }
    return switch whole {
    case ..<120: "\(whole) s"
    case ..<7200: two(whole / 60, "min", whole % 60, "s")
    case ..<172_800: two(whole / 3600, "h", whole % 3600 / 60, "min")
    default: two(whole / 86_400, "d", whole % 86_400 / 3600, "h")
    }
  }

  private static func two(_ large: Int, _ unit: String, _ small: Int, _ smaller: String) -> String {
    small == 0 ? "\(large) \(unit)" : "\(large) \(unit) \(small) \(smaller)"
  }
}
