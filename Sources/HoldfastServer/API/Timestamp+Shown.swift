import HoldfastCore

extension Timestamp {
  /// The form of the library scanner's API: `2025-01-15T10:30:00`, UTC without saying so.
  var plain: String { String(description.prefix(19)) }

  /// `10:30:00`, in UTC.
  var clockTime: String { String(description.dropFirst(11).prefix(8)) }
}

extension Scan {
  /// When it started, or, of one that waits, when it was submitted.
  var shownStart: Timestamp { startedAt ?? claimedAt ?? createdAt }
}
