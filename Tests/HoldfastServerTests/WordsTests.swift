import HoldfastCore
import Testing

@testable import HoldfastServer

@Suite struct WordsTests {
  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-12_345, "−12,345"),
  ])
  func numbersAreGrouped(value: Int64, text: String) {
    #expect(Words.number(value) == text)
  }

  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2_000_000, "2 MB"),
    (123_456_789, "123 MB"), (5_300_000_000_000, "5.3 TB"),
  ])
  func bytesHaveUnits(value: Int64, text: String) {
    #expect(Words.bytes(value) == text)
  }

  @Test(arguments: [
    (0.0, "0 s"), (0.4, "less than 1 s"), (59.9, "59 s"), (60, "1 min"), (200, "3 min 20 s"),
    (7500, "2 h 5 min"), (90_000, "1 d 1 h"),
  ])
  func durationsHaveTwoUnitsAtMost(seconds: Double, text: String) {
    #expect(Words.duration(seconds) == text)
  }

  @Test(arguments: [
    (-3.0, "just now"), (0.9, "just now"), (3, "3 s ago"), (61, "1 min ago"), (7200, "2 h ago"),
    (86_400, "1 day ago"), (200_000, "2 days ago"),
  ])
  func ages(seconds: Double, text: String) {
    #expect(Words.age(seconds) == text)
  }

  @Test func datesAreWrittenAsTheLibraryScannerWroteThem() throws {
    let morning = try #require(Timestamp("2025-01-15T10:35:00Z"))
    let midnight = try #require(Timestamp("2025-12-01T00:05:00Z"))
    let noon = try #require(Timestamp("2025-12-31T12:00:00Z"))
    #expect(Words.date(morning) == "Jan 15, 2025 10:35 AM")
    #expect(Words.date(midnight) == "Dec 1, 2025 12:05 AM")
    #expect(Words.date(noon) == "Dec 31, 2025 12:00 PM")
    #expect(Words.date(morning, isExact: true) == "Jan 15, 2025 10:35:00 AM")
    #expect(morning.plain == "2025-01-15T10:35:00")
    #expect(morning.clockTime == "10:35:00")
  }

  @Test(arguments: [
    ("plain", "plain"), ("Grüße/日本", "Grüße/日本"), ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
    ("a\u{1B}[31m", "a\\u{1b}[31m"), ("x\u{202E}gpj.exe", "x\\u{202e}gpj.exe"),
    ("null\u{0}", "null\\u{0}"), ("soft\u{85}", "soft\\u{85}"),
  ])
  func whatDoesNotShowIsWrittenAsAnEscape(text: String, shown: String) {
    #expect(text.visible == shown)
  }

  @Test(arguments: [
    ("entries", "entry"), ("lines", "line"), ("pages", "page"), ("addresses", "address"),
    ("boxes", "box"), ("branches", "branch"), ("progress", "progress"), ("Stück", "Stück"),
    ("s", "s"), ("", ""),
  ])
  func oneOfManyHasItsOwnWord(units: String, one: String) {
    #expect(Words.one(of: units) == one)
  }

  @Test func whereItsScanIsNamedASentenceDoesNotNameItAgain() {
    let said = { (text: String) in
      Words.sentence(text, number: 7, kind: "library", target: "/srv\u{7}")
    }
    #expect(
      said("Scan 7 (library /srv\u{7}) is dead: it is silent.") == "It is dead: it is silent.")
    #expect(said("Scan 17 (library /srv) is dead.") == "Scan 17 (library /srv) is dead.")
  }

  @Test func errorsAreCounted() {
    #expect(ScannerWords.completedWithErrors(1) == "Scan completed with 1 error")
    #expect(ScannerWords.completedWithErrors(2) == "Scan completed with 2 errors")
  }
}
