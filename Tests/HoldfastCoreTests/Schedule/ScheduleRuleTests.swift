import HoldfastCore
import Testing

/// When cron expressions and intervals are due, in zones whose clocks are put forward and back.
@Suite struct ScheduleRuleTests {
  /// A zone with one change of its clocks.
  private struct Zone: Sendable {
    var before: Int
    var after: Int
    var change: Timestamp

    func offset(_ instant: Timestamp) -> Int { instant < change ? before : after }
  }

  private static func time(_ text: String) -> Timestamp {
    Timestamp(text) ?? Timestamp(unixMilliseconds: 0)
  }

  /// Berlin: 02:00 becomes 03:00 on 29 March 2026, 03:00 becomes 02:00 on 25 October.
  private static let spring = Zone(
    before: 3600, after: 7200, change: time("2026-03-29T01:00:00Z"))
  private static let autumn = Zone(
    before: 7200, after: 3600, change: time("2026-10-25T01:00:00Z"))
  /// Lord Howe Island goes forward by half an hour; Apia left out the whole 30 December 2011.
  private static let lordHowe = Zone(
    before: 37_800, after: 39_600, change: time("2026-10-03T15:30:00Z"))
  private static let apia = Zone(
    before: -36_000, after: 50_400, change: time("2011-12-30T10:00:00Z"))

  private static func times(
    _ text: String, from start: String, in zone: Zone? = nil, count: Int
  ) throws -> [String] {
    let rule = ScheduleRule.cron(try CronExpression(text))
    var instant = time(start)
    return (0..<count).compactMap { _ in
      guard let next = rule.next(after: instant, offset: { zone?.offset($0) ?? 0 }) else {
        return nil
      }
      instant = next
      return String(next.description.prefix(16))
    }
  }

  @Test(arguments: [
    ("* * * * *", "2026-01-01T00:00:00Z", ["2026-01-01T00:01", "2026-01-01T00:02"]),
    ("*/15 * * * *", "2026-01-01T00:44:59Z", ["2026-01-01T00:45", "2026-01-01T01:00"]),
    ("0 3 * * *", "2026-01-01T03:00:00Z", ["2026-01-02T03:00", "2026-01-03T03:00"]),
    ("30 4 1,15 * *", "2026-01-01T12:00:00Z", ["2026-01-15T04:30", "2026-02-01T04:30"]),
    ("0 0 * * mon-fri", "2026-01-02T00:00:00Z", ["2026-01-05T00:00", "2026-01-06T00:00"]),
    ("0 0 * * 7", "2026-01-02T00:00:00Z", ["2026-01-04T00:00", "2026-01-11T00:00"]),
    ("0 0 * * 0", "2026-01-02T00:00:00Z", ["2026-01-04T00:00", "2026-01-11T00:00"]),
    // Both day fields: either fits.
    ("0 0 13 * fri", "2026-02-01T00:00:00Z", ["2026-02-06T00:00", "2026-02-13T00:00"]),
    ("0 12 29 2 *", "2026-01-01T00:00:00Z", ["2028-02-29T12:00", "2032-02-29T12:00"]),
    ("5-20/5 8-9 * JAN,dec *", "2026-01-01T08:18:00Z", ["2026-01-01T08:20", "2026-01-01T09:05"]),
    ("10/20 0 * * *", "2026-01-01T00:00:00Z", ["2026-01-01T00:10", "2026-01-01T00:30"]),
    ("@yearly", "2026-01-01T00:00:00Z", ["2027-01-01T00:00", "2028-01-01T00:00"]),
    ("@Weekly", "2026-01-01T00:00:00Z", ["2026-01-04T00:00", "2026-01-11T00:00"]),
    ("0 0 31 * *", "2026-01-31T00:00:00Z", ["2026-03-31T00:00", "2026-05-31T00:00"]),
    ("59 23 31 12 *", "2100-01-01T00:00:00Z", ["2100-12-31T23:59", "2101-12-31T23:59"]),
  ])
  func cronWithoutAZone(text: String, start: String, expected: [String]) throws {
    #expect(try Self.times(text, from: start, count: expected.count) == expected)
  }

