import Foundation
import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging

/// Workers, a database and some small libraries that live through all rounds of one test.
final class ChaosWorld {
  static let workers = 3
  private static let trees = 3

  /// As fast as it sensibly can be, and no cap: the faults are ours, and no scan is to fail for them.
  private static let yaml = """
    sweep_interval_seconds: 0.5
    policies:
      library:
        heartbeat_interval_seconds: 1
        stale_multiple: 3
        stall_after_seconds: 20
        backoff_base_seconds: 0
        max_attempts: 1000
        max_crashes: 1000
        suspicion: ignore
    """

  private let kind: DatabaseKind
  private let folder: TemporaryFolder
  private let server: PostgresServer?
  private let url: DatabaseURL
  private let undisturbed: DatabaseURL
  private let store: SQLStore
  private let reference: SQLStore
  private let trees: [SmallTree]
  private let brake = RunnerBrake()
  private var workers: [HoldfastProcess] = []
  /// What earlier lives of the workers logged, for the report of a failure.
  private(set) var log: [String] = []

  init(_ kind: DatabaseKind) async throws {
    self.kind = kind
    let folder = try TemporaryFolder(prefix: "holdfast-chaos")
    self.folder = folder
    let server = kind == .postgres ? try await PostgresServer.start() : nil
    self.server = server
    url =
      if let server { try await server.createDatabase() } else {
        .sqlite(path: folder.path("chaos.db"))
      }
    undisturbed = .sqlite(path: folder.path("undisturbed.db"))
    trees = try (0..<Self.trees).map { try SmallTree(in: folder, number: $0) }
    try Data(Self.yaml.utf8).write(to: URL(fileURLWithPath: folder.path("holdfast.yaml")))
    var logger = Logger(label: "chaos")
    logger.logLevel = .critical
    store = try await SQLStore.open(url: url, maxConnections: 2, logger: logger)
    reference = try await SQLStore.open(url: undisturbed, maxConnections: 2, logger: logger)
    for number in 0..<Self.workers { workers.append(try start(number)) }
    brake.watch(workers)
  }

  func end() async throws {
    brake.end()
    for worker in workers { worker.signal(SIGCONT) }
    for worker in workers { worker.signal(SIGTERM) }
    for worker in workers { _ = try await worker.waitForEnd(within: .seconds(60)) }
    await store.close()
    await reference.close()
  }

  // MARK: A round

  /// Changes the libraries, scans them with these faults, and compares with an undisturbed scan.
  ///
  /// - Returns: what is wrong; empty if nothing is.
  func round(_ round: Int, faults: [Fault]) async throws -> [String] {
    for tree in trees { try tree.change(round: round) }
    var expected: [Outcome] = []
    for tree in trees {
      let number = try await scan(tree, undisturbed, ["--json"])
      expected.append(try await Outcome(of: try await find(number, in: reference), in: reference))
    }
    brake.set(true)
    var scans: [Int64] = []
    for tree in trees { scans.append(try await scan(tree, url, ["--detach", "--json"])) }
    let start = ContinuousClock.now
    try await withThrowingDiscardingTaskGroup { group in
      // Faults of one worker must not overlap; all go one after the other, each begun at its time or later.
      for fault in faults {
        try await Task.sleep(until: start + .milliseconds(fault.at))
        try await inflict(fault.kind, &group)
      }
    }
    brake.set(false)
    var wrong: [String] = []
    for (number, outcome) in zip(scans, expected) {
      wrong += try await judge(number, expected: outcome)
    }
    return wrong
  }

  private func judge(_ number: Int64, expected: Outcome) async throws -> [String] {
    let ended: Scan
    do {
      ended = try await eventually("the end of scan \(number)", within: .seconds(90)) {
        let now = try await find(number, in: store)
        return now.status.isTerminal ? now : nil
      }
    } catch is WaitedTooLong {
      let now = try await find(number, in: store)
      return ["scan \(number) is stuck: \(now)", "its story: \(try await story(of: now))"]
    }
    let outcome = try await Outcome(of: ended, in: store)
    let events = try await store.events(of: ended.id, cursor: nil, limit: 1000).items
    let wrong =
      outcome.differences(from: expected).map { "scan \(number): \($0)" }
      + LeaseHistory.faults(in: events).map { "scan \(number): \($0)" }
    return wrong.isEmpty ? [] : wrong + ["its story: \(try await story(of: ended))"]
  }

