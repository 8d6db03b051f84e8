import Foundation
import HoldfastCore
import HoldfastStorage
import Logging

/// Scans of small folders through real runner processes, and what one runner costs.
struct WholeScanBenchmark {
  let binary: String
  let scans: Int
  let runs: Int
  let folder: BenchFolder

  func run(into table: inout Table) async throws {
    say("Whole scans: \(scans) small folders through a worker with 2 slots")
    var rates: [Double] = []
    for number in 0..<min(runs, 3) { rates.append(try await scansPerSecond(run: number)) }
    table.add(Row("whole scans, SQLite", rates.median, "scans/s", .higherIsBetter))

    var starts: [Double] = []
    var sizes: [Double] = []
    for _ in 0..<(4 * runs) {
      let runner = try ChildProcess(binary, ["runner"], inputIsOpen: true)
      starts.append(try await runner.millisecondsToFirstOutput())
      sizes.append(try runner.residentMegabytes())
      try await runner.stop()
    }
    table.add(
      Row("runner, start to first message", starts.median, "ms", target: 25, .lowerIsBetter))
    table.add(Row("runner, resident", sizes.median, "MB", target: 30, .lowerIsBetter))
  }

  private func scansPerSecond(run: Int) async throws -> Double {
    let data = try folder.makeFolder("whole-\(run)")
    let database = DatabaseURL.sqlite(path: "\(data)/holdfast.db")
    var logger = Logger(label: "bench")
    logger.logLevel = .error
    let store = try await SQLStore.open(url: database, logger: logger)
    let requests = try (0..<scans).map { number in
      let target = try folder.makeFolder("whole-\(run)-target-\(number)/category/course")
      try Data([1]).write(to: URL(fileURLWithPath: "\(target)/lesson.mp4"))
      return ScanRequest(
        id: .make(), kind: "library", target: folder.path("whole-\(run)-target-\(number)"),
        policy: .default(for: "library"))
    }
    _ = try await store.submit(requests)
    let worker = try ChildProcess(
      binary, ["worker", "--slots", "2", "--data-dir", data, "--name", "bench"])
    let wanted = Int64(scans)
    do {
      // The rate is that of the middle: neither the worker's start nor the first runner's counts.
      try await wait(for: "the first scan") { try await done(store) > 0 }
      let before = try await done(store)
      let start = ContinuousClock.now
      try await wait(for: "all scans", limit: .seconds(300)) { try await done(store) == wanted }
      let time = (ContinuousClock.now - start) / .seconds(1)
      try await worker.stop()
      await store.close()
      return Double(wanted - before) / time
    } catch {
      try await worker.stop()
      throw error
    }
  }

  private func done(_ store: SQLStore) async throws -> Int64 {
    // A look every 10 ms takes nothing from the worker.
    try await Task.sleep(for: .milliseconds(10))
    let counts = try await store.statusCounts()
    if let failed = counts[.failed], failed > 0 { throw BenchFailure("\(failed) scans failed") }
    return counts[.completed] ?? 0
  }
}
