import HoldfastCore
import Testing

@testable import holdfast

@Suite struct ProgressMeterTests {
  private func scan(_ done: Int64, attempt: Int = 1) -> Scan {
    .sample(attempt: attempt, progress: Progress(done: done, total: 1000, unit: "entries"))
  }

  @Test func measuresARate() {
    var meter = ProgressMeter()
    for second in 0...20 { meter.look(at: scan(Int64(second * 10)), seconds: Double(second)) }
    #expect(meter.rate.map { abs($0 - 10) < 0.001 } == true)
    let left = meter.secondsLeft(Progress(done: 200, total: 1000))
    #expect(left.map { abs($0 - 80) < 0.01 } == true)
  }

  @Test func aNewAttemptStartsAnew() {
    var meter = ProgressMeter()
    meter.look(at: scan(0), seconds: 0)
    meter.look(at: scan(500), seconds: 1)
    #expect(meter.rate != nil)
    meter.look(at: scan(900, attempt: 2), seconds: 2)
    #expect(meter.rate == nil)
  }

  @Test func knowsNothingWithoutATotalOrARate() {
    var meter = ProgressMeter()
    #expect(meter.secondsLeft(Progress(done: 1, total: 10)) == nil)
    meter.look(at: scan(0), seconds: 0)
    meter.look(at: scan(10), seconds: 1)
    #expect(meter.secondsLeft(Progress(done: 10)) == nil)
    #expect(meter.secondsLeft(Progress(done: 10, total: 10)) == nil)
  }

  @Test func standsStillWithoutDividingByZero() {
    var meter = ProgressMeter()
    meter.look(at: scan(10), seconds: 1)
    meter.look(at: scan(20), seconds: 1)
    #expect(meter.rate == nil)
  }
}

@Suite struct ProgressTextTests {
  private let running = Scan.sample(
    progress: Progress(
      done: 31_200, total: 49_000, unit: "entries", step: "walk", current: "/usr/share/doc/zip"))

  private var meter: ProgressMeter {
    var meter = ProgressMeter()
    meter.look(
      at: .sample(progress: Progress(done: 30_200, total: 49_000, unit: "entries")), seconds: 0)
    meter.look(at: running, seconds: 1)
    return meter
  }

  @Test func barShowsAllThatFits() {
    #expect(
      ProgressText.bar(running, meter, columns: 120)
        == "#42 running  ████████████░░░░░░░░  63 %  31,200 of 49,000 entries  1,000/s  0:17 left  "
        + "/usr/share/doc/zip")
  }

  @Test(arguments: 1...130) func barFits(columns: Int) {
    let bar = ProgressText.bar(running, meter, columns: columns)
    #expect(DisplayText.width(of: bar) <= columns)
  }

  @Test func lineForALog() {
    #expect(
      ProgressText.line(running, meter)
        == "scan 42 running: 31,200 of 49,000 entries (63 %), 1,000/s, 0:17 left")
    #expect(ProgressText.line(.sample(status: .pending), ProgressMeter()) == "scan 42 pending")
  }

  @Test func namesInTheBarAreHarmless() {
    let scan = Scan.sample(progress: Progress(done: 1, current: "/a/\u{1b}[2J"))
    #expect(!ProgressText.bar(scan, ProgressMeter(), columns: 100).contains("\u{1b}"))
  }

  @Test(arguments: [
    (
      Scan.sample(
        status: .completed, progress: Progress(done: 31_200, unit: "entries"),
        counts: ItemCounts(added: 150, updated: 10, removed: 5),
        endedAt: Timestamp(unixMilliseconds: 1_003_200)),
      "Scan 42 completed in 3.2 s: 31,200 entries; 150 added, 10 updated, 5 removed."
    ),
    (
      Scan.sample(
        status: .partial, counts: ItemCounts(errors: 1),
        endedAt: Timestamp(unixMilliseconds: 1_000_000)),
      "Scan 42 completed partially in 0.0 s; no changes; 1 error."
    ),
    (
      Scan.sample(
        status: .failed, endedAt: Timestamp(unixMilliseconds: 1_000_000),
        errorMessage: "the root is gone"),
      "Scan 42 failed in 0.0 s; no changes: the root is gone."
    ),
    (Scan.sample(status: .paused), "Scan 42 is paused; no changes."),
  ])
  func outcome(scan: Scan, text: String) {
    #expect(ScanView.outcome(scan) == text)
  }
}