  private func story(of scan: Scan) async throws -> String {
    try await store.events(of: scan.id, cursor: nil, limit: 1000).items
      .map { "\($0.createdAt) \($0.eventType) \($0.eventData.serialized)" }
      .joined(separator: "\n    ")
  }

  /// The last lines of every worker.
  func tails() -> String {
    (log + workers.map(\.log)).map {
      $0.split(separator: "\n").suffix(60).joined(separator: "\n")
    }.joined(separator: "\n---\n")
  }

  // MARK: Faults

  private func inflict(
    _ kind: Fault.Kind, _ group: inout ThrowingDiscardingTaskGroup<any Error>
  ) async throws {
    switch kind {
    case .killWorker(let number, let pause):
      try await workers[number].kill9()
      try await Task.sleep(for: .milliseconds(pause))
      try restart(number)
    case .killRunner(let number):
      if let runner = workers[number].runners.first { kill(runner, SIGKILL) }
    case .stopWorker(let number, let pause):
      workers[number].signal(SIGSTOP)
      try await Task.sleep(for: .milliseconds(pause))
      workers[number].signal(SIGCONT)
    case .stopRunner(let number, let pause):
      guard let runner = workers[number].runners.first else { return }
      brake.spare(runner, true)
      kill(runner, SIGSTOP)
      let (brake, worker) = (brake, workers[number].processID)
      group.addTask {
        try await Task.sleep(for: .milliseconds(pause))
        // Only if it is the same process still.
        if ProcessTable.isChild(runner, of: worker) { kill(runner, SIGCONT) }
        brake.spare(runner, false)
      }
    case .restartWorker(let number):
      workers[number].signal(SIGTERM)
      _ = try await workers[number].waitForEnd(within: .seconds(60))
      try restart(number)
    case .killDatabase(let pause):
      if let server {
        try await server.kill9()
        try await Task.sleep(for: .milliseconds(pause))
        try await server.restart()
      } else {
        for worker in workers { try await worker.kill9() }
        try await Task.sleep(for: .milliseconds(pause))
        for number in workers.indices { try restart(number) }
      }
    }
  }

  private func restart(_ number: Int) throws {
    log.append(workers[number].log)
    if log.count > 6 { log.removeFirst() }
    workers[number] = try start(number)
    brake.watch(workers)
  }

  private func start(_ number: Int) throws -> HoldfastProcess {
    try HoldfastProcess(
      [
        "worker", "--name", "w\(number)", "--slots", "2", "--data-dir", folder.path("w\(number)"),
        "--config", folder.path("holdfast.yaml"),
      ], environment: ["DATABASE_URL": Self.text(of: url)])
  }

  // MARK: Helpers

  private func scan(
    _ tree: SmallTree, _ url: DatabaseURL, _ arguments: [String]
  ) async throws -> Int64 {
    let result = try await HoldfastProcess.run(
      [
        "scan", "library", tree.root, "--allowed-extensions", "mp4,pdf", "--data-dir",
        folder.path("client"), "--config", folder.path("holdfast.yaml"),
      ] + arguments, environment: ["DATABASE_URL": Self.text(of: url)])
    guard result.end == .exited(0) || result.end == .exited(2) else {
      throw WaitedTooLong(description: "holdfast scan: \(result.end) \(result.log)")
    }
    return try JSONDecoder().decode(Scan.self, from: Data(result.output.utf8)).number
  }

  /// Also while the database is being started.
  private func find(_ number: Int64, in store: SQLStore) async throws -> Scan {
    try await eventually("the database", within: .seconds(60)) {
      do throws(StoreError) {
        return try await store.scan(.number(number))
      } catch {
        guard error.isTransient else { throw error }
        return nil
      }
    }
  }

  private static func text(of url: DatabaseURL) -> String {
    switch url {
    case .sqlite(let path): "sqlite:\(path)"
    case .postgres(let uri): uri
    }
  }
}
