import FoundationEssentials
import Glibc
import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird
import Logging

/// `/health/detailed` and `/health/workers`, as the support runbook of the dependency-mapping
/// platform calls them, and the depth of the queue.
struct HealthAPI: Sendable {
  let store: any ScanStore
  let cleanup: (any CleanupService)?
  let version: String
  let dataDirectory: String

  /// A worker that is silent for longer is not missed any more.
  private static let missedSeconds = 3600.0

  func add(to routes: inout Routes) {
    routes.get("/health/detailed", detailed)
    routes.get("/health/workers", workers)
    routes.get("/api/v1/queue", queue)
  }

  enum Condition: String, Encodable, Comparable {
    case healthy, degraded, unhealthy

    private var rank: Int {
      switch self {
      case .healthy: 0
      case .degraded: 1
      case .unhealthy: 2
      }
    }

    static func < (left: Condition, right: Condition) -> Bool { left.rank < right.rank }
  }

  // MARK: All parts

  private struct Detailed: Encodable {
    var status = Condition.healthy
    var version: String
    var components: [String: Condition] = [:]
    var notes: [String] = []

    mutating func note(_ component: String, _ condition: Condition, _ sentence: String) {
      components[component] = condition
      if condition != .healthy { notes.append(sentence) }
    }
  }

  /// The queue and the cache are the database's own; they are named because the runbook names them.
  @concurrent
  private func detailed(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    var report = Detailed(version: version)
    let isWritable = access(dataDirectory, W_OK) == 0
    report.note(
      "storage", isWritable ? .healthy : .unhealthy, "The data directory cannot be written.")
    do {
      try await ask(&report, for: context.caller)
    } catch {
      context.logger.warning("the database is not well", metadata: ["error": "\(error)"])
      for component in ["database", "cache", "queue", "workers", "sweep"] {
        report.components[component] = .unhealthy
      }
      report.notes.append("The database cannot be reached.")
    }
    report.status = report.components.values.max() ?? .healthy
    let isDown = report.components["database"] == .unhealthy
    // What is wrong with one part must not take the whole service out of a balancer.
    if !isDown, report.status == .unhealthy { report.status = .degraded }
    return try .json(
      report, status: isDown ? .serviceUnavailable : .ok,
      headers: isDown ? [.retryAfter: "5"] : [:])
  }

  private func ask(
    _ report: inout Detailed, for caller: Caller
  ) async throws(StoreError) {
    let census = try await census(for: caller)
    let waiting = try await store.seen(by: caller).queueDepth().filter { $0.status == .pending }
      .reduce(0) { $0 + $1.due }
    report.note("database", .healthy, "")
    report.note("cache", .healthy, "")
    report.note(
      "workers", census.condition,
      "\(census.silent.count) workers are silent, "
        + "\(census.alive.count) are alive.")
    report.note(
      "queue", waiting > 0 && census.alive.isEmpty ? .unhealthy : .healthy,
      "\(waiting) scans wait and no worker is alive.")
    let leader = try await cleanup?.sweepLeader()
    report.note(
      "sweep", cleanup == nil || leader != nil ? .healthy : .degraded,
      "No process leads the sweep at this moment.")
  }

  // MARK: Workers

  private struct Census {
    var alive: [(record: WorkerRecord, age: Double)] = []
    var silent: [(record: WorkerRecord, age: Double)] = []

    var condition: Condition {
      silent.isEmpty ? .healthy : alive.isEmpty ? .unhealthy : .degraded
    }
  }

  private func census(for caller: Caller) async throws(StoreError) -> Census {
    let now = try await store.now()
    var census = Census()
    let workers = try await store.seen(by: caller).presentWorkers()
    for record in workers where ["alive", "lost"].contains(record.status) {
      let age = max(0, now.seconds(since: record.lastHeartbeatAt))
      if !record.isSilent(for: age) {
        census.alive.append((record, age))
      } else if age < Self.missedSeconds {
        census.silent.append((record, age))
      }
    }
    // One that was started again is not missed.
    let names = Set(census.alive.map { [$0.record.name, $0.record.host] })
    census.silent.removeAll { names.contains([$0.record.name, $0.record.host]) }
    return census
  }

  private struct WorkerHealth: Encodable {
    struct Row: Encodable {
      var id: String
      var name: String
      var host: String
      var status: String
      var slots: Int
      var running: Int
      var kinds: [String]
      var lastHeartbeatAt: Timestamp
      var heartbeatAgeSeconds: Double

      init(_ worker: (record: WorkerRecord, age: Double), status: String) {
        let record = worker.record
        id = record.id
        name = record.name
        host = record.host
        self.status = status
        slots = record.slots
        running = record.running
        kinds = record.kinds
        lastHeartbeatAt = record.lastHeartbeatAt
        heartbeatAgeSeconds = (worker.age * 10).rounded() / 10
      }

      enum CodingKeys: String, CodingKey {
        case id, name, host, status, slots, running, kinds
        case lastHeartbeatAt = "last_heartbeat_at"
        case heartbeatAgeSeconds = "heartbeat_age_seconds"
      }
    }

    var status: Condition
    var alive: Int
    var silent: Int
    var workers: [Row]
  }

  @concurrent
  private func workers(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    let census = try await census(for: context.caller)
    let health = WorkerHealth(
      status: census.condition, alive: census.alive.count, silent: census.silent.count,
      workers: census.alive.map { .init($0, status: "alive") }
        + census.silent.map { .init($0, status: "silent") })
    let isDown = census.condition == .unhealthy
    return try .json(
      health, status: isDown ? .serviceUnavailable : .ok,
      headers: isDown ? [.retryAfter: "15"] : [:])
  }

  // MARK: The queue

  private struct Queue: Encodable {
    var depth: Int64
    var items: [QueueDepth]
  }

  @concurrent
  private func queue(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    let items = try await store.seen(by: context.caller).queueDepth()
    let depth = items.filter { $0.status == .pending }.reduce(0) { $0 + $1.count }
    return try .json(Queue(depth: depth, items: items))
  }
}
