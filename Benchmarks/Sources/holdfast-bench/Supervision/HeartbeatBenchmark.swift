import Foundation
import Glibc
import HoldfastCore
import HoldfastEngine
import HoldfastStorage
import HoldfastTestKit
import Logging

/// What it costs to supervise very many running scans on one machine: every lease renewed each 30 s, progress written now and then,
/// and the sweep. The processor time is that of this process and, on PostgreSQL, of the server's processes.
struct HeartbeatBenchmark {
  static let workers = 20
  static let intervalSeconds = 30.0

  let scans: Int
  /// Whole heartbeat intervals.
  let intervals: Int
  let databases: BenchDatabases

  func run(into table: inout Table) async throws {
    for kind in BenchDatabases.Kind.allCases {
      say("Heartbeats on \(kind.rawValue): \(scans) running scans, \(Self.workers) workers")
      let store = try await databases.open(try await databases.make(kind))
      let share = try await supervise(store, kind)
      await store.close()
      table.add(
        Row(
          "\(scans) running scans supervised, \(kind.rawValue)", share * 100, "% of a core",
          target: 20, .lowerIsBetter))
    }
  }

  private func supervise(
    _ store: SQLStore, _ kind: BenchDatabases.Kind
  ) async throws -> Double {
    let lives = try await claimAll(store)
    let sweeper = Sweeper(
      store: store,
      configuration: Sweeper.Configuration(holder: "bench") { kind, _ in .default(for: kind) },
      logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
    // The first sweep sets everybody's next look; what follows is the everyday cost.
    let start = ContinuousClock.now
    let before = processorSeconds(kind)
    let seconds = Self.intervalSeconds * Double(intervals)
    try await withThrowingTaskGroup { group in
      for (number, worker) in lives.enumerated() {
        group.addTask {
          // Spread over the interval, as workers are that did not start together.
          let offset = Self.intervalSeconds * Double(number) / Double(lives.count)
          for beat in 0..<intervals {
            try await Task.sleep(
              until: start + .seconds(offset + Double(beat) * Self.intervalSeconds))
            let outcome = try await store.beat(
              worker.life, leases: worker.leases, running: worker.leases.count)
            guard outcome.lost.isEmpty else { throw BenchFailure("leases were lost") }
          }
        }
      }
      group.addTask {
        for sweep in 0..<Int(seconds / 15) {
          try await Task.sleep(until: start + .seconds(Double(sweep) * 15))
          let report = try await sweeper.runOnce()
          guard report.results.isEmpty else { throw BenchFailure("healthy scans were recovered") }
        }
      }
      try await group.waitForAll()
    }
    try await Task.sleep(until: start + .seconds(seconds))
    return (processorSeconds(kind) - before) / seconds
  }

  private func claimAll(
    _ store: SQLStore
  ) async throws -> [(life: WorkerLife, leases: [Lease])] {
    let policy = Policy.default(for: "site")
    for start in stride(from: 0, to: scans, by: 2000) {
      _ = try await store.submit(
        (start..<min(start + 2000, scans)).map {
          ScanRequest(
            id: .make(), kind: "site", target: "https://example.org/\($0)", policy: policy)
        })
    }
    var lives: [(life: WorkerLife, leases: [Lease])] = []
    for _ in 0..<Self.workers {
      let life = try await store.registerWorker(.bench)
      var leases: [Lease] = []
      while leases.count < scans / Self.workers {
        let limit = min(1000, scans / Self.workers - leases.count)
        let claims = try await store.claim(for: life, kinds: nil, limit: limit)
        guard !claims.isEmpty else { throw BenchFailure("nothing is left to claim") }
        leases += claims.map(\.lease)
      }
      lives.append((life, leases))
    }
    return lives
  }

  // MARK: Processor time

  private func processorSeconds(_ kind: BenchDatabases.Kind) -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    let own = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    return kind == .postgres ? own + ServerProcesses.processorSeconds : own
  }
}

/// The processor time of all PostgreSQL processes of this machine's, ended children of the postmaster included.
enum ServerProcesses {
  static var processorSeconds: Double {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    let sum = names.compactMap { Int32($0) }.reduce(0.0) { $0 + ticks(of: $1) }
    return sum / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  private static func ticks(of process: Int32) -> Double {
    // A process that has just ended has no file to read.
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      text.contains("(postgres)"), let name = text.lastIndex(of: ")")
    else { return 0 }
    let fields = text[text.index(after: name)...].split(separator: " ").compactMap { Double($0) }
    // The state is no number: utime, stime, cutime and cstime follow at the 10th to the 13th number.
    return fields.count > 13 ? fields[10...13].reduce(0, +) : 0
  }
}
