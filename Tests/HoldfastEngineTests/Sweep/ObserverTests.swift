import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import Synchronization
import Testing

@testable import HoldfastEngine

/// A sweep that does not trust its own eyes holds back: a lagging loop, a slow database, a clock
/// that stepped, a mass death.
@Suite struct ObserverTests {
  let stage: SweepStage

  init() async throws { stage = try await SweepStage() }

  @Test func inGoodHealthADeadScanIsRecovered() async throws {
    let claim = try await stage.running("/a", by: try await stage.worker("w"))
    stage.clock.advance(91)
    let report = try await stage.sweeper().runOnce()
    #expect(report.results.map(\.outcome) == [.recovered])
    #expect(try await stage.status(claim) == .pending)
  }

  @Test(arguments: [
    ObserverHealth.Observation.loopLag(seconds: 3), .databaseLatency(seconds: 3), .databaseError,
  ])
  func aSickObserverGivesMoreTimeAndNotForEver(
    trouble: ObserverHealth.Observation
  ) async throws {
    let claim = try await stage.running("/a", by: try await stage.worker("w"))
    stage.clock.advance(91)
    let sweeper = stage.sweeper()
    sweeper.observe(trouble)
    #expect(try await sweeper.runOnce().results.isEmpty)
    #expect(try await stage.status(claim) == .running)
    // The worst multiplier is eight; whoever is silent for longer than that is dead to anybody.
    stage.clock.advance(8 * 90)
    let fresh = stage.sweeper()
    fresh.observe(trouble)
    #expect(try await fresh.runOnce().results.map(\.outcome) == [.recovered])
  }

  @Test func theSweepMeasuresItsOwnLag() async throws {
    let sweeper = stage.sweeper()
    #expect(sweeper.stretch == 1)
    sweeper.woke(plannedAt: .now - .milliseconds(200))
    #expect(sweeper.stretch == 1)
    sweeper.woke(plannedAt: .now - .seconds(3))
    #expect(sweeper.stretch > 1)
  }

  @Test func aForwardStepOfTheClockKillsNobody() async throws {
    let life = try await stage.worker("w")
    let claim = try await stage.running("/a", by: life)
    let sweeper = stage.sweeper()
    #expect(try await sweeper.runOnce().results.isEmpty)
    stage.clock.advance(3600)
    let report = try await sweeper.runOnce()
    #expect(report.looked == 1)
    #expect(report.results.isEmpty && report.held == 0, "an hour that nobody lived through")
    #expect(try await stage.status(claim) == .running)
  }

  @Test func aMassDeathIsHeld() async throws {
    var claims: [Claim] = []
    for number in 0..<4 {
      claims.append(try await stage.running("/\(number)", by: try await stage.worker("w\(number)")))
    }
    stage.clock.advance(91)
    let report = try await stage.sweeper().runOnce()
    #expect(report.held == 4)
    #expect(report.results.isEmpty)
    for claim in claims { #expect(try await stage.status(claim) == .running) }
  }

  @Test func oneOfManyIsNoMassDeath() async throws {
    let dead = try await stage.running("/dead", by: try await stage.worker("dead"))
    var others: [(WorkerLife, Claim)] = []
    for number in 0..<4 {
      let life = try await stage.worker("w\(number)")
      others.append((life, try await stage.running("/\(number)", by: life)))
    }
    stage.clock.advance(80)
    for (life, claim) in others {
      _ = try await stage.store.beat(life, leases: [claim.lease], running: 1)
    }
    stage.clock.advance(20)
    let report = try await stage.sweeper().runOnce()
    #expect(report.held == 0)
    #expect(report.results.map(\.entry.number) == [dead.scan.number])
  }

  /// On this machine nobody need wait: the kernel tells that the processes are gone.
  @Test func aMassDeathThatTheKernelConfirmsIsRecoveredAtOnce() async throws {
    let process = LinuxProcess.current()
    var claims: [Claim] = []
    for number in 0..<4 {
      let life = try await stage.worker("w\(number)", host: process.host, boot: process.bootID)
      claims.append(try await stage.running("/\(number)", by: life))
    }
    stage.clock.advance(91)
    let report = try await stage.sweeper().runOnce()
    #expect(report.held == 0)
    #expect(report.results.count == 4)
    for claim in claims { #expect(try await stage.status(claim) == .pending) }
  }

  @Test func whatIsSlowIsSaidAndTakenBack() async throws {
    let records = (1...10).map { number in
      RhythmRecord(
        id: Int64(number), kind: "library", target: "/a",
        rhythm: AttemptRhythm(
          progress: [.init(step: "", seconds: 1)], done: 1000, seconds: 10))
    }
    let rhythms = RhythmLibrary(
      store: GivenRhythms(records), rates: [0.001], logger: Logger(label: "rhythms"))
    await rhythms.refresh()
    let life = try await stage.worker("w")
    let claim = try await stage.running("/a", by: life)

    /// By a sweep that has not seen the time before, so that it finds no step in it.
    func look(after seconds: Double, done: Int64) async throws -> JSONValue? {
      stage.clock.advance(seconds)
      _ = try await stage.store.report([
        AttemptReport(
          lease: claim.lease, progress: Progress(done: done, unit: "files", step: "walk"),
          doubt: AttemptDoubt(suspicion: nil, asksForLook: true))
      ])
      _ = try await stage.store.beat(life, leases: [claim.lease], running: 1)
      _ = try await stage.sweeper(rhythms: rhythms).runOnce()
      return try await stage.store.scan(.id(claim.scan.id))?.verdict?["verdict"]
    }
    #expect(try await look(after: 80, done: 100) == "slow")
    #expect(try await look(after: 1, done: 101) == "slow")
    #expect(try await look(after: 1, done: 9000) == "moving")
    let told = try await stage.store.events(of: claim.scan.id, cursor: nil, limit: 50).items
      .filter { $0.eventType == "scan_verdict" }.compactMap { $0.eventData["verdict"]?.stringValue }
    #expect(told == ["slow", "moving"])
    #expect(try await stage.status(claim) == .running, "what is slow is never ended for it")
  }
}
