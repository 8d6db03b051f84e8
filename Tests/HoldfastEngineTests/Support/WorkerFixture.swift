import HoldfastCore
import HoldfastEngine
import HoldfastStorage
import HoldfastTestKit
import Logging
import Testing

/// A worker with scripted runners, on a database of its own.
final class WorkerFixture: Sendable {
  let folder: TemporaryFolder
  let base: SQLStore
  let store: FaultyStore

  init() async throws {
    folder = try TemporaryFolder(prefix: "holdfast-engine")
    base = try await SQLStore.open(
      url: .sqlite(path: folder.path("db")), logger: Logger(label: "store"))
    store = FaultyStore(base)
  }

  func configuration(
    _ runner: ScriptedRunner, slots: Int = 2, name: String = "worker"
  ) -> WorkerConfiguration {
    WorkerConfiguration(
      name: name, slots: slots, dataDirectory: folder.path("data"),
      runnerCommand: runner.command, heartbeatIntervalSeconds: 30, version: "test",
      patience: Patience(
        readySeconds: 20, stopSeconds: 20, terminateSeconds: 20, exitSeconds: 20,
        pollSeconds: 5, drainDeliverySeconds: 20))
  }

  /// Runs a worker beside `body`, then drains it.
  func withWorker<Result>(
    _ configuration: WorkerConfiguration,
    _ body: (Worker) async throws -> Result
  ) async throws -> Result {
    var logger = Logger(label: "worker")
    logger.logLevel = .critical
    let worker = Worker(store: store, configuration: configuration, logger: logger)
    let running = Task { try await worker.run() }
    do {
      let result = try await body(worker)
      worker.drain()
      try await running.value
      return result
    } catch {
      worker.drain()
      // The first error tells more than what comes of ending early.
      _ = try? await running.value
      throw error
    }
  }

  @discardableResult
  func submit(
    _ target: String = "t", kind: String = "library", heartbeatIntervalSeconds: Double = 30
  ) async throws -> Scan {
    let id = ScanID(
      unixMilliseconds: 1, random: (.random(in: 0...UInt64.max), .random(in: 0...UInt64.max)))
    var policy = Policy.default(for: kind)
    policy.heartbeatIntervalSeconds = heartbeatIntervalSeconds
    let outcome = try await base.submit([
      ScanRequest(id: id, kind: kind, target: target, policy: policy)
    ])
    guard case .created(let scan) = outcome.first else { throw Timeout(what: "\(outcome)") }
    return scan
  }

  func scan(_ scan: Scan) async throws -> Scan {
    try #require(try await base.scan(.id(scan.id)))
  }

  /// The scan once it has this status.
  func scan(
    _ scan: Scan, becomes status: ScanStatus, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Scan {
    var last = try await self.scan(scan)
    try await eventually(
      "scan \(scan.number) is \(status)", sourceLocation: sourceLocation
    ) {
      last = try await self.scan(scan)
      return last.status == status
    }
    return last
  }

  func events(_ scan: Scan) async throws -> [ScanEvent] {
    try await base.events(of: scan.id, cursor: nil, limit: 100).items
  }
}
