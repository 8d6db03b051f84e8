import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// A server with a database, and workers that know nothing but its address.
struct RemoteStage {
  let stage: Stage
  let tokenFile: String

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

  static func set(_ kind: DatabaseKind, ownServer: Bool = false) async throws -> RemoteStage {
    let stage = try await Stage.set(kind, ownServer: ownServer)
    try stage.configure(quick)
    let made = try await HoldfastProcess.run(
      ["token", "create", "workers", "--role", "operator", "--all-tenants", "--json"]
        + ["--data-dir", stage.folder.path("data")], environment: stage.environment)
    try #require(made.end == .exited(0), "\(made.log)")
    let json = try JSONDecoder().decode(JSONValue.self, from: Data(made.output.utf8))
    let token = try #require(json["token"]?.stringValue, "\(made.output)")
    let file = stage.folder.path("worker-token")
    try Data((token + "\n").utf8).write(to: URL(fileURLWithPath: file))
    return RemoteStage(stage: stage, tokenFile: file)
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
        stage.folder.path("data-serve"), "--config", stage.folder.path("holdfast.yaml"),
      ], through: wrapper, environment: stage.environment)
  }

  /// A worker with a folder of its own, and nothing that leads to the database.
  func worker(
    _ name: String, of server: String, through wrapper: [String] = []
  ) throws -> HoldfastProcess {
    try HoldfastProcess(
      [
        "worker", "--server", server, "--token-file", tokenFile, "--name", name, "--slots", "1",
        "--data-dir", stage.folder.path("data-\(name)"), "--config",
        stage.folder.path("holdfast.yaml"),
      ], through: wrapper)
  }

  /// A brake that leaves a runner time enough to answer pings that come every second.
  func brake(on process: HoldfastProcess) -> Brake {
    Brake(on: process, scanning: stage.library.root, run: 4_000, rest: 60_000)
  }

  static func isReady(_ worker: HoldfastProcess) async throws {
    try await eventually("a worker", within: .seconds(60)) {
      if !worker.isRunning { throw WaitedTooLong(description: "it ended: \(worker.log)") }
      return worker.log.contains("Stuck audit prevention system initialized") ? () : nil
    }
  }
}
