import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import Synchronization
import Testing

@testable import HoldfastEngine

/// Who leads the sweep sweeps, or another leads.
@Suite struct LeadTests {
  let stage: SweepStage

  init() async throws { stage = try await SweepStage() }

  /// A database that does what it is asked and whose answers may be lost.
  private final class LossyDatabase: Database {
    enum Loss { case none, all, reads }

    private let inner: any Database
    private let loss = Mutex(Loss.none)

    init(_ inner: any Database) { self.inner = inner }

    func lose(_ loss: Loss) { self.loss.withLock { $0 = loss } }

    var dialect: Dialect { inner.dialect }

    func read<T: Sendable>(
      _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
      try answer(try await inner.read(body), isLost: { $0 != .none })
    }

    func write<T: Sendable>(
      _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
      try answer(try await inner.write(body), isLost: { $0 == .all })
    }

    private func answer<T>(_ value: T, isLost: (Loss) -> Bool) throws(StoreError) -> T {
      if isLost(loss.withLock { $0 }) { throw .unavailable("the answer was lost") }
      return value
    }

    func signals(_ channel: SignalChannel) -> AsyncStream<Void> { inner.signals(channel) }
    func close() async { await inner.close() }
  }

  private func database() throws -> LossyDatabase {
    LossyDatabase(
      try SQLStore.openDatabase(
        url: .sqlite(path: stage.folder.path("db")), logger: Logger(label: "store"),
        clock: { [clock = stage.clock] in clock.now }))
  }

  /// Whose own clock is the database's, with no jitter.
  private func sweeper(_ name: String, _ store: any SupervisionStore) -> Sweeper {
    let (clock, start) = (stage.clock, ContinuousClock.now)
    let born = clock.now
    var configuration = Sweeper.Configuration(holder: name) { kind, _ in Policy.default(for: kind) }
    configuration.instant = { start + .seconds(clock.now.seconds(since: born)) }
    configuration.random = { 0.5 }
    var logger = Logger(label: "sweep")
    logger.logLevel = .critical
    return Sweeper(store: store, configuration: configuration, logger: logger)
  }

  /// Every process takes a turn each 1.5 s.
  private func turns(_ sweepers: [Sweeper], seconds: Double) async {
    for _ in 0..<Int(seconds / 1.5) {
      stage.clock.advance(1.5)
      for sweeper in sweepers { await sweeper.takeTurn() }
    }
  }

  @Test func aLeaderThatDiesIsFollowedWithinTenSeconds() async throws {
    let other = sweeper("b", stage.store)
    await turns([sweeper("a", stage.store), other], seconds: 6)
    #expect(try await stage.store.leader(of: "sweep") == "a")
    let claim = try await stage.running("/a", by: try await stage.worker("w"))
    await turns([other], seconds: 9)
    #expect(try await stage.store.leader(of: "sweep") == "b")
    await turns([other], seconds: 90)
    #expect(try await stage.status(claim) == .pending)
  }

  @Test func renewalsWhoseAnswersAreLostDoNotKeepOthersFromLeading() async throws {
    let lossy = try database()
    let leader = sweeper("a", SQLStore(database: lossy, logger: Logger(label: "store")))
    let other = sweeper("b", stage.store)
    await turns([leader, other], seconds: 6)
    #expect(try await stage.store.leader(of: "sweep") == "a")
    lossy.lose(.all)
    await turns([leader, other], seconds: 10.5)
    #expect(try await stage.store.leader(of: "sweep") == "b")
    // Once answers arrive again it does not lead beside the other.
    lossy.lose(.none)
    await turns([leader, other], seconds: 15)
    #expect(try await stage.store.leader(of: "sweep") == "b")
  }

  @Test func oneLostAnswerCostsNoLead() async throws {
    let lossy = try database()
    let leader = sweeper("a", SQLStore(database: lossy, logger: Logger(label: "store")))
    let other = sweeper("b", stage.store)
    await turns([leader, other], seconds: 3)
    lossy.lose(.all)
    await turns([leader, other], seconds: 1.5)
    lossy.lose(.none)
    let claim = try await stage.running("/a", by: try await stage.worker("w"))
    await turns([leader, other], seconds: 120)
    #expect(try await stage.store.leader(of: "sweep") == "a")
    #expect(try await stage.status(claim) == .pending, "and it sweeps")
  }

  /// Its renewals are answered, and it cannot see what is due.
  @Test func aLeaderThatCannotSweepLetsAnotherTry() async throws {
    let lossy = try database()
    let blind = sweeper("a", SQLStore(database: lossy, logger: Logger(label: "store")))
    let other = sweeper("b", stage.store)
    lossy.lose(.reads)
    await turns([blind, other], seconds: 1.5)
    #expect(try await stage.store.leader(of: "sweep") == "a")
    await turns([blind, other], seconds: 10.5)
    #expect(try await stage.store.leader(of: "sweep") == "b")
  }

  /// Its worker beats and may not have heard of the order: no sooner than its lease could have run out is its row taken from it.
  @Test func anOrderIsWaitedForAsLongAsALeaseMayLast() async throws {
    let life = try await stage.worker("w")
    let claim = try await stage.running("/a", by: life)
    let policy = Policy.default(for: "library")
    #expect(policy.cancellingTimeoutSeconds < policy.staleAfterSeconds)

    /// By a sweep that has not seen the time before, so that it finds no step in it.
    func sweep(after seconds: Double) async throws -> [RecoveryApplier.Outcome] {
      stage.clock.advance(seconds)
      _ = try await stage.store.beat(life, leases: [claim.lease], running: 1)
      return try await stage.sweeper().runOnce().results.map(\.outcome)
    }
    #expect(try await sweep(after: 601) == [.ordered])
    #expect(try await sweep(after: 61) == [.ordered])
    #expect(try await sweep(after: 28) == [.ordered])
    #expect(try await stage.status(claim) == .running)
    #expect(try await sweep(after: 2) == [.recovered])
    #expect(try await stage.status(claim) == .pending)
  }
}
