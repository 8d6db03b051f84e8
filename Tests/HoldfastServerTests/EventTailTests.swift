import HoldfastCore
import Testing

@testable import HoldfastServer

@Suite struct EventTailTests {
  private let start = ContinuousClock.now

  private func events(_ ids: Int64...) -> [ScanEvent] {
    ids.map {
      ScanEvent(
        id: $0, scanID: ScanID(high: 1, low: 1), eventType: "scan_submitted", eventData: [:],
        createdAt: Timestamp(unixMilliseconds: 0))
    }
  }

  @Test func whatIsInOrderLeavesAtOnce() {
    var tail = EventTail(position: 4)
    #expect(tail.take(events(5, 6, 7), now: start).map(\.id) == [5, 6, 7])
    #expect(tail.position == 7)
    #expect(tail.take([], now: start).isEmpty)
  }

  @Test func aGapHoldsBackUntilItIsFilled() {
    var tail = EventTail(position: 4)
    #expect(tail.take(events(5, 7, 8), now: start).map(\.id) == [5])
    #expect(tail.isWaiting)
    let later = start + .milliseconds(300)
    #expect(tail.take(events(6, 7, 8), now: later).map(\.id) == [6, 7, 8])
    #expect(!tail.isWaiting)
  }

  @Test func aGapThatStaysIsPassedOver() {
    var tail = EventTail(position: 4)
    #expect(tail.take(events(6), now: start).isEmpty)
    #expect(tail.take(events(6), now: start + .milliseconds(999)).isEmpty)
    #expect(tail.take(events(6, 7), now: start + EventTail.patience).map(\.id) == [6, 7])
    #expect(tail.position == 7)
  }

  @Test func eachGapHasItsOwnPatience() {
    var tail = EventTail(position: 0)
    #expect(tail.take(events(2, 4), now: start).isEmpty)
    let passed = start + EventTail.patience
    #expect(tail.take(events(2, 4), now: passed).map(\.id) == [2])
    #expect(tail.take(events(4), now: passed + .milliseconds(500)).isEmpty)
    #expect(tail.take(events(3, 4), now: passed + .milliseconds(600)).map(\.id) == [3, 4])
  }
}
