import HoldfastCore
import HoldfastStorage

/// A worker that does what a test says: claims a scan, reports, ends it.
struct ScriptedWorker: Sendable {
  let store: any ScanStore
  let life: WorkerLife

  static func start(_ store: any ScanStore) async throws -> ScriptedWorker {
    let life = try await store.registerWorker(
      WorkerRegistration(
        name: "scripted", host: "test", bootID: "boot", processID: 1, processStartTicks: 1,
        slots: 4, kinds: ["library"], version: "test", heartbeatIntervalSeconds: 30))
    return ScriptedWorker(store: store, life: life)
  }

  /// Submits a library scan.
  func submit(_ target: String) async throws -> Scan {
    var random = SystemRandomNumberGenerator()
    let request = ScanRequest(
      id: ScanID(high: random.next(), low: random.next()), kind: "library", target: target,
      policy: .default(for: "library"), createdBy: "test")
    guard case .created(let scan) = try await store.submit([request]).first else {
      throw TestServer.Failure("the scan of \(target) was not created")
    }
    return scan
  }

  /// Claims the scan; waits for it to be there.
  func claim(_ id: ScanID) async throws -> Lease {
    guard let claim = try await store.claim(id, for: life) else {
      throw TestServer.Failure("scan \(id) cannot be claimed")
    }
    return claim.lease
  }

  /// Claims the next scan as soon as there is one.
  func claimNext() async throws -> Claim {
    while true {
      if let claim = try await store.claim(for: life, kinds: nil, limit: 1).first { return claim }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  func report(_ report: AttemptReport) async throws {
    guard try await store.report([report]) == [.applied] else {
      throw TestServer.Failure("the report was not applied")
    }
  }

  /// Reports added files, errors and the end.
  func finish(
    _ lease: Lease, files: Int = 0, errors: [ItemError] = [],
    summary: JSONValue = ["categories_found": 5, "courses_found": 20]
  ) async throws {
    let items = (0..<files).map { index in
      Item(
        key: "Category/Course/file-\(1000 + index).mp4", type: "file", change: .added,
        data: ["size": .int(Int64(index))])
    }
    try await report(
      AttemptReport(
        lease: lease, items: items, errors: errors,
        end: .completed(message: nil, summary: summary)))
  }
}
