import HoldfastCore
import HoldfastStorage
import Synchronization

/// How long a scan waits in an idle queue: from the call that submits it to its claim by another connection that was told
/// of it. Two stores, as two processes would have.
struct LatencyBenchmark {
  let rounds: Int
  let databases: BenchDatabases
  let kinds: [BenchDatabases.Kind]

  func run(into table: inout Table) async throws {
    for kind in kinds {
      say("Idle queue on \(kind.rawValue): \(rounds) scans, one at a time")
      let url = try await databases.make(kind)
      let submitter = try await databases.open(url)
      let worker = try await databases.open(url)
      let milliseconds = try await measure(submitter, worker)
      await submitter.close()
      await worker.close()
      let isPostgres = kind == .postgres
      table.add(
        Row(
          "submission to start p50, \(kind.rawValue)", milliseconds.percentile(50), "ms",
          target: 3, .lowerIsBetter, reference: isPostgres ? ("River", 3) : nil))
      table.add(
        Row(
          "submission to start p99, \(kind.rawValue)", milliseconds.percentile(99), "ms",
          target: 15, .lowerIsBetter, reference: isPostgres ? ("River", 93) : nil))
    }
  }

  private func measure(_ submitter: SQLStore, _ worker: SQLStore) async throws -> [Double] {
    let life = try await worker.registerWorker(.bench)
    let policy = Policy(
      heartbeatIntervalSeconds: 30, maxRuntimeMinutes: 30, exclusivity: .none, maxCrashes: 3)
    let (claimed, continuation) = AsyncStream<ContinuousClock.Instant>.makeStream()
    let claiming = Task(name: "claiming") {
      for await _ in worker.signals(.queue) {
        while let claim = try await worker.claim(for: life, kinds: nil, limit: 1).first {
          continuation.yield(.now)
          _ = try await worker.report([
            AttemptReport(lease: claim.lease, end: .completed(message: nil, summary: [:]))
          ])
        }
      }
    }
    defer { claiming.cancel() }
    var iterator = claimed.makeAsyncIterator()
    var milliseconds: [Double] = []
    for round in 0..<(rounds + 20) {
      // Idle means idle: the tick of the last round has passed and the listener waits again.
      try await Task.sleep(for: .milliseconds(10))
      let start = ContinuousClock.now
      _ = try await submitter.submit([
        ScanRequest(id: .make(), kind: "noop", target: "target-\(round)", policy: policy)
      ])
      guard let end = await iterator.next() else { break }
      if round >= 20 { milliseconds.append((end - start) / .milliseconds(1)) }
    }
    return milliseconds
  }
}