  @Test func aTimeThatTheDayLacksIsDueAfterTheGap() throws {
    #expect(
      try Self.times("30 2 * * *", from: "2026-03-27T12:00:00Z", in: Self.spring, count: 3)
        == ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"])
    // Several times of the same gap are one run.
    #expect(
      try Self.times("*/20 2,3 * * *", from: "2026-03-29T00:00:00Z", in: Self.spring, count: 3)
        == ["2026-03-29T01:00", "2026-03-29T01:20", "2026-03-29T01:40"])
    #expect(
      try Self.times("15 2 * * *", from: "2026-10-03T00:00:00Z", in: Self.lordHowe, count: 2)
        == ["2026-10-03T15:30", "2026-10-04T15:15"])
    // A day that was left out altogether.
    #expect(
      try Self.times("0 9 * * *", from: "2011-12-29T12:00:00Z", in: Self.apia, count: 3)
        == ["2011-12-29T19:00", "2011-12-30T10:00", "2011-12-30T19:00"])
  }

  @Test func aTimeThatTheDayHasTwiceIsDueTheFirstTime() throws {
    #expect(
      try Self.times("30 2 * * *", from: "2026-10-24T12:00:00Z", in: Self.autumn, count: 2)
        == ["2026-10-25T00:30", "2026-10-26T01:30"])
    // Asked between the two.
    #expect(
      try Self.times("30 2 * * *", from: "2026-10-25T01:10:00Z", in: Self.autumn, count: 1)
        == ["2026-10-26T01:30"])
  }

  @Test func hourlyFollowsTheTimeThatPasses() throws {
    #expect(
      try Self.times("30 * * * *", from: "2026-10-24T23:40:00Z", in: Self.autumn, count: 3)
        == ["2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:30"])
    #expect(
      try Self.times("30 * * * *", from: "2026-03-28T23:40:00Z", in: Self.spring, count: 3)
        == ["2026-03-29T00:30", "2026-03-29T01:30", "2026-03-29T02:30"])
    #expect(
      try Self.times("0 * * * sun", from: "2026-03-28T12:00:00Z", in: Self.spring, count: 1)
        == ["2026-03-28T23:00"])
  }

  /// Every time that a day has is due exactly once, in order, whatever the clocks do.
  @Test(arguments: [true, false])
  func nothingIsDueTwice(isSpring: Bool) throws {
    let zone = isSpring ? Self.spring : Self.autumn
    let rule = ScheduleRule.cron(try CronExpression("*/10 0-23 * * *"))
    var instant = zone.change.adding(seconds: -86_400)
    let end = zone.change.adding(seconds: 86_400)
    var locals: [Timestamp] = []
    while let next = rule.next(after: instant, offset: zone.offset), next <= end {
      #expect(next > instant)
      locals.append(next.adding(seconds: Double(zone.offset(next))))
      instant = next
    }
    #expect(Set(locals).count == locals.count)
    // 23 hours of local times in spring, and 24 on the day of 25 hours.
    #expect(locals.count == (isSpring ? 2 * 144 : 2 * 144 - 6))
  }

  @Test func intervalsAreCountedFromTheirBeginning() {
    let anchor = Self.time("2026-01-01T00:00:30Z")
    let rule = ScheduleRule.interval(seconds: 900, anchor: anchor)
    func next(_ text: String) -> String? {
      rule.next(after: Self.time(text), offset: { _ in 0 }).map {
        String($0.description.prefix(19))
      }
    }
    #expect(next("2025-01-01T00:00:00Z") == "2026-01-01T00:00:30")
    #expect(next("2026-01-01T00:00:30Z") == "2026-01-01T00:15:30")
    #expect(next("2026-01-01T00:15:29Z") == "2026-01-01T00:15:30")
  }

  @Test(arguments: [
    ("", "five fields"), ("* * * *", "not 4"), ("* * * * * *", "not 6"), ("60 * * * *", "minute"),
    ("* 24 * * *", "hour"), ("* * 0 * *", "day of the month"), ("* * * 13 *", "month"),
    ("* * * * 8", "day of the week"), ("a * * * *", "“a”"),
    ("5-1 * * * *", "ends before it begins"),
    ("*/0 * * * *", "step"), ("1/2/3 * * * *", "two steps"), ("1,,2 * * * *", "minute"),
    ("1-2-3 * * * *", "no range"), ("-1 * * * *", "minute"), ("@often", "@daily"),
    ("0 0 30 2 *", "never happens"), ("0 0 31 4,6,9,11 *", "never happens"), ("+5 * * * *", "“+5”"),
    ("* * * foo *", "a name such as"),
  ])
  func whatIsWrongIsTold(text: String, part: String) {
    #expect { try CronExpression(text) } throws: { error in
      "\(error)".contains(part)
    }
  }

  @Test func missedRuns() throws {
    let rule = ScheduleRule.cron(try CronExpression("0 * * * *"))
    func turn(_ handled: String, _ now: String, _ policy: MissedRuns) -> ScheduleTurn {
      ScheduleTurn(
        rule, handled: Self.time(handled), now: Self.time(now), missed: policy, offset: { _ in 0 })
    }
    // Nothing is due.
    let early = turn("2026-01-01T00:00:00Z", "2026-01-01T00:59:59Z", .once)
    #expect(early.due == nil && early.missed == 0)
    #expect(early.next == Self.time("2026-01-01T01:00:00Z"))
    for policy in MissedRuns.allCases {
      // On time, within the grace.
      let now = turn("2026-01-01T00:00:00Z", "2026-01-01T01:01:59Z", policy)
      #expect(now.due == Self.time("2026-01-01T01:00:00Z") && now.missed == 0)
      // The newest is on time; those before it are missed.
      let late = turn("2026-01-01T00:00:00Z", "2026-01-01T04:00:01Z", policy)
      #expect(late.due == Self.time("2026-01-01T04:00:00Z") && late.missed == 3)
    }
    let skipped = turn("2026-01-01T00:00:00Z", "2026-01-01T04:30:00Z", .skip)
    #expect(skipped.due == nil && skipped.missed == 4)
    let once = turn("2026-01-01T00:00:00Z", "2026-01-01T04:30:00Z", .once)
    #expect(once.due == Self.time("2026-01-01T04:00:00Z") && once.missed == 3)
    #expect(once.next == Self.time("2026-01-01T05:00:00Z"))
  }

  @Test func aVeryLongAbsenceIsNotCountedOut() throws {
    let rule = ScheduleRule.cron(try CronExpression("* * * * *"))
    let turn = ScheduleTurn(
      rule, handled: Self.time("2020-01-01T00:00:00Z"), now: Self.time("2026-01-01T00:00:10Z"),
      missed: .skip, offset: { _ in 0 })
    #expect(turn.due.map { Self.time("2026-01-01T00:00:10Z").seconds(since: $0) < 120 } == true)
    #expect(turn.next == Self.time("2026-01-01T00:01:00Z"))
  }
}
