import Foundation
import HoldfastTestKit
import Testing

/// Rounds of random `kill -9`, SIGSTOP and SIGCONT, restarts of workers and deaths of the database, against the real binary: no scan
/// lost, none run under two leases, none left stuck, and each one's items those of an undisturbed scan.
///
/// `HOLDFAST_CHAOS_ROUNDS` says how many rounds on each database, `HOLDFAST_CHAOS_SEED` which: the same seed chooses the same faults at the same times.
/// `HOLDFAST_CHAOS_DATABASE`, `sqlite` or `postgres`, leaves the other one out. `make chaos ROUNDS=200` sets them.
@Suite(.serialized) struct ChaosTests {
  @Test(.timeLimit(.minutes(120)), arguments: databases)
  func everythingEndsAsIfNothingHadHappened(_ kind: DatabaseKind) async throws {
    let environment = ProcessInfo.processInfo.environment
    let rounds = environment["HOLDFAST_CHAOS_ROUNDS"].flatMap { Int($0) } ?? 10
    let seed =
      environment["HOLDFAST_CHAOS_SEED"].flatMap { UInt64($0) }
      ?? UInt64.random(in: 1...UInt64(UInt32.max))
    print("chaos on \(kind.rawValue): \(rounds) rounds, HOLDFAST_CHAOS_SEED=\(seed)")
    let first = environment["HOLDFAST_CHAOS_FIRST"].flatMap { Int($0) } ?? 0
    let world = try await ChaosWorld(kind)
    for round in first..<(first + rounds) {
      let faults = Fault.round(round, seed: seed, workers: ChaosWorld.workers)
      let start = ContinuousClock.now
      let wrong = try await world.round(round, faults: faults)
      let seconds = Int((ContinuousClock.now - start) / .seconds(1))
      print("  \(kind.rawValue) round \(round): \(faults), \(seconds) s")
      guard wrong.isEmpty else {
        Issue.record(
          """
          Round \(round) on \(kind.rawValue), HOLDFAST_CHAOS_SEED=\(seed), faults \(faults):
          \(wrong.joined(separator: "\n"))
          What the workers say:
          \(world.tails())
          """)
        break
      }
    }
    try await world.end()
  }

  /// Both, unless one is asked for. A name that is neither asks for both: a typing error must not turn into a run of nothing.
  static let databases: [DatabaseKind] = {
    let asked = ProcessInfo.processInfo.environment["HOLDFAST_CHAOS_DATABASE"]
    let chosen = DatabaseKind.allCases.filter { "\($0)" == asked }
    return chosen.isEmpty ? DatabaseKind.allCases : chosen
  }()
}
