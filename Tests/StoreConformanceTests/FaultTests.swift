import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

/// Each operation fails at its nth step, for every n, and is then done again: in between it has been done whole or not at all, and
/// afterwards the world is as if it had never failed.
@Suite struct FaultTests {
  /// What there is of a scan, without times, tokens and numbers.
  private struct Picture: Hashable {
    var status: ScanStatus?
    var attempt: Int?
    var crashes: Int?
    var counts: ItemCounts?
    var checkpoint: JSONValue?
    var progress: Progress?
    var requested: RequestedAction?
    var events: [String]
    var items: [Item]
    var errors: [String]
    var baselineParts: Int64?
    var workers: [String]
  }

  private func picture(_ id: ScanID, _ store: SQLStore) async throws -> Picture {
    let scan = try await store.scan(.id(id))
    let lease = Lease(scanID: id, token: 0)
    return Picture(
      status: scan?.status, attempt: scan?.attempt, crashes: scan?.crashes,
      counts: scan?.counts, checkpoint: scan?.checkpoint, progress: scan?.progress,
      requested: scan?.requestedAction,
      events: try await store.events(of: id, cursor: nil, limit: 99).items.map(\.eventType),
      items: try await store.items(of: id, change: nil, cursor: nil, limit: 99).items
        .map(\.item),
      errors: try await store.errors(of: id, cursor: nil, limit: 99).items.map(\.filePath),
      baselineParts: try await store.baselineSummary(for: lease)?.parts,
      workers: try await store.workers().filter { $0.name == id.description }.map(\.status))
  }

  /// One operation on one scan: how to get there, and what to do.
  private struct Scenario: Sendable {
    var name: String
    var setUp: @Sendable (SQLStore, ScanRequest) async throws -> Claim?
    var act: @Sendable (SQLStore, ScanRequest, Claim?) async throws -> Void
  }

  private static func claim(_ store: SQLStore, _ request: ScanRequest) async throws -> Claim? {
    let life = try await store.registerWorker(.sample(request.id.description))
    _ = try await store.submit([request])
    return try await store.claim(request.id, for: life)
  }

  private static func life(_ claim: Claim?) -> WorkerLife {
    WorkerLife(
      id: claim?.scan.workerID ?? "", name: claim?.scan.workerName ?? "", host: "h1")
  }

  private static func reporting(
    _ name: String, _ report: @escaping @Sendable (Lease) -> AttemptReport
  ) -> Scenario {
    Scenario(name: name, setUp: claim) { store, _, claim in
      guard let claim else { return }
      _ = try await store.report([report(claim.lease)])
    }
  }

