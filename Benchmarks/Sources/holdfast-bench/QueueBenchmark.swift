import HoldfastCore
import HoldfastStorage

/// How many no-op scans a second go into the queue, and how many are claimed and completed, with every lifecycle event.
struct QueueBenchmark {
  static let submitBatch = 1000
  static let claimBatch = 500

  let scans: Int
  let runs: Int
  let databases: BenchDatabases
  let kinds: [BenchDatabases.Kind]

  func run(into table: inout Table) async throws {
    for kind in kinds {
      // SQLite has one writer; PostgreSQL gains from a second connection that works while the first waits for the disk.
      let loops = kind == .sqlite ? 1 : 2
      say("Queue on \(kind.rawValue): \(scans) scans, \(loops) at once")
      var submitted: [Double] = []
      var worked: [Double] = []
      for _ in 0..<runs {
        let store = try await databases.open(try await databases.make(kind))
        submitted.append(Double(scans) / (try await submit(to: store, loops: loops)))
        worked.append(Double(scans) / (try await workOff(store, loops: loops)))
        await store.close()
      }
      let isPostgres = kind == .postgres
      table.add(
        Row(
          "submitted, \(kind.rawValue)", submitted.median, "scans/s",
          target: isPostgres ? 60_000 : nil, .higherIsBetter,
          reference: isPostgres ? ("River in batches", 40_000) : nil))
      table.add(
        Row(
          "worked off, \(kind.rawValue)", worked.median, "scans/s",
          target: isPostgres ? 30_000 : 50_000, .higherIsBetter,
          reference: isPostgres ? ("River", 19_300) : ("huey", 2280)))
    }
  }

  private func submit(to store: SQLStore, loops: Int) async throws -> Double {
    let policy = Policy(
      heartbeatIntervalSeconds: 30, maxRuntimeMinutes: 30, exclusivity: .none, maxCrashes: 3)
    let batches = stride(from: 0, to: scans, by: Self.submitBatch).map { start in
      (start..<min(start + Self.submitBatch, scans)).map {
        ScanRequest(id: .make(), kind: "noop", target: "target-\($0)", policy: policy)
      }
    }
    return try await seconds {
      try await withThrowingTaskGroup { group in
        for loop in 0..<loops {
          group.addTask {
            for number in stride(from: loop, to: batches.count, by: loops) {
              _ = try await store.submit(batches[number])
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  private func workOff(_ store: SQLStore, loops: Int) async throws -> Double {
    let life = try await store.registerWorker(.bench)
    let time = try await seconds {
      try await withThrowingTaskGroup { group in
        for _ in 0..<loops {
          group.addTask { try await Self.workOff(store, as: life) }
        }
        try await group.waitForAll()
      }
    }
    let counts = try await store.statusCounts()
    guard counts[.completed] == Int64(scans) else {
      throw BenchFailure("\(counts[.completed] ?? 0) of \(scans) scans are completed")
    }
    return time
  }

  private static func workOff(_ store: SQLStore, as life: WorkerLife) async throws {
    while true {
      let claims = try await store.claim(for: life, kinds: nil, limit: claimBatch)
      if claims.isEmpty { return }
      let reports = claims.map {
        AttemptReport(lease: $0.lease, end: .completed(message: nil, summary: [:]))
      }
      for outcome in try await store.report(reports) where outcome != .applied {
        throw BenchFailure("a report was not applied: \(outcome)")
      }
    }
  }
}

extension WorkerRegistration {
  static var bench: WorkerRegistration {
    WorkerRegistration(
      name: "bench", host: "bench", bootID: "bench", processID: 1, processStartTicks: 1,
      slots: QueueBenchmark.claimBatch, kinds: [], version: "bench",
      heartbeatIntervalSeconds: 30)
  }
}
