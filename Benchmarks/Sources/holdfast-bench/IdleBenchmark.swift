import Foundation
import HoldfastCore
import HoldfastStorage
import Logging

/// What an idle server and an idle worker cost: memory, and the time until they are of use.
struct IdleBenchmark {
  let binary: String
  let runs: Int
  let folder: BenchFolder

  func run(into table: inout Table) async throws {
    say("Idle costs")
    var serveStarts: [Double] = []
    var serveSizes: [Double] = []
    var workerStarts: [Double] = []
    var workerSizes: [Double] = []
    for number in 0..<runs {
      let (start, size) = try await serve(run: number)
      serveStarts.append(start)
      serveSizes.append(size)
      let (workerStart, workerSize) = try await worker(run: number)
      workerStarts.append(workerStart)
      workerSizes.append(workerSize)
    }
    table.add(
      Row("serve, start to listening", serveStarts.median, "ms", target: 150, .lowerIsBetter))
    table.add(Row("serve, idle, resident", serveSizes.median, "MB", target: 60, .lowerIsBetter))
    table.add(
      Row("worker, start to registered", workerStarts.median, "ms", target: 150, .lowerIsBetter))
    table.add(
      Row(
        "worker, idle, resident", workerSizes.median, "MB", target: 45, .lowerIsBetter,
        reference: ("River's worker", 12)))
  }

  private func serve(run: Int) async throws -> (start: Double, size: Double) {
    let data = try folder.makeFolder("idle-serve-\(run)")
    // The first start makes the database; the measured one finds it, as every later one does.
    _ = try await startServer(data: data)
    return try await startServer(data: data)
  }

  private func startServer(data: String) async throws -> (start: Double, size: Double) {
    let port = try freePort()
    let server = try ChildProcess(
      binary, ["serve", "--host", "127.0.0.1", "--port", "\(port)", "--data-dir", data])
    do {
      try await wait(for: "the server to listen") { isListening(onPort: port) }
      let start = (ContinuousClock.now - server.started) / .milliseconds(1)
      try await Task.sleep(for: .seconds(2))
      let size = try server.residentMegabytes()
      try await server.stop()
      return (start, size)
    } catch {
      try await server.stop()
      throw error
    }
  }

  private func worker(run: Int) async throws -> (start: Double, size: Double) {
    let data = try folder.makeFolder("idle-serve-\(run)")
    var logger = Logger(label: "bench")
    logger.logLevel = .error
    let store = try await SQLStore.open(
      url: .sqlite(path: "\(data)/holdfast.db"), logger: logger)
    let worker = try ChildProcess(
      binary, ["worker", "--name", "idle", "--slots", "1", "--data-dir", data])
    do {
      try await wait(for: "the worker's row") {
        try await store.presentWorkers().contains { $0.processID == worker.processID }
      }
      let start = (ContinuousClock.now - worker.started) / .milliseconds(1)
      try await Task.sleep(for: .seconds(2))
      let size = try worker.residentMegabytes()
      try await worker.stop()
      await store.close()
      return (start, size)
    } catch {
      try await worker.stop()
      throw error
    }
  }
}