  private static let scenarios: [Scenario] = [
    Scenario(name: "submit", setUp: { _, _ in nil }) { store, request, _ in
      _ = try await store.submit([request])
    },
    reporting("complete") {
      AttemptReport(lease: $0, end: .completed(message: "m", summary: ["n": 1]))
    },
    reporting("everything") {
      AttemptReport(
        lease: $0,
        items: [
          Item(key: "a", type: "file", change: .added),
          Item(key: "b", type: "file", change: .missing),
        ], errors: [ItemError(path: "p", type: "t", message: "m")],
        baselineWrites: [
          Baseline.Write(
            id: "AAAAAAAAAAAAAAAAAAAAAA==", segment: 0,
            fingerprint: "AAAAAAAAAAAAAAAAAAAAAQ==", content: "aGk=")
        ], checkpoint: ["c": 1], progress: Progress(done: 2),
        end: .completed(message: nil, summary: [:]))
    },
    reporting("items without an end") {
      AttemptReport(
        lease: $0, items: [Item(key: "a", type: "file", change: .added)],
        errors: [ItemError(path: "p", type: "t", message: "m")], checkpoint: ["c": 1])
    },
    reporting("requeue") {
      AttemptReport(
        lease: $0,
        end: .requeued(
          reason: .runnerCrashed, message: "m", delaySeconds: 0, countsAsCrash: true))
    },
    Scenario(
      name: "settle",
      setUp: { store, request in
        let claim = try await claim(store, request)
        guard let claim else { return nil }
        _ = try await store.report([
          AttemptReport(
            lease: claim.lease,
            items: [
              Item(key: "a", type: "file", change: .missing, identity: "1"),
              Item(key: "b", type: "file", change: .added, identity: "1"),
              Item(key: "c", type: "file", change: .missing),
            ])
        ])
        return claim
      }
    ) { store, _, claim in
      guard let claim else { return }
      let settled = try await store.settle(claim.lease, removalLimit: 1)
      #expect(settled == .init(moved: 1, removed: 1, isRefused: false))
    },
    Scenario(name: "cancel wish", setUp: claim) { store, request, _ in
      _ = try await store.act(.cancel, on: request.id, by: "a", reason: nil)
    },
    Scenario(
      name: "cancel",
      setUp: { store, request in
        _ = try await store.submit([request])
        return nil
      }
    ) { store, request, _ in
      _ = try await store.act(.cancel, on: request.id, by: "a", reason: nil)
    },
    Scenario(
      name: "retry",
      setUp: { store, request in
        let claim = try await claim(store, request)
        guard let claim else { return nil }
        _ = try await store.report([
          AttemptReport(
            lease: claim.lease, items: [Item(key: "a", type: "file", change: .added)],
            errors: [ItemError(path: "p", type: "t", message: "m")],
            end: .completed(message: nil, summary: [:]))
        ])
        return claim
      }
    ) { store, request, _ in
      _ = try await store.act(.retry, on: request.id, by: "a", reason: nil)
    },
    Scenario(name: "beat", setUp: claim) { store, _, claim in
      guard let claim else { return }
      let outcome = try await store.beat(
        life(claim), leases: [claim.lease], running: 1)
      #expect(outcome.lost.isEmpty)
    },
    Scenario(name: "retire", setUp: claim) { store, _, claim in
      try await store.retireWorker(life(claim))
    },
    Scenario(name: "recover earlier lives", setUp: claim) { store, request, _ in
      let new = WorkerLife(id: "new", name: request.id.description, host: "h1")
      _ = try await store.recoverEarlierLives(of: new) { _ in true }
    },
  ]

  @Test(arguments: TestedDatabase.allCases)
  func everyStepOfEveryOperation(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let faulty = FaultyDatabase(
      try SQLStore.openDatabase(url: fixture.url, logger: .quiet))
    let store = SQLStore(database: faulty, logger: .quiet)
    for scenario in Self.scenarios {
      var expected: (before: Picture, after: Picture)?
      var step = 0
      while true {
        let request = ScanRequest.sample("/\(scenario.name)/\(step)", exclusivity: .target)
        let claim = try await scenario.setUp(fixture.store, request)
        let before = try await picture(request.id, fixture.store)
        // Step 0 is the undisturbed run that the others are compared with.
        faulty.fail(at: step == 0 ? nil : step)
        var error: StoreError?
        do {
          try await scenario.act(store, request, claim)
        } catch let failure as StoreError {
          error = failure
        }
        faulty.fail(at: nil)
        let between = try await picture(request.id, fixture.store)
        guard step > 0, let expected else {
          #expect(error == nil, "\(scenario.name)")
          expected = (before, between)
          step = 1
          continue
        }
        if error == nil { break }
        #expect(error?.isTransient == true)
        let isWhole =
          between == expected.before
          || between == expected.after
        #expect(isWhole, "\(scenario.name) failing at step \(step) is half done: \(between)")
        try await scenario.act(store, request, claim)
        let after = try await picture(request.id, fixture.store)
        #expect(after == expected.after, "\(scenario.name) done again after step \(step)")
        step += 1
      }
      #expect(step > 1, "\(scenario.name) has no step at which to fail")
    }
  }
}
