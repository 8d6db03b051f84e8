import Foundation
import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import Testing

/// A server with a database, and workers that know nothing but its address.
struct RemoteStage {
  let folder: TemporaryFolder
  let url: DatabaseURL
  let store: SQLStore
  let tokenFile: String

  var environment: [String: String] {
    switch url {
    case .sqlite(let path): ["DATABASE_URL": "sqlite:\(path)"]
    case .postgres(let uri): ["DATABASE_URL": uri]
    }
  }

  /// Everything as fast as it sensibly can be.
  private static let quick = """
    sweep_interval_seconds: 0.5
    kinds:
      tenders:
        remote: true
        policy: {heartbeat_interval_seconds: 1, backoff_base_seconds: 0}
    policies:
      library:
        heartbeat_interval_seconds: 1
        stale_multiple: 3
        stall_after_seconds: 60
        backoff_base_seconds: 0
        max_attempts: 10
        suspicion: ignore
    """

  /// With a database of its own and nothing in it.
  static func empty() async throws -> RemoteStage {
    let folder = try TemporaryFolder(prefix: "holdfast-remote")
    let url = DatabaseURL.sqlite(path: folder.path("holdfast.db"))
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try await make(
      folder, url, try await SQLStore.open(url: url, maxConnections: 2, logger: logger))
  }

  /// With the database of a stage, which it configures.
  static func over(_ stage: Stage) async throws -> RemoteStage {
    try await make(stage.folder, stage.url, stage.store)
  }

  private static func make(
    _ folder: TemporaryFolder, _ url: DatabaseURL, _ store: SQLStore
  ) async throws -> RemoteStage {
    let remote = RemoteStage(
      folder: folder, url: url, store: store, tokenFile: folder.path("worker-token"))
    try Data(quick.utf8).write(to: URL(fileURLWithPath: folder.path("holdfast.yaml")))
    let made = try await HoldfastProcess.run(
      ["token", "create", "workers", "--role", "worker", "--all-tenants", "--json"]
        + ["--data-dir", folder.path("data")], environment: remote.environment)
    try #require(made.end == .exited(0), "\(made.log)")
    let json = try JSONDecoder().decode(JSONValue.self, from: Data(made.output.utf8))
    let token = try #require(json["token"]?.stringValue)
    try Data((token + "\n").utf8).write(to: URL(fileURLWithPath: remote.tokenFile))
    return remote
  }

  var token: String {
    get throws {
      try String(contentsOfFile: tokenFile, encoding: .utf8).trimmingCharacters(in: .newlines)
    }
  }

  /// A server without a worker of its own.
  func serve(
    host: String = "127.0.0.1", port: Int = 0, through wrapper: [String] = []
  ) throws -> HoldfastProcess {
    try HoldfastProcess(
      [
        "serve", "--host", host, "--port", "\(port)", "--slots", "0", "--data-dir",
        folder.path("data-serve"), "--config", folder.path("holdfast.yaml"),
      ], through: wrapper, environment: environment)
  }

  /// A worker with a folder of its own, and nothing that leads to the database.
  func worker(
    _ name: String, of server: String, through wrapper: [String] = []
  ) throws -> HoldfastProcess {
    try HoldfastProcess(
      [
        "worker", "--server", server, "--token-file", tokenFile, "--name", name, "--slots", "1",
        "--data-dir", folder.path("data-\(name)"), "--config",
        folder.path("holdfast.yaml"),
      ], through: wrapper)
  }

  static func isReady(_ worker: HoldfastProcess) async throws {
    try await eventually("a worker", within: .seconds(60)) {
      if !worker.isRunning { throw WaitedTooLong(description: "it ended: \(worker.log)") }
      return worker.log.contains("Stuck audit prevention system initialized") ? () : nil
    }
  }
}

extension Stage {
  /// A brake that leaves a runner time enough to answer pings that come every second.
  func gentleBrake(on process: HoldfastProcess) -> Brake {
    Brake(on: process, scanning: library.root, run: 4_000, rest: 60_000)
  }
}
