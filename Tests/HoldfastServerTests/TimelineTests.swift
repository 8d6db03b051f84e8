import HoldfastCore
import Testing

@testable import HoldfastServer

@Suite struct TimelineTests {
  private func entry(_ type: String, _ data: JSONValue = [:]) -> TimelineEntry {
    TimelineEntry(
      ScanEvent(
        id: 1, scanID: ScanID(high: 1, low: 1), eventType: type, eventData: data,
        createdAt: Timestamp(unixMilliseconds: 0)))
  }

  @Test func eventsAreToldInWords() {
    #expect(entry("scan_submitted", ["by": "api"]).text == "Submitted by api")
    #expect(
      entry("scan_claimed", ["attempt": 2, "worker": "vega"]).text == "Attempt 2 started on vega")
    #expect(entry("scan_partial", ["errors_count": 2]).text == "Completed with 2 errors")
    #expect(
      entry("scan_requeued", ["reason": "runner_crashed"]).text
        == "Back in the queue: its runner died")
    #expect(entry("scan_failed", ["error": "no such folder"]).detail == "no such folder")
  }

  @Test(arguments: EventType.allCases)
  func everyEventHasWords(type: EventType) {
    #expect(!entry(type.rawValue).text.contains("_"))
  }

  @Test func unknownEventsShowTheirName() {
    #expect(entry("scan_teleported").text == "scan teleported")
  }

  @Test func whatComesFromOutsideIsMadeVisible() {
    #expect(entry("scan_failed", ["error": "a\u{1B}[0mb"]).detail == "a\\u{1b}[0mb")
  }
}
