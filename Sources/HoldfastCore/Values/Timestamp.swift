/// A wall-clock time as the database gave it: milliseconds since 1970-01-01 00:00 UTC.
///
/// Only the database's clock makes these; they are shown and subtracted from one another, never compared with this
/// machine's clock.
package struct Timestamp: Hashable, Sendable, Comparable {
  package var unixMilliseconds: Int64

  package init(unixMilliseconds: Int64) {
    self.unixMilliseconds = unixMilliseconds
  }

  package static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.unixMilliseconds < right.unixMilliseconds
  }

  /// The seconds from `earlier` to this time; negative if it is later.
  package func seconds(since earlier: Timestamp) -> Double {
    Double(unixMilliseconds - earlier.unixMilliseconds) / 1000
  }

  /// Rounded to the millisecond; a span too long for the calendar ends at its last or first millisecond, and one that is
  /// not a number adds nothing.
  package func adding(seconds: Double) -> Timestamp {
    let milliseconds = (seconds * 1000).rounded()
    let span =
      Int64(exactly: milliseconds) ?? (milliseconds > 0 ? .max : milliseconds < 0 ? .min : 0)
    let (sum, overflow) = unixMilliseconds.addingReportingOverflow(span)
    return Timestamp(unixMilliseconds: overflow ? (span > 0 ? .max : .min) : sum)
  }
}

extension Timestamp: CustomStringConvertible {
  /// RFC 3339 in UTC with milliseconds: `2026-08-23T06:45:00.000Z`.
  ///
  /// Written by hand because a store formats and reads several of these for each row it moves, and the core imports
  /// no Foundation. The calendar arithmetic is Howard Hinnant's `civil_from_days`.
  package var description: String {
    let parts = civil
    return String(unsafeUninitializedCapacity: 24) { buffer in
      func put(_ value: Int, width: Int, at start: Int) {
        var rest = value
        for place in stride(from: start + width - 1, through: start, by: -1) {
          buffer[place] = UInt8(ascii: "0") + UInt8(rest % 10)
          rest /= 10
        }
      }
      put(min(max(parts.year, 0), 9999), width: 4, at: 0)
      buffer[4] = UInt8(ascii: "-")
      put(parts.month, width: 2, at: 5)
      buffer[7] = UInt8(ascii: "-")
      put(parts.day, width: 2, at: 8)
      buffer[10] = UInt8(ascii: "T")
      put(parts.hour, width: 2, at: 11)
      buffer[13] = UInt8(ascii: ":")
      put(parts.minute, width: 2, at: 14)
      buffer[16] = UInt8(ascii: ":")
      put(parts.second, width: 2, at: 17)
      buffer[19] = UInt8(ascii: ".")
      put(parts.millisecond, width: 3, at: 20)
      buffer[23] = UInt8(ascii: "Z")
      return 24
    }
  }

  /// The fields of this time in UTC.
  package var civil:
    (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, millisecond: Int)
  {
    let millisecondsPerDay: Int64 = 86_400_000
    var days = unixMilliseconds / millisecondsPerDay
    var rest = unixMilliseconds % millisecondsPerDay
    if rest < 0 {
      rest += millisecondsPerDay
      days -= 1
    }
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthShifted = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthShifted + 2) / 5 + 1
    let month = monthShifted < 10 ? monthShifted + 3 : monthShifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (
      Int(year), Int(month), Int(day), Int(rest / 3_600_000), Int(rest / 60_000 % 60),
      Int(rest / 1000 % 60), Int(rest % 1000)
    )
  }

  /// Reads `YYYY-MM-DD[T ]HH:MM:SS[.fraction][Z|±HH[[:]MM]]`, the forms in which SQLite, PostgreSQL and RFC 3339 write a time;
  /// without an offset it is UTC. `nil` for anything else.
  package init?(_ text: some StringProtocol) {
    var bytes = Array(text.utf8)[...]
    func number(_ digits: Int) -> Int64? {
      guard bytes.count >= digits else { return nil }
      var value: Int64 = 0
      for byte in bytes.prefix(digits) {
        guard byte >= 48, byte <= 57 else { return nil }
        value = value * 10 + Int64(byte - 48)
      }
      bytes = bytes.dropFirst(digits)
      return value
    }
    func skip(_ accepted: UInt8...) -> Bool {
      guard let first = bytes.first, accepted.contains(first) else { return false }
      bytes = bytes.dropFirst()
      return true
    }
    guard let year = number(4), skip(UInt8(ascii: "-")), let month = number(2),
      skip(UInt8(ascii: "-")), let day = number(2), skip(UInt8(ascii: "T"), UInt8(ascii: " ")),
      let hour = number(2), skip(UInt8(ascii: ":")), let minute = number(2),
      skip(UInt8(ascii: ":")), let second = number(2),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
    else { return nil }
    var milliseconds: Int64 = 0
    if skip(UInt8(ascii: ".")) {
      var scale: Int64 = 100
      var digits = 0
      while let byte = bytes.first, byte >= 48, byte <= 57 {
        milliseconds += Int64(byte - 48) * scale
        scale /= 10
        digits += 1
        bytes = bytes.dropFirst()
      }
      guard digits > 0 else { return nil }
    }
    var offsetMinutes: Int64 = 0
    if !skip(UInt8(ascii: "Z"), UInt8(ascii: "z")), let sign = bytes.first {
      guard skip(UInt8(ascii: "+"), UInt8(ascii: "-")), let hours = number(2) else { return nil }
      _ = skip(UInt8(ascii: ":"))
      offsetMinutes = hours * 60 + (number(2) ?? 0)
      if sign == UInt8(ascii: "-") { offsetMinutes = -offsetMinutes }
    }
    guard bytes.isEmpty else { return nil }
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    unixMilliseconds =
      ((days * 24 + hour) * 60 + minute - offsetMinutes) * 60_000 + second * 1000 + milliseconds
    // The 31st of April and the 29th of February of most years come out as another day than was written.
    guard Timestamp(unixMilliseconds: days * 86_400_000).civil.day == Int(day) else { return nil }
  }
}

extension Timestamp: Codable {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let time = Timestamp(text) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "“\(text)” is not a time such as 2026-08-23T06:45:00Z"))
    }
    self = time
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
