/// When something is to happen, in the five fields of cron: minute, hour, day of the month, month, day
/// of the week. Lists, ranges, steps, English names, Sunday as 0 or 7, and `@hourly` to `@yearly` are
/// taken. Where both day fields are restricted, a day that fits one of them fits (POSIX, crontab).
package struct CronExpression: Sendable, Hashable {
  /// As it was written, with single spaces.
  package let text: String
  private let minutes: Field
  private let hours: Field
  private let days: Field
  private let months: Field
  private let weekdays: Field

  /// Every hour of the day fits: it goes on through changes of the clock as time passes.
  var isHourly: Bool { hours.isAny }

  /// - Throws: ``CronError`` with the field at fault.
  package init(_ text: String) throws(CronError) {
    let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    self.text = words.joined(separator: " ")
    var fields = words
    if let word = words.first, word.hasPrefix("@") {
      guard words.count == 1, let meant = Self.shorthands[word.lowercased()] else {
        throw CronError(
          field: "shorthand", text: self.text,
          problem: "is none of \(Self.shorthands.keys.sorted().joined(separator: ", "))")
      }
      fields = meant.split(separator: " ").map(String.init)
    }
    guard fields.count == 5 else {
      throw CronError(
        field: "expression", text: self.text,
        problem: "must have five fields (minute, hour, day of the month, month, day of the week), "
          + "not \(fields.count)")
    }
    minutes = try Field(fields[0], name: "minute", range: 0...59)
    hours = try Field(fields[1], name: "hour", range: 0...23)
    days = try Field(fields[2], name: "day of the month", range: 1...31)
    months = try Field(fields[3], name: "month", range: 1...12, names: Self.monthNames)
    weekdays = try Field(fields[4], name: "day of the week", range: 0...7, names: Self.dayNames)
    guard canHappen else {
      throw CronError(
        field: "expression", text: self.text, problem: "never happens: no month has such a day")
    }
  }

  /// Whether some year has such a day.
  private var canHappen: Bool {
    guard weekdays.isAny, !days.isAny else { return true }
    let longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return (1...12).contains { month in
      months.contains(month) && (1...longest[month - 1]).contains { days.contains($0) }
    }
  }

  /// Whether the day of this local time fits.
  func fitsDay(of local: Timestamp) -> Bool {
    let civil = local.civil
    guard months.contains(civil.month) else { return false }
    // 1970-01-01 was a Thursday.
    let day = (local.unixMilliseconds / 86_400_000 % 7 + 4) % 7
    let fitsWeekday = weekdays.contains(Int(day)) || (day == 0 && weekdays.contains(7))
    let fitsDay = days.contains(civil.day)
    switch (days.isAny, weekdays.isAny) {
    case (true, true): return true
    case (false, true): return fitsDay
    case (true, false): return fitsWeekday
    case (false, false): return fitsDay || fitsWeekday
    }
  }

  func fitsHour(_ hour: Int) -> Bool { hours.contains(hour) }

  /// The first minute from `minute` on that fits, within its hour.
  func minute(from minute: Int) -> Int? { (minute..<60).first { minutes.contains($0) } }

  private static let shorthands = [
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
  ]
  private static let monthNames = [
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9,
    "oct": 10, "nov": 11, "dec": 12,
  ]
  private static let dayNames = [
    "sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6,
  ]
}

extension CronExpression {
  /// The values that one field admits.
  private struct Field: Sendable, Hashable {
    private var bits: UInt64 = 0
    /// Written as `*`, without a step.
    let isAny: Bool

    func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }

    init(
      _ text: String, name: String, range: ClosedRange<Int>, names: [String: Int] = [:]
    ) throws(CronError) {
      isAny = text == "*"
      let failure = { (problem: String) in CronError(field: name, text: text, problem: problem) }
      func value(_ text: Substring) throws(CronError) -> Int {
        if let named = names[text.lowercased()] { return named }
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
          let number = Int(text), range.contains(number)
        else {
          throw failure(
            "holds “\(text)”; it must be a number from \(range.lowerBound) to \(range.upperBound)"
              + (names.isEmpty ? "" : " or a name such as \(names.keys.min() ?? "")"))
        }
        return number
      }
      for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(pieces.count) else { throw failure("has two steps in “\(part)”") }
        var (low, high) = (range.lowerBound, range.upperBound)
        let bounds = pieces[0].split(separator: "-", omittingEmptySubsequences: false)
        if pieces[0] != "*" {
          guard bounds.count <= 2 else { throw failure("has no range in “\(part)”") }
          low = try value(bounds[0])
          high = bounds.count == 2 ? try value(bounds[1]) : pieces.count == 2 ? high : low
          guard low <= high else {
            throw failure("has a range in “\(part)” that ends before it begins")
          }
        }
        var step = 1
        if pieces.count == 2 {
          guard let given = Int(pieces[1]), (1...range.upperBound).contains(given) else {
            throw failure("has the step “\(pieces[1])”; it must be from 1 to \(range.upperBound)")
          }
          step = given
        }
        for value in stride(from: low, through: high, by: step) { bits |= 1 << UInt64(value) }
      }
    }
  }
}

/// What is wrong with a cron expression.
package struct CronError: Error, Sendable, Hashable, CustomStringConvertible {
  package var field: String
  package var text: String
  /// A clause that goes on from the field: `holds “61”; it must be …`.
  package var problem: String

  package var description: String { "the \(field) “\(text)” \(problem)" }
}
