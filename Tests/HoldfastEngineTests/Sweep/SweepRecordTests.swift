import HoldfastCore
import HoldfastStorage
import Logging
import Synchronization
import Testing

@testable import HoldfastEngine

/// What a sweep tells of itself.
@Suite(.timeLimit(.minutes(1))) struct SweepRecordTests {
  @Test func aSweepTellsWhatItDid() async throws {
    let stage = try await SweepStage()
    let life = try await stage.worker("w")
    let claim = try await stage.running("/a", by: life)
    stage.clock.advance(24 * 3600)
    var configuration = Sweeper.Configuration(holder: "one") { kind, _ in .default(for: kind) }
    let records = Mutex<[SweepRecord]>([])
    configuration.record = { report, took async throws(StoreError) in
      let record = SweepRecord(
        report, took: took, leader: "one", expired: ExpiredRows(scans: 1, items: 2, events: 3))
      records.withLock { $0.append(record) }
      // Whether it can be kept or not, the sweep is done.
      throw StoreError.unavailable("not now")
    }
    var logger = Logger(label: "sweep")
    logger.logLevel = .critical
    let sweeper = Sweeper(store: stage.store, configuration: configuration, logger: logger)
    await sweeper.takeTurn()
    let record = try #require(records.withLock { $0 }.first)
    #expect(record.leader == "one")
    #expect(record.looked == 1 && record.found == 1 && record.planned == 1)
    #expect(record.applied == 1 && record.refused == 0 && record.held == 0)
    #expect(record.expired == ExpiredRows(scans: 1, items: 2, events: 3))
    #expect(!record.isIdle)
    #expect(try await stage.status(claim) == .pending)
  }

  @Test func whatOnlyLookedIsIdle() {
    func record(applied: Int = 0, held: Int = 0, expired: ExpiredRows = .init()) -> SweepRecord {
      SweepRecord(
        tookMilliseconds: 1, leader: "l", looked: 9, found: 3, planned: 3, held: held,
        applied: applied, moved: 0, refused: 0, expired: expired)
    }
    // What is only told of is found by every sweep anew.
    #expect(record().isIdle)
    #expect(!record(applied: 1).isIdle)
    #expect(!record(held: 1).isIdle)
    #expect(!record(expired: ExpiredRows(events: 1)).isIdle)
  }
}
