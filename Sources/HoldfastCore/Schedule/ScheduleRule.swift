/// When a schedule's scans are due.
///
/// Where the clock of a zone is put forward, a time of day that the day does not have is due at once
/// after the gap; where it is put back, a time of day that the day has twice is due the first time.
/// An expression whose hour is `*` follows the time that passes instead: nothing is made up for, and
/// the hour that comes twice counts twice. Intervals know no zone.
package enum ScheduleRule: Sendable, Hashable {
  case cron(CronExpression)
  /// Every so many seconds, counted from `anchor`.
  case interval(seconds: Int64, anchor: Timestamp)

  /// How far a zone's local time is ahead of UTC at an instant, in seconds. The core has no table of
  /// zones; whoever asks brings one.
  package typealias ZoneOffset = (Timestamp) -> Int

  package static let intervalRange: ClosedRange<Int64> = 60...31_536_000
  /// How far ahead a rule is followed: a day that comes every four years, with a century's exception, is within it.
  private static let horizonDays: Int64 = 9 * 366

  /// The first instant after `instant` at which it is due; `nil` if there is none within nine years.
  package func next(after instant: Timestamp, offset: ZoneOffset) -> Timestamp? {
    switch self {
    case .interval(let seconds, let anchor):
      let span = seconds * 1000
      let passed = instant.unixMilliseconds - anchor.unixMilliseconds
      let steps = passed < 0 ? 0 : passed / span + 1
      return Timestamp(unixMilliseconds: anchor.unixMilliseconds + steps * span)
    case .cron(let cron) where cron.isHourly:
      return Self.nextByTime(cron, after: instant, offset)
    case .cron(let cron):
      return Self.nextByClock(cron, after: instant, offset)
    }
  }

  /// Minute by minute of the time that passes.
  private static func nextByTime(
    _ cron: CronExpression, after instant: Timestamp, _ offset: ZoneOffset
  ) -> Timestamp? {
    var minute = instant.unixMilliseconds / 60_000 + 1
    let end = minute + horizonDays * 1440
    while minute < end {
      let now = Timestamp(unixMilliseconds: minute * 60_000)
      let local = now.adding(seconds: Double(offset(now)))
      let civil = local.civil
      // At most an hour at once, so that no change of the clock is passed over.
      guard cron.fitsDay(of: local) else {
        minute += Int64(60 - civil.minute)
        continue
      }
      guard let fitting = cron.minute(from: civil.minute) else {
        minute += Int64(60 - civil.minute)
        continue
      }
      if fitting == civil.minute { return now }
      minute += Int64(fitting - civil.minute)
    }
    return nil
  }

  /// Local time after local time; each is then looked for in the zone.
  private static func nextByClock(
    _ cron: CronExpression, after instant: Timestamp, _ offset: ZoneOffset
  ) -> Timestamp? {
    let day: Int64 = 86_400_000
    let local = instant.adding(seconds: Double(offset(instant)))
    // A day back: times of a gap just before are due after it.
    let first = local.unixMilliseconds / day - 1
    for number in first..<(first + horizonDays) {
      let midnight = Timestamp(unixMilliseconds: number * day)
      guard cron.fitsDay(of: midnight) else { continue }
      for hour in 0..<24 where cron.fitsHour(hour) {
        var minute = cron.minute(from: 0)
        while let found = minute {
          let time = Timestamp(
            unixMilliseconds: midnight.unixMilliseconds + Int64(hour * 60 + found) * 60_000)
          let due = moment(of: time, offset)
          if due > instant { return due }
          minute = cron.minute(from: found + 1)
        }
      }
    }
    return nil
  }

  /// The first instant at which a zone's clocks show `local`, or, where they never do, the end of the
  /// gap.
  static func moment(of local: Timestamp, _ offset: ZoneOffset) -> Timestamp {
    let day = 86_400.0
    let offsets = [local.adding(seconds: -day), local.adding(seconds: day)].map(offset)
    // The larger offset makes the earlier instant.
    for ahead in offsets.sorted(by: >) {
      let instant = local.adding(seconds: Double(-ahead))
      if offset(instant) == ahead { return instant }
    }
    // In a gap: the clocks change between the two readings; find the millisecond.
    var low = local.adding(seconds: Double(-(offsets.max() ?? 0))).unixMilliseconds
    var high = local.adding(seconds: Double(-(offsets.min() ?? 0))).unixMilliseconds
    let before = offset(Timestamp(unixMilliseconds: low))
    while low < high {
      let middle = low + (high - low) / 2
      if offset(Timestamp(unixMilliseconds: middle)) == before {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return Timestamp(unixMilliseconds: low)
  }
}

/// What becomes of runs whose time passed while nobody was there to submit them.
package enum MissedRuns: String, Sendable, Hashable, Codable, CaseIterable {
  /// They are passed over; the next one runs at its time.
  case skip
  /// The newest of them runs, late; the others are passed over.
  case once
}

/// What is to be submitted now, and when to look again.
package struct ScheduleTurn: Sendable, Hashable {
  /// The run to submit; `nil` for none.
  package var due: Timestamp?
  /// Runs that were passed over.
  package var missed: Int
  /// The next time of the rule after now; `nil` if there is none.
  package var next: Timestamp?

  /// How late a run may be and still be on time: longer than another process needs to take the lead.
  package static let graceSeconds = 120.0
  /// How many missed runs are counted.
  private static let mostMissed = 1000

  /// - Parameters:
  ///   - handled: the instant up to which runs have been submitted or passed over.
  ///   - now: the database's clock.
  package init(
    _ rule: ScheduleRule, handled: Timestamp, now: Timestamp, missed policy: MissedRuns,
    offset: ScheduleRule.ZoneOffset
  ) {
    var times: [Timestamp] = []
    var time = rule.next(after: handled, offset: offset)
    while let found = time, found <= now, times.count < Self.mostMissed {
      times.append(found)
      time = rule.next(after: found, offset: offset)
    }
    // After a very long absence only the newest ones matter.
    if let found = time, found <= now {
      let recent = rule.next(after: now.adding(seconds: -Self.graceSeconds), offset: offset)
      if let recent, recent <= now { times.append(recent) }
      time = rule.next(after: now, offset: offset)
    }
    next = time
    due = nil
    if let newest = times.last {
      let isOnTime = now.seconds(since: newest) <= Self.graceSeconds
      if isOnTime || policy == .once { due = newest }
    }
    missed = times.count - (due == nil ? 0 : 1)
  }
}
