import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import Synchronization
import Testing

@testable import HoldfastEngine

/// A database whose time a test moves by hand, with workers that beat only when they are told to.
struct SweepStage: Sendable {
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

  func sweeper(rhythms: RhythmLibrary? = nil) -> Sweeper {
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
  func worker(
    _ name: String, host: String = "elsewhere", boot: String = "b", kinds: [String] = []
  ) async throws -> WorkerLife {
    try await store.registerWorker(
      WorkerRegistration(
        name: name, host: host, bootID: boot, processID: 1, processStartTicks: 1, slots: 1,
        kinds: kinds, version: "1", heartbeatIntervalSeconds: 30))
  }

  /// A running scan whose heart has beaten.
  func running(_ target: String, by life: WorkerLife) async throws -> Claim {
    let claim = try await claimed(target, by: life)
    clock.advance(1)
    _ = try await store.beat(life, leases: [claim.lease], running: 1)
    return claim
  }

  func claimed(_ target: String, by life: WorkerLife) async throws -> Claim {
    let request = ScanRequest(
      id: .make(), kind: "library", target: target, policy: .default(for: "library"))
    _ = try await store.submit([request])
    return try #require(try await store.claim(request.id, for: life))
  }

  func status(_ claim: Claim) async throws -> ScanStatus? {
    try await store.scan(.id(claim.scan.id))?.status
  }
}
