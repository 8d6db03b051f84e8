import Foundation
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

/// Operators against scans that a real worker runs.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ByHandTests {
  /// An UPDATE as the runbook of stuck website scans prints it: the attempt that it overtakes is stopped, and what it reports late
  /// changes nothing.
  @Test(arguments: DatabaseKind.allCases)
  func anUpdateByHandStopsItsAttempt(_ kind: DatabaseKind) async throws {
    let (stage, worker, brake, scan, runner) = try await Self.runningScan(kind)
    let now = kind == .postgres ? "NOW()" : "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
    try await stage.shell(
      """
      UPDATE scans
      SET
        status = 'failed',
        ended_at = \(now),
        error_message = 'Manually marked as failed - scan appeared stuck',
        cleanup_reason = 'manual_intervention',
        updated_at = \(now)
      WHERE id = '\(scan.id)' AND status = 'running';
      """)
    try await Self.expectEnd(of: runner)
    let failed = try await stage.current(scan)
    #expect(failed.status == .failed)
    #expect(failed.errorMessage == "Manually marked as failed - scan appeared stuck")
    #expect(failed.cleanupReason == "manual_intervention")
    #expect(worker.isRunning)
    brake.release()
    // The worker is well, its target is free, and the same scan goes on from where it was.
    try await stage.shell(
      "UPDATE runs SET status = 'running', completed_at = NULL WHERE id = \(scan.number)")
    try await stage.expectUndisturbedOutcome(of: scan)
    #expect(try await stage.current(scan).attempt == 2)
  }

  @Test func theCleanupFunctionStopsWhatItFails() async throws {
    let (stage, worker, brake, scan, runner) = try await Self.runningScan(.postgres)
    try await stage.shell(
      "UPDATE scans SET claimed_at = claimed_at - INTERVAL '1 hour' WHERE id = '\(scan.id)'")
    try await stage.shell("SELECT cleanup_stuck_scans_v2(15, 5, false);")
    #expect(try await stage.current(scan).status == .failed)
    try await Self.expectEnd(of: runner)
    #expect(try await stage.current(scan).cleanupReason == "runtime_timeout")
    #expect(worker.isRunning)
    brake.release()
  }

  @Test(arguments: DatabaseKind.allCases)
  func failEndsTheProcessAndThenTheRow(_ kind: DatabaseKind) async throws {
    let (stage, worker, brake, scan, runner) = try await Self.runningScan(kind)
    let asked = try await HoldfastProcess.run(
      ["fail", "\(scan.number)", "--reason", "seen to be stuck"], environment: stage.environment)
    #expect(asked.end == .exited(0), "\(asked.log)")
    let failed = try await eventually("the end of the scan", within: .seconds(90)) {
      let now = try await stage.current(scan)
      return now.status.isTerminal ? now : nil
    }
    #expect(!ProcessTable.isAlive(runner))
    #expect(failed.status == .failed)
    #expect(failed.errorMessage == "seen to be stuck")
    let story = try await stage.story(of: scan)
    #expect(story.suffix(2) == ["fail_requested", "scan_failed"])
    #expect(worker.isRunning)
    brake.release()
  }

  /// A scan in its middle, and the process that runs it.
  private static func runningScan(
    _ kind: DatabaseKind
  ) async throws -> (Stage, HoldfastProcess, Brake, Scan, Int32) {
    let stage = try await Stage.set(kind)
    let worker = try stage.worker()
    let brake = Brake(on: worker, scanning: stage.library.root)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    let runner = try await eventually("the runner") { worker.runner(scanning: stage.library.root) }
    return (stage, worker, brake, scan, runner)
  }

  private static func expectEnd(of runner: Int32) async throws {
    _ = try await eventually("the end of the runner", within: .seconds(90)) {
      ProcessTable.isAlive(runner) ? nil : true
    }
  }
}

extension Stage {
  /// Runs SQL as an operator's shell would.
  @discardableResult
  func shell(_ sql: String) async throws -> String {
    switch url {
    case .sqlite(let path): return try await SQLiteShell.run(sql, path: path)
    case .postgres: return try await PostgresServer.shared().psql(sql, url: url)
    }
  }
}
