import Foundation
import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Synchronization

/// A worker with scans that run for as long as they are let: each hashes one sparse file of four terabytes, slowed down so that
/// together they leave the machine to the measurement.
final class RecoveryRound {
  let roots: [String]
  let first: ChildProcess
  private(set) var second: ChildProcess?
  private let binary: String
  private let store: SQLStore
  private let folder: String
  private let url: DatabaseURL
  private var scans: [Scan] = []
  private let brake: Brake

  /// - Parameter isHeld: whether the runners stand still, once they read their file, for all but the moments that they need to
  ///   answer their worker. A hundred that read, however slowly, would fill the page cache and starve the machine in ten minutes.
  init(
    binary: String, databases: BenchDatabases, kind: BenchDatabases.Kind, yaml: String, scans: Int,
    isHeld: Bool = false
  ) async throws {
    self.binary = binary
    brake = Brake(isHeld: isHeld)
    url = try await databases.make(kind)
    store = try await databases.open(url)
    let folder = try databases.folder.makeFolder("recovery-\(UInt32.random(in: 0 ... .max))")
    self.folder = folder
    try Data(yaml.utf8).write(to: URL(fileURLWithPath: "\(folder)/holdfast.yaml"))
    roots = try (0..<scans).map { number in
      let root = "\(folder)/root-\(number)"
      let course = "\(root)/category/course"
      try FileManager.default.createDirectory(atPath: course, withIntermediateDirectories: true)
      try Data().write(to: URL(fileURLWithPath: "\(course)/film.mp4"))
      guard truncate("\(course)/film.mp4", 4 << 40) == 0 else {
        throw BenchFailure("\(root): no sparse file: \(String(cString: strerror(errno)))")
      }
      return root
    }
    first = try Self.worker("first", slots: scans, binary, folder, url)
    brake.watch([first.processID])
    do {
      try await submit()
    } catch {
      try await end()
      throw error
    }
  }

  private func submit() async throws {
    for root in roots {
      let (output, _) = try await holdfast_bench.run(
        binary,
        [
          "scan", "library", root, "--hash", "--detach", "--json", "--config",
          "\(folder)/holdfast.yaml", "--data-dir", "\(folder)/client",
        ], environment: ["DATABASE_URL": Self.text(of: url)])
      scans.append(try JSONDecoder().decode(Scan.self, from: Data(output.utf8)))
    }
    for root in roots { _ = try await runner(of: first, scanning: root) }
  }

  /// This machine's clock, which is the database's too.
  static var now: Timestamp {
    Timestamp(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1000))
  }

  func startSecondWorker() async throws {
    let worker = try Self.worker("second", slots: roots.count, binary, folder, url)
    second = worker
    brake.watch([first.processID, worker.processID])
    let store = store
    try await wait(for: "the second worker") {
      try await store.presentWorkers().contains { $0.name == "second" }
    }
  }

  var scanCount: Int { scans.count }

  /// Leaves out of the measurement what another worker runs at this moment.
  func keepOnly(heldBy worker: String) async throws {
    var held: [Scan] = []
    for scan in scans where try await store.scan(.id(scan.id))?.workerName == worker {
      held.append(scan)
    }
    scans = held
  }

  /// The runner that has a file beneath `root` open.
  func runner(of worker: ChildProcess, scanning root: String) async throws -> Int32 {
    var found: Int32?
    try await wait(for: "the runner of \(root)") {
      found = ProcessTable.children(of: worker.processID).first { runner in
        ProcessTable.descriptors(of: runner).values.contains { $0.hasPrefix(root + "/") }
      }
      return found != nil
    }
    guard let found else { throw BenchFailure("no runner of \(root)") }
    return found
  }

  /// When each scan was claimed for the first time.
  func firstClaims() async throws -> [Timestamp] {
    var times: [Timestamp] = []
    for scan in scans {
      let events = try await store.events(of: scan.id, cursor: nil, limit: 1000).items
      guard let claim = events.first(where: { $0.eventType == "scan_claimed" }) else {
        throw BenchFailure("scan \(scan.number) was never claimed")
      }
      times.append(claim.createdAt)
    }
    return times
  }

  /// From these moments to each scan's next claim.
  func secondsToNextClaim(since moments: [Timestamp]) async throws -> [Double] {
    let store = store
    var seconds: [Double] = []
    for (scan, moment) in zip(scans, moments) {
      try await wait(for: "scan \(scan.number) to run again", limit: .seconds(900)) {
        let events = try await store.events(of: scan.id, cursor: nil, limit: 1000).items
        let next = events.first { $0.eventType == "scan_claimed" && $0.createdAt > moment }
        guard let next else {
          // A look every few milliseconds at each of them would be a load of its own.
          try await Task.sleep(for: .milliseconds(20))
          return false
        }
        seconds.append(next.createdAt.seconds(since: moment))
        return true
      }
    }
    return seconds
  }

  func end() async throws {
    brake.end()
    for worker in [first, second].compactMap({ $0 }) where worker.isRunning {
      kill(worker.processID, SIGKILL)
      try await wait(for: "the end of a worker") { !worker.isRunning }
    }
    await store.close()
    try FileManager.default.removeItem(atPath: folder)
  }

  private static func worker(
    _ name: String, slots: Int, _ binary: String, _ folder: String, _ url: DatabaseURL
  ) throws -> ChildProcess {
    try ChildProcess(
      binary,
      [
        "worker", "--name", name, "--slots", "\(slots)", "--config", "\(folder)/holdfast.yaml",
        "--data-dir", "\(folder)/\(name)",
      ], environment: ["DATABASE_URL": text(of: url)])
  }

  private static func text(of url: DatabaseURL) -> String {
    switch url {
    case .sqlite(let path): "sqlite:\(path)"
    case .postgres(let uri): uri
    }
  }
}

/// Lets all runners of some workers run for a twentieth of the time; or holds them once each has its file open, and lets one after
/// the other go on for a moment, each every 30 seconds or so: well within the 90 after which a runner counts as unresponsive.
private final class Brake: Sendable {
  private let state = Mutex((workers: [Int32](), isOver: false))

  init(isHeld: Bool) {
    let thread = Thread { [self] in
      var held: [Int32] = []
      while true {
        let (workers, isOver) = state.withLock { ($0.workers, $0.isOver) }
        if isOver { return }
        let runners = workers.flatMap(ProcessTable.children(of:))
        if isHeld {
          hold(runners, &held)
        } else {
          for runner in runners { kill(runner, SIGSTOP) }
          usleep(40_000)
          for runner in runners where ProcessTable.isAlive(runner) { kill(runner, SIGCONT) }
          usleep(2_000)
        }
      }
    }
    thread.start()
  }

  private func hold(_ runners: [Int32], _ held: inout [Int32]) {
    held.removeAll { !runners.contains($0) }
    for runner in runners where !held.contains(runner) && Self.isReading(runner) {
      kill(runner, SIGSTOP)
      held.append(runner)
    }
    if !held.isEmpty {
      let next = held.removeFirst()
      held.append(next)
      kill(next, SIGCONT)
      usleep(30_000)
      kill(next, SIGSTOP)
    }
    usleep(UInt32(30_000_000 / max(100, held.count)))
  }

  func watch(_ workers: [Int32]) { state.withLock { $0.workers = workers } }
  func end() { state.withLock { $0.isOver = true } }

  private static func isReading(_ runner: Int32) -> Bool {
    ProcessTable.descriptors(of: runner).values.contains { $0.hasSuffix("/film.mp4") }
  }
}
