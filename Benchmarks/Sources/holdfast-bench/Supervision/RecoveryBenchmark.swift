import Foundation
import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit

/// How long a scan stands still after its runner or its worker was killed, or after it began to hang with a live heartbeat, until it
/// runs again: the real binary, real signals, times by the database's clock.
struct RecoveryBenchmark {
  /// Scans of one round, all on one worker.
  private static let batch = 10

  /// As fast as a machine's own supervision sensibly can be.
  private static func fastest(stallAfterSeconds: Int) -> String {
    """
    sweep_interval_seconds: 0.5
    policies:
      library:
        heartbeat_interval_seconds: 1
        stale_multiple: 3
        stall_after_seconds: \(stallAfterSeconds)
        cancelling_timeout_seconds: 2
        backoff_base_seconds: 0
        backoff_cap_seconds: 0
        max_attempts: 1000
        suspicion: ignore
    """
  }

  let binary: String
  let samples: Int
  let databases: BenchDatabases

  func run(into table: inout Table) async throws {
    for name in ["defaults", "fastest"] {
      for kind in BenchDatabases.Kind.allCases {
        say("Recovery with the \(name) on \(kind.rawValue): \(samples) of each")
        let isFast = name == "fastest"
        // What the kills are measured on stands still too, and must not be recovered for that.
        let yaml = isFast ? Self.fastest(stallAfterSeconds: 600) : ""
        let hanging = isFast ? Self.fastest(stallAfterSeconds: 2) : ""
        let place = "\(name), \(kind.rawValue)"
        let runners = try await measure(kind, yaml, killRunners)
        add("runner killed, \(place)", runners, target: isFast ? 1 : nil, to: &table)
        let workers = try await measure(kind, yaml, killWorker)
        add("worker killed, \(place)", workers, target: isFast ? 3 : nil, to: &table)
        guard isFast else { continue }
        let hangs = try await measure(kind, hanging, hang)
        add("hang with live heartbeat, \(place)", hangs, target: nil, to: &table)
      }
    }
  }

  /// Hangs that wait for the default stall window of ten minutes: all of them at once.
  func hangs(into table: inout Table) async throws {
    for kind in BenchDatabases.Kind.allCases {
      say("Hangs with the defaults on \(kind.rawValue): \(samples) at once, ten minutes")
      let hangs = try await measure(kind, "", batch: samples, isHeld: true, hang)
      add("hang with live heartbeat, defaults, \(kind.rawValue)", hangs, target: nil, to: &table)
    }
  }

  private func add(
    _ what: String, _ seconds: [Double], target: Double?, to table: inout Table
  ) {
    table.add(
      Row("\(what): runs again (p50)", seconds.median, "s", target: target, .lowerIsBetter))
    table.add(
      Row("\(what): runs again (p99)", seconds.percentile(99), "s", .lowerIsBetter))
  }

  private func measure(
    _ kind: BenchDatabases.Kind, _ yaml: String, batch: Int = Self.batch, isHeld: Bool = false,
    _ round: (RecoveryRound) async throws -> [Double]
  ) async throws -> [Double] {
    var seconds: [Double] = []
    while seconds.count < samples {
      let scene = try await RecoveryRound(
        binary: binary, databases: databases, kind: kind, yaml: yaml, scans: batch,
        isHeld: isHeld)
      do {
        seconds += try await round(scene)
      } catch {
        try await scene.end()
        throw error
      }
      try await scene.end()
    }
    return seconds
  }

  // MARK: The three faults

  /// One after the other, each at its own moment.
  private func killRunners(_ scene: RecoveryRound) async throws -> [Double] {
    var killed: [Timestamp] = []
    for root in scene.roots {
      let runner = try await scene.runner(of: scene.first, scanning: root)
      killed.append(RecoveryRound.now)
      kill(runner, SIGKILL)
    }
    return try await scene.secondsToNextClaim(since: killed)
  }

  private func killWorker(_ scene: RecoveryRound) async throws -> [Double] {
    try await scene.startSecondWorker()
    // At any moment between two sweeps, and not always at the same one.
    try await Task.sleep(for: .milliseconds(.random(in: 0...3000)))
    // A start of ten runners at once may have cost it a lease or two, which the other worker has by now.
    try await scene.keepOnly(heldBy: "first")
    let killed = RecoveryRound.now
    kill(scene.first.processID, SIGKILL)
    return try await scene.secondsToNextClaim(
      since: Array(repeating: killed, count: scene.scanCount))
  }

  /// The one file of each scan takes longer to read than anybody waits, or its runner is held: nothing moves after the claim but
  /// the heart.
  private func hang(_ scene: RecoveryRound) async throws -> [Double] {
    try await scene.secondsToNextClaim(since: try await scene.firstClaims())
  }
}
