import Foundation
import HoldfastCore
import Testing

@Suite struct TimestampTests {
  static let instants: [(Int64, String)] = [
    (0, "1970-01-01T00:00:00.000Z"),
    (1, "1970-01-01T00:00:00.001Z"),
    (-1, "1969-12-31T23:59:59.999Z"),
    (951_782_400_000, "2000-02-29T00:00:00.000Z"),
    (951_868_800_000, "2000-03-01T00:00:00.000Z"),
    (1_000_000_000_000, "2001-09-09T01:46:40.000Z"),
    (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
    (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
    (2_147_483_648_000, "2038-01-19T03:14:08.000Z"),
    (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
    (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
    (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
    (-62_162_121_600_000, "0000-02-29T00:00:00.000Z"),
    (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    (1_755_931_500_000, "2025-08-23T06:45:00.000Z"),
  ]

  @Test(arguments: TimestampTests.instants) func knownInstants(milliseconds: Int64, text: String) {
    #expect(Timestamp(unixMilliseconds: milliseconds).description == text)
    #expect(Timestamp(text)?.unixMilliseconds == milliseconds)
  }

  @Test func everyDayOfFourCenturiesAgreesWithFoundation() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
    var day: Int64 = -135_000
    while day < 47_000 {
      let time = Timestamp(unixMilliseconds: day * 86_400_000 + 12_345_678)
      let fields = calendar.dateComponents(
        [.year, .month, .day], from: Date(timeIntervalSince1970: Double(day) * 86_400))
      let civil = time.civil
      #expect(civil.year == fields.year && civil.month == fields.month && civil.day == fields.day)
      #expect(Timestamp(time.description) == time)
      day += 97
    }
  }

  @Test(
    arguments: [
      ("2026-08-23 06:45:00", 0), ("2026-08-23T06:45:00z", 0), ("2026-08-23 06:45:00.5", 500),
      ("2026-08-23T06:45:00.123456789Z", 123), ("2026-08-23 08:45:00+02", 0),
      ("2026-08-23 08:45:00+0200", 0), ("2026-08-23T08:45:00.001+02:00", 1),
      ("2026-08-23 01:15:00-05:30", 0), ("2026-08-23 06:45:00-00:00", 0),
      ("2026-08-24 06:45:00+24:00", 0), ("2026-08-23T06:44:60Z", 0),
    ] as [(String, Int64)])
  func formsOfTheDatabases(text: String, milliseconds: Int64) {
    // 2026-08-23T06:45:00Z
    #expect(Timestamp(text)?.unixMilliseconds == 1_787_467_500_000 + milliseconds)
  }

  @Test(arguments: [
    "", "2026", "2026-08-23", "2026-08-23T06:45", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
    "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z",
    "2026-01-01T00:00:00ZZ", "2026-01-01T00:00:00+1", "2026-01-01T00:00:00 UTC",
    "2026-01-01X00:00:00Z", "-026-01-01T00:00:00Z", "2026-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z", "1900-02-29T00:00:00Z",
  ])
  func anythingElseIsRefused(_ text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test func yearsBeyondFourDigitsAreShownAtTheEdge() {
    #expect(Timestamp(unixMilliseconds: 253_402_300_800_000).description.hasPrefix("9999-"))
    #expect(Timestamp(unixMilliseconds: -62_200_000_000_000).description.hasPrefix("0000-"))
  }

  @Test func subtractionAndAddition() {
    let time = Timestamp(unixMilliseconds: 10_000)
    #expect(Timestamp(unixMilliseconds: 12_500).seconds(since: time) == 2.5)
    #expect(time.seconds(since: Timestamp(unixMilliseconds: 12_500)) == -2.5)
    #expect(time.adding(seconds: 0.0006).unixMilliseconds == 10_001)
    #expect(time.adding(seconds: -20).unixMilliseconds == -10_000)
    #expect(time < time.adding(seconds: 0.001))
    #expect(time.adding(seconds: .infinity).unixMilliseconds == .max)
    #expect(time.adding(seconds: 9e15).unixMilliseconds == 9_000_000_000_000_010_000)
    #expect(Timestamp(unixMilliseconds: -1).adding(seconds: -1e30).unixMilliseconds == .min)
    #expect(time.adding(seconds: .nan) == time)
  }

  @Test func codingIsTheText() throws {
    let time = Timestamp(unixMilliseconds: 1_755_931_500_000)
    #expect(try json(of: [time]) == #"["2025-08-23T06:45:00.000Z"]"#)
    #expect(try roundTrip([time]) == [time])
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([Timestamp].self, from: Data(#"["yesterday"]"#.utf8))
    }
  }
}
