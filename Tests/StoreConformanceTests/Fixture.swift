import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import Testing

/// The databases that every test of the contract runs against.
enum TestedDatabase: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case sqlite
  case postgres

  var testDescription: String { rawValue }
}

/// A database of its own for one test, with a store on it.
struct Fixture: Sendable {
  let database: TestedDatabase
  let url: DatabaseURL
  let store: SQLStore
  let folder: TemporaryFolder

  init(_ database: TestedDatabase, schema: SQLStore.SchemaPolicy = .migrate) async throws {
    self.database = database
    (url, folder) = try await Fixture.emptyDatabase(database)
    store = try await SQLStore.open(url: url, logger: .quiet, schema: schema)
  }

  static func emptyDatabase(
    _ database: TestedDatabase
  ) async throws -> (DatabaseURL, TemporaryFolder) {
    let folder = try TemporaryFolder()
    switch database {
    case .sqlite: return (.sqlite(path: folder.path("test.db")), folder)
    case .postgres: return (try await PostgresServer.shared().createDatabase(), folder)
    }
  }

  /// Another store on the same database, as another process would have.
  func secondStore() async throws -> SQLStore {
    try await SQLStore.open(url: url, logger: .quiet)
  }

  // MARK: Scans in a state

  func worker(
    _ name: String = "w1", host: String = "h1", processID: Int32 = 1, boot: String = "b1"
  ) async throws -> WorkerLife {
    try await store.registerWorker(.sample(name, host: host, processID: processID, boot: boot))
  }

  @discardableResult
  func submit(_ request: ScanRequest) async throws -> Scan {
    let outcome = try #require(try await store.submit([request]).first)
    guard case .created(let scan) = outcome else {
      Issue.record("not created: \(outcome)")
      throw Unexpected()
    }
    return scan
  }

  /// A running scan with the lease of its attempt.
  func running(
    _ request: ScanRequest = .sample(), by life: WorkerLife? = nil
  ) async throws -> Claim {
    let scan = try await submit(request)
    let holder: WorkerLife
    if let life { holder = life } else { holder = try await worker() }
    return try #require(try await store.claim(scan.id, for: holder))
  }

  func scan(_ id: ScanID) async throws -> Scan {
    try #require(try await store.scan(.id(id)))
  }

  func eventTypes(of id: ScanID) async throws -> [String] {
    try await store.events(of: id, cursor: nil, limit: 1000).items.map(\.eventType)
  }

  @discardableResult
  func report(_ report: AttemptReport) async throws -> ReportOutcome {
    try #require(try await store.report([report]).first)
  }

  /// Runs SQL as an operator's shell would, outside Holdfast: `psql` or `sqlite3`.
  @discardableResult
  func shell(_ sql: String) async throws -> String {
    switch url {
    case .sqlite(let path): return try await SQLiteShell.run(sql, path: path)
    case .postgres: return try await PostgresServer.shared().psql(sql, url: url)
    }
  }

  /// A scan in this status, reached by the lifecycle's own ways.
  func scan(in status: ScanStatus) async throws -> Scan {
    let claim: Claim
    switch status {
    case .pending: return try await submit(.sample())
    default: claim = try await running()
    }
    let error = ItemError(path: "/a", type: "oversized", message: "too large")
    switch status {
    case .pending, .running: break
    case .paused: try await report(AttemptReport(lease: claim.lease, end: .paused))
    case .completed:
      try await report(
        AttemptReport(lease: claim.lease, end: .completed(message: nil, summary: [:])))
    case .partial:
      try await report(
        AttemptReport(
          lease: claim.lease, errors: [error], end: .completed(message: nil, summary: [:])))
    case .failed:
      try await report(
        AttemptReport(
          lease: claim.lease, end: .failed(error: "broken", reason: nil, summary: nil)))
    case .cancelled:
      try await report(AttemptReport(lease: claim.lease, end: .cancelled(message: "stop")))
    }
    let scan = try await scan(claim.scan.id)
    #expect(scan.status == status)
    return scan
  }
}

struct Unexpected: Error {}

extension Logger {
  static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

extension ScanRequest {
  static func sample(
    _ target: String = "/data", kind: String = "library", priority: Int = 0,
    exclusivity: Policy.Exclusivity = .none, key: String? = nil, delaySeconds: Double = 0,
    tenant: String = "default", params: JSONValue = ["depth": 3, "name": "é\n\"x\""]
  ) -> ScanRequest {
    let policy = Policy(
      heartbeatIntervalSeconds: 30, maxRuntimeMinutes: 30, exclusivity: exclusivity,
      maxCrashes: 3)
    return ScanRequest(
      id: .make(), tenantID: tenant, kind: kind, target: target, params: params,
      priority: priority, policy: policy, idempotencyKey: key, delaySeconds: delaySeconds,
      createdBy: "test")
  }

  /// One whose lease lasts for ten heartbeats, as the preset `production` has it.
  static func patient(_ target: String) -> ScanRequest {
    let policy = Policy(
      heartbeatIntervalSeconds: 30, maxRuntimeMinutes: 30, exclusivity: .none, maxCrashes: 3,
      staleMultiple: 10)
    return ScanRequest(id: .make(), kind: "library", target: target, policy: policy)
  }
}

extension WorkerRegistration {
  static func sample(
    _ name: String = "w1", host: String = "h1", processID: Int32 = 1, boot: String = "b1"
  ) -> WorkerRegistration {
    WorkerRegistration(
      name: name, host: host, bootID: boot, processID: processID, processStartTicks: 77,
      slots: 2, kinds: ["library"], version: "1", heartbeatIntervalSeconds: 30)
  }
}

/// Waits until `condition` holds, looking every few milliseconds, and fails after 20 s.
func eventually(
  _ what: String, _ condition: () async throws -> Bool
) async throws {
  let clock = ContinuousClock()
  let deadline = clock.now + .seconds(20)
  while clock.now < deadline {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(5))
  }
  Issue.record("waited 20 s for \(what)")
  throw Unexpected()
}
