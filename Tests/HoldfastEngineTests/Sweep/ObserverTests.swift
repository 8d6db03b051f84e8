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
  /// What the database takes for the time.
  final class HandClock: Sendable {
    private let time = Mutex(Timestamp(unixMilliseconds: 1_700_000_000_000))
    var now: Timestamp { time.withLock { $0 } }
    func advance(_ seconds: Double) { time.withLock { $0 = $0.adding(seconds: seconds) } }
  }

  let clock = HandClock()
  let folder: TemporaryFolder
  let store: SQLStore

  init() async throws {
    folder = try TemporaryFolder(prefix: "holdfast-sweep")
    store = try await SQLStore.open(
      url: .sqlite(path: folder.path("db")), logger: Logger(label: "store"),
      clock: { [clock] in clock.now })
  }

  private func sweeper(rhythms: RhythmLibrary? = nil) -> Sweeper {
    var logger = Logger(label: "sweep")
    logger.logLevel = .critical
    return Sweeper(
      store: store,
      configuration: .init(holder: "test", rhythms: rhythms) { kind, _ in
        Policy.default(for: kind)
      },
      logger: logger)
  }

  /// A worker of another machine, or of this one with a process that is gone.
  private func worker(
    _ name: String, host: String = "elsewhere", boot: String = "b"
  ) async throws -> WorkerLife {
    try await store.registerWorker(
      WorkerRegistration(
        name: name, host: host, bootID: boot, processID: 1, processStartTicks: 1, slots: 1,
        kinds: [], version: "1", heartbeatIntervalSeconds: 30))
  }

  /// A running scan whose heart has beaten.
  private func running(_ target: String, by life: WorkerLife) async throws -> Claim {
    let claim = try await claimed(target, by: life)
    clock.advance(1)
    _ = try await store.beat(life, leases: [claim.lease], running: 1)
    return claim
  }

  private func claimed(_ target: String, by life: WorkerLife) async throws -> Claim {
    let request = ScanRequest(
      id: .make(), kind: "library", target: target, policy: .default(for: "library"))
    _ = try await store.submit([request])
    return try #require(try await store.claim(request.id, for: life))
  }

  private func status(_ claim: Claim) async throws -> ScanStatus? {
    try await store.scan(.id(claim.scan.id))?.status
  }

  @Test func inGoodHealthADeadScanIsRecovered() async throws {
    let claim = try await running("/a", by: try await worker("w"))
    clock.advance(91)
    let report = try await sweeper().runOnce()
    #expect(report.results.map(\.outcome) == [.recovered])
    #expect(try await status(claim) == .pending)
  }

  @Test(arguments: [
    ObserverHealth.Observation.loopLag(seconds: 3), .databaseLatency(seconds: 3), .databaseError,
  ])
  func aSickObserverGivesMoreTimeAndNotForEver(
    trouble: ObserverHealth.Observation
  ) async throws {
    let claim = try await running("/a", by: try await worker("w"))
    clock.advance(91)
    let sweeper = sweeper()
    sweeper.observe(trouble)
    #expect(try await sweeper.runOnce().results.isEmpty)
    #expect(try await status(claim) == .running)
    // The worst multiplier is eight; whoever is silent for longer than that is dead to anybody.
    clock.advance(8 * 90)
    let fresh = self.sweeper()
    fresh.observe(trouble)
    #expect(try await fresh.runOnce().results.map(\.outcome) == [.recovered])
  }

  @Test func theSweepMeasuresItsOwnLag() async throws {
    let sweeper = sweeper()
    #expect(sweeper.stretch == 1)
    sweeper.woke(plannedAt: .now - .milliseconds(200))
    #expect(sweeper.stretch == 1)
    sweeper.woke(plannedAt: .now - .seconds(3))
    #expect(sweeper.stretch > 1)
  }

  @Test func aForwardStepOfTheClockKillsNobody() async throws {
    let life = try await worker("w")
    let claim = try await running("/a", by: life)
    let sweeper = sweeper()
    #expect(try await sweeper.runOnce().results.isEmpty)
    clock.advance(3600)
    let report = try await sweeper.runOnce()
    #expect(report.looked == 1)
    #expect(report.results.isEmpty && report.held == 0, "an hour that nobody lived through")
    #expect(try await status(claim) == .running)
  }

  @Test func aMassDeathIsHeld() async throws {
    var claims: [Claim] = []
    for number in 0..<4 {
      claims.append(try await running("/\(number)", by: try await worker("w\(number)")))
    }
    clock.advance(91)
    let report = try await sweeper().runOnce()
    #expect(report.held == 4)
    #expect(report.results.isEmpty)
    for claim in claims { #expect(try await status(claim) == .running) }
  }

  @Test func oneOfManyIsNoMassDeath() async throws {
    let dead = try await running("/dead", by: try await worker("dead"))
    var others: [(WorkerLife, Claim)] = []
    for number in 0..<4 {
      let life = try await worker("w\(number)")
      others.append((life, try await running("/\(number)", by: life)))
    }
    clock.advance(80)
    for (life, claim) in others {
      _ = try await store.beat(life, leases: [claim.lease], running: 1)
    }
    clock.advance(20)
    let report = try await sweeper().runOnce()
    #expect(report.held == 0)
    #expect(report.results.map(\.entry.number) == [dead.scan.number])
  }

  /// On this machine nobody need wait: the kernel tells that the processes are gone.
  @Test func aMassDeathThatTheKernelConfirmsIsRecoveredAtOnce() async throws {
    let host = LinuxProcess.current().host
    var claims: [Claim] = []
    for number in 0..<4 {
      let life = try await worker("w\(number)", host: host, boot: "another boot")
      claims.append(try await running("/\(number)", by: life))
    }
    clock.advance(91)
    let report = try await sweeper().runOnce()
    #expect(report.held == 0)
    #expect(report.results.count == 4)
    for claim in claims { #expect(try await status(claim) == .pending) }
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
    let life = try await worker("w")
    let claim = try await running("/a", by: life)

    /// By a sweep that has not seen the time before, so that it finds no step in it.
    func look(after seconds: Double, done: Int64) async throws -> JSONValue? {
      clock.advance(seconds)
      _ = try await store.report([
        AttemptReport(
          lease: claim.lease, progress: Progress(done: done, unit: "files", step: "walk"),
          doubt: AttemptDoubt(suspicion: nil, asksForLook: true))
      ])
      _ = try await store.beat(life, leases: [claim.lease], running: 1)
      _ = try await sweeper(rhythms: rhythms).runOnce()
      return try await store.scan(.id(claim.scan.id))?.verdict?["verdict"]
    }
    #expect(try await look(after: 80, done: 100) == "slow")
    #expect(try await look(after: 1, done: 101) == "slow")
    #expect(try await look(after: 1, done: 9000) == "moving")
    let told = try await store.events(of: claim.scan.id, cursor: nil, limit: 50).items
      .filter { $0.eventType == "scan_verdict" }.compactMap { $0.eventData["verdict"]?.stringValue }
    #expect(told == ["slow", "moving"])
    #expect(try await status(claim) == .running, "what is slow is never ended for it")
  }
}
