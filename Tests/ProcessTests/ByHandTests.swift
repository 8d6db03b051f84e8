import Foundation
import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import Testing

/// Operators against a scan that a real worker runs, and that would never end by itself.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ByHandTests {
  /// An UPDATE as the runbook of stuck website scans prints it: the attempt that it overtakes is stopped, and what it reports late
  /// changes nothing.
  @Test(arguments: DatabaseKind.allCases)
  func anUpdateByHandStopsItsAttempt(_ kind: DatabaseKind) async throws {
    let scene = try await Scene(kind)
    let now = kind == .postgres ? "NOW()" : "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
    try await scene.shell(
      """
      UPDATE scans
      SET
        status = 'failed',
        ended_at = \(now),
        error_message = 'Manually marked as failed - scan appeared stuck',
        cleanup_reason = 'manual_intervention',
        updated_at = \(now)
      WHERE id = '\(scene.scan.id)' AND status = 'running';
      """)
    try await scene.expectEndOfRunner()
    let failed = try await scene.current()
    #expect(failed.status == .failed)
    #expect(failed.errorMessage == "Manually marked as failed - scan appeared stuck")
    #expect(failed.cleanupReason == "manual_intervention")
    #expect(scene.worker.isRunning)
    // Taken back as the auto-cleanup prints it, the scan goes on, in another attempt of the same worker.
    try await scene.shell(
      "UPDATE runs SET status = 'running', completed_at = NULL WHERE id = \(scene.scan.number);")
    _ = try await eventually("the second attempt", within: .seconds(60)) {
      let scan = try await scene.current()
      return scan.status == .running && scan.attempt == 2 ? true : nil
    }
    await scene.end()
  }

  @Test func theCleanupFunctionStopsWhatItFails() async throws {
    let scene = try await Scene(.postgres)
    // In one transaction, or the worker's own sweep could come between.
    try await scene.shell(
      """
      BEGIN;
      UPDATE scans SET claimed_at = claimed_at - INTERVAL '1 hour' WHERE id = '\(scene.scan.id)';
      SELECT cleanup_stuck_scans_v2(15, 5, false);
      COMMIT;
      """)
    #expect(try await scene.current().status == .failed)
    try await scene.expectEndOfRunner()
    #expect(try await scene.current().cleanupReason == "runtime_timeout")
    #expect(scene.worker.isRunning)
    await scene.end()
  }

  @Test(arguments: DatabaseKind.allCases)
  func failEndsTheProcessAndThenTheRow(_ kind: DatabaseKind) async throws {
    let scene = try await Scene(kind)
    let asked = try await HoldfastProcess.run(
      ["fail", "\(scene.scan.number)", "--reason", "seen to be stuck"],
      environment: scene.environment)
    #expect(asked.end == .exited(0), "\(asked.log)")
    let failed = try await eventually("the end of the scan", within: .seconds(60)) {
      let now = try await scene.current()
      return now.status.isTerminal ? now : nil
    }
    #expect(!ProcessTable.isAlive(scene.runner))
    #expect(failed.status == .failed)
    #expect(failed.errorMessage == "seen to be stuck")
    let story = try await scene.store.events(of: scene.scan.id, cursor: nil, limit: 99).items
    #expect(story.contains { $0.eventType == "fail_requested" })
    #expect(story.last?.eventType == "scan_failed")
    #expect(scene.worker.isRunning)
    await scene.end()
  }
}

/// A worker with a scan that hashes a sparse file of 4 TiB.
private struct Scene {
  let folder: TemporaryFolder
  let url: DatabaseURL
  let store: SQLStore
  let worker: HoldfastProcess
  let scan: Scan
  let runner: Int32
  let environment: [String: String]

  init(_ kind: DatabaseKind) async throws {
    let folder = try TemporaryFolder(prefix: "holdfast-by-hand")
    self.folder = folder
    let name: String
    switch kind {
    case .sqlite:
      url = .sqlite(path: folder.path("holdfast.db"))
      name = "sqlite:" + folder.path("holdfast.db")
    case .postgres:
      url = try await PostgresServer.shared().createDatabase()
      guard case .postgres(let uri) = url else {
        throw WaitedTooLong(description: "not PostgreSQL: \(url)")
      }
      name = uri
    }
    environment = ["DATABASE_URL": name]
    let course = folder.path("library/category/course")
    try FileManager.default.createDirectory(atPath: course, withIntermediateDirectories: true)
    let film = course + "/film.mp4"
    try Data().write(to: URL(fileURLWithPath: film))
    try #require(truncate(film, 4 << 40) == 0)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let store = try await SQLStore.open(url: url, maxConnections: 2, logger: logger)
    self.store = store
    let submitted = try await HoldfastProcess.run(
      ["submit", "library", folder.path("library"), "--param", "hash=true", "--json"],
      environment: environment)
    try #require(submitted.end == .exited(0), "\(submitted.log)")
    let worker = try HoldfastProcess(
      ["worker", "--slots", "1", "--data-dir", folder.path("data")], environment: environment)
    self.worker = worker
    scan = try await eventually("the running scan", within: .seconds(60)) {
      let scan = try await store.scan(.number(1))
      return scan?.status == .running && scan?.progress != nil ? scan : nil
    }
    runner = try await eventually("the runner") {
      worker.runner(scanning: folder.path("library"))
    }
  }

  func current() async throws -> Scan {
    try #require(try await store.scan(.id(scan.id)))
  }

  func expectEndOfRunner() async throws {
    _ = try await eventually("the end of the runner", within: .seconds(60)) {
      ProcessTable.isAlive(runner) ? nil : true
    }
  }

  /// Runs SQL as an operator's shell would.
  func shell(_ sql: String) async throws {
    switch url {
    case .sqlite(let path): _ = try await SQLiteShell.run(sql, path: path)
    case .postgres: _ = try await PostgresServer.shared().psql(sql, url: url)
    }
  }

  func end() async { await store.close() }
}
