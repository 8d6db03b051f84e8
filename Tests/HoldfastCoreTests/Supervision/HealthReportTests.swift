import HoldfastCore
import Testing

@Suite struct HealthReportTests {
  static func judged(_ snapshots: [ScanSnapshot], at now: Double) -> [(ScanSnapshot, Verdict)] {
    snapshots.map { ($0, $0.verdict(at: at(now))) }
  }

  static func report(
    _ snapshots: [ScanSnapshot], at now: Double, total: Int64 = 150, workers: Int = 0,
    lost: Int = 0
  ) -> HealthReport {
    HealthReport(
      totalScans: total, judged: judged(snapshots, at: now), workers: workers, lostWorkers: lost,
      now: at(now))
  }

  /// The example of the runbook of stuck website scans: 150 scans, 2 running, 1 of them with a
  /// stale heartbeat.
  @Test func theExampleOfTheRunbook() throws {
    let stuck = ScanSnapshot.running(1) {
      $0.createdAt = at(0)
      $0.beat(at: 240)
      $0.progressAt = at(240)
      $0.worker = nil
    }
    let healthy = ScanSnapshot.running(2) {
      $0.beat(at: 719)
      $0.progressAt = at(719)
    }
    let report = Self.report([stuck, healthy], at: 720)
    #expect(
      try json(of: report.metrics)
        == #"{"healthScore":85,"runningScans":2,"staleScans":1,"timeoutScans":0,"totalScans":150}"#)
    #expect(
      try json(of: report.stuckScans)
        == #"[{"ageMinutes":12,"heartbeatAgeMinutes":8,"reason":"heartbeat_stale","scanId":"00000000-0000-7000-0000-000000000001"}]"#
    )
    #expect(
      report.recommendations
        == ["1 scans have stale heartbeats. Check scan execution environment."])
    #expect(
      report.losses.map(\.sentence)
        == ["−15: 1 of 2 running scans have stale heartbeats (1)"])
    #expect(report.details == [report.details[0]])
    #expect(report.details[0].hasPrefix("Scan 1 (library /srv) is dead"))
  }

  @Test func anIdleSystemIsWell() {
    let report = Self.report([], at: 0, total: 0)
    #expect(report.score == 100)
    #expect(report.losses == [])
    #expect(report.recommendations == [])
  }

  static let overdue = ScanSnapshot.running(3) {
    $0.beat(at: 1900)
    $0.progressAt = at(1900)
  }
  static let hung = ScanSnapshot.running(4) {
    $0.beat(at: 1900)
    $0.maxRuntimeMinutes = 1000
  }
  static let deaf = ScanSnapshot.running(5) {
    $0.beat(at: 1900)
    $0.progressAt = at(1900)
    $0.request = .cancel
    $0.requestedAt = at(5)
    $0.maxRuntimeMinutes = 1000
  }
  static let dead = ScanSnapshot.running(7) {
    $0.beat(at: 1500)
    $0.progressAt = at(1500)
    $0.maxRuntimeMinutes = 1000
  }
  static let poison = dead.changed {
    $0.crashes = 2
    $0.worker?.running = 1
  }

  @Test(arguments: [
    (HealthReportTests.overdue, HealthReport.Cause.timeout, 70), (hung, .stalled, 80),
    (deaf, .stalled, 80), (dead, .stale, 70), (poison, .stale, 70),
    (.pending(8), .pending, 90), (.pending(9) { $0.crashes = 3 }, .pending, 90),
    (.running(10) { $0.status = .paused }, .pending, 90),
  ])
  func eachCauseAlone(snapshot: ScanSnapshot, cause: HealthReport.Cause, score: Int) {
    let report = Self.report([snapshot], at: 1901)
    #expect(report.losses.map(\.cause) == [cause])
    #expect(report.losses.first?.scans == [snapshot.number])
    #expect(report.score == score)
    #expect(report.recommendations.count == 1)
  }

  @Test func whatDiedLongAgoCostsEveryLimitThatItPassed() {
    let report = Self.report([.running(7)], at: 1901)
    #expect(report.losses.map(\.points) == [30, 30, 20])
    #expect(report.stuckScans.count == 1)
  }

  @Test func lostWorkersCostUpToTen() {
    #expect(Self.report([], at: 0, workers: 4, lost: 1).score == 97)
    #expect(Self.report([], at: 0, workers: 4, lost: 4).score == 90)
    #expect(Self.report([], at: 0, workers: 0, lost: 4).score == 100)
    #expect(
      Self.report([], at: 0, workers: 4, lost: 1).recommendations
        == ["1 workers are lost. Check their hosts and start them again."])
  }

  @Test func everyFaultCostsAtLeastAPointAndAllOfThemEverything() {
    let healthy = (10..<1010).map { number in
      ScanSnapshot.running(number) {
        $0.beat(at: 1900)
        $0.progressAt = at(1900)
        $0.maxRuntimeMinutes = 1000
      }
    }
    #expect(Self.report(healthy, at: 1901).score == 100)
    #expect(Self.report(healthy + [Self.dead], at: 1901).score == 99)
    let all = Self.report([.running(7), .pending(8)], at: 1901, workers: 1, lost: 1)
    #expect(all.score == 0)
  }

  @Test func pointsAreWhatIsMissing() {
    for seed in 0..<UInt64(500) {
      var random = SeededRandom(seed: seed)
      let snapshots = (0..<Int(random.next() % 20)).map { _ in random.situation().0 }
      let judged = snapshots.map { ($0, $0.verdict(at: at(1_000_000))) }
      let workers = Int(random.next() % 5)
      let report = HealthReport(
        totalScans: 100, judged: judged, workers: workers, lostWorkers: workers / 2,
        now: at(1_000_000))
      #expect((0...100).contains(report.score), "seed \(seed)")
      #expect(report.score + report.losses.reduce(0) { $0 + $1.points } == 100, "seed \(seed)")
      #expect(report.stuckScans.count == judged.count { $0.1.isDue }, "seed \(seed)")
      #expect(report.recommendations.count == report.losses.count, "seed \(seed)")
    }
  }

  @Test func aLongListIsCutAndCounted() {
    let dead = (1...12).map { ScanSnapshot.running(Int64($0)) }
    #expect(
      Self.report(dead, at: 1901).losses.first?.sentence
        == "−30: 12 of 12 running scans have stale heartbeats (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, and 2 more)"
    )
  }
}
