import HoldfastCore
import Testing

@testable import HoldfastEngine

@Suite struct ReportBufferTests {
  let start = ContinuousClock.now
  let lease = Lease(scanID: ScanID(high: 1, low: 1), token: 1)
  let other = Lease(scanID: ScanID(high: 2, low: 2), token: 1)

  func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

  func progress(_ done: Int64, of lease: Lease) -> AttemptReport {
    AttemptReport(lease: lease, progress: Progress(done: done))
  }

  @Test func theNewestProgressIsWrittenAtMostOnceASecond() {
    var buffer = ReportBuffer()
    buffer.add(progress(1, of: lease), sequence: 1, bytes: 10, now: at(0))
    #expect(buffer.take(now: at(0)).map(\.report.progress?.done) == [1])
    for step in 2...9 {
      buffer.add(
        progress(Int64(step), of: lease), sequence: Int64(step), bytes: 10,
        now: at(Double(step) / 10))
    }
    #expect(buffer.take(now: at(0.95)) == [])
    #expect(buffer.nextDue == at(1))
    let batch = buffer.take(now: at(1))
    #expect(batch.map(\.report.progress?.done) == [9])
    #expect(batch.map(\.sequence) == [9])
    #expect(buffer.isEmpty && buffer.bytes == 0)
  }

  @Test func anEndDoesNotWaitAndTakesAllBeforeItAlong() {
    var buffer = ReportBuffer()
    buffer.add(progress(1, of: lease), sequence: 1, bytes: 10, now: at(0))
    _ = buffer.take(now: at(0))
    buffer.add(progress(2, of: lease), sequence: 2, bytes: 10, now: at(0.1))
    buffer.add(AttemptReport(lease: lease, end: .paused), sequence: 3, bytes: 1, now: at(0.2))
    let expected = AttemptReport(
      lease: lease, sequence: 3, progress: Progress(done: 2), end: .paused)
    #expect(buffer.take(now: at(0.2)).map(\.report) == [expected])
  }

  @Test func itemsComeTogetherForAMoment() {
    var buffer = ReportBuffer()
    let items = (0..<3).map { Item(key: "\($0)", type: "f", change: .added) }
    for (index, item) in items.enumerated() {
      buffer.add(
        AttemptReport(lease: lease, items: [item]), sequence: Int64(index), bytes: 1,
        now: at(Double(index) / 100))
    }
    #expect(buffer.take(now: at(0.05)) == [])
    #expect(buffer.take(now: at(0.1)).map(\.report.items) == [items])
  }

  @Test func aFullEntryIsClosedAndDueAtOnce() {
    var buffer = ReportBuffer()
    let many = (0..<ReportBuffer.maxEntryItems).map {
      Item(key: "\($0)", type: "f", change: .added)
    }
    buffer.add(AttemptReport(lease: lease, items: many), sequence: 1, bytes: 5, now: at(0))
    buffer.add(AttemptReport(lease: lease, items: [many[0]]), sequence: 2, bytes: 5, now: at(0))
    #expect(buffer.take(now: at(0.2)).map(\.sequence) == [1], "one of each lease at a time")
    #expect(buffer.take(now: at(0.2)).map(\.sequence) == [2])
  }

  @Test func manyScansAreOneBatchTheLongestDueFirst() {
    var buffer = ReportBuffer()
    buffer.add(progress(1, of: other), sequence: 1, bytes: 1, now: at(0.1))
    buffer.add(progress(1, of: lease), sequence: 1, bytes: 1, now: at(0))
    #expect(buffer.take(now: at(1)).map(\.report.lease) == [lease, other])
  }

  @Test func aLostLeaseHasNothingWaiting() {
    var buffer = ReportBuffer()
    buffer.add(progress(1, of: lease), sequence: 1, bytes: 7, now: at(0))
    buffer.add(progress(1, of: other), sequence: 1, bytes: 7, now: at(0))
    buffer.forget(lease)
    #expect(buffer.bytes == 7)
    #expect(buffer.take(now: at(1)).map(\.report.lease) == [other])
  }

  @Test func whatIsWaitedForIsDueAtOnce() {
    var buffer = ReportBuffer()
    let item = Item(key: "a", type: "f", change: .missing)
    buffer.add(AttemptReport(lease: lease, items: [item]), sequence: 1, bytes: 1, now: at(0))
    buffer.expedite(lease, now: at(0.01))
    #expect(buffer.take(now: at(0.01)).count == 1)
  }
}
