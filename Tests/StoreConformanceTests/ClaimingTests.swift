import HoldfastCore
import HoldfastStorage
import Testing

@Suite struct ClaimingTests {
  @Test(arguments: TestedDatabase.allCases)
  func claimStartsAnAttempt(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let submitted = try await fixture.submit(.sample())
    let claims = try await fixture.store.claim(for: life, kinds: nil, limit: 10)
    let scan = try #require(claims.first?.scan)
    #expect(claims.count == 1)
    #expect(scan.id == submitted.id)
    #expect(scan.status == .running)
    #expect(scan.attempt == 1)
    #expect(scan.leaseToken == 1)
    #expect(scan.workerID == life.id)
    #expect(scan.workerName == "w1")
    #expect(scan.claimedAt != nil)
    #expect(scan.startedAt == scan.claimedAt)
    #expect(scan.lastActivityAt == scan.claimedAt)
    #expect(try await fixture.scan(scan.id) == scan)
    #expect(try await fixture.eventTypes(of: scan.id) == ["scan_submitted", "scan_claimed"])
    #expect(try await fixture.store.claim(for: life, kinds: nil, limit: 10).isEmpty)
    #expect(try await fixture.store.claim(scan.id, for: life) == nil)
  }

  @Test(arguments: TestedDatabase.allCases)
  func highestPriorityThenOldestFirstAcrossKinds(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let order: [(String, Int)] = [
      ("b", 0), ("a", 0), ("c", 5), ("b", 5), ("a", -3), ("b", 0), ("a", 0), ("c", 0),
    ]
    var submitted: [(id: ScanID, priority: Int, place: Int)] = []
    for (place, entry) in order.enumerated() {
      let scan = try await fixture.submit(.sample(kind: entry.0, priority: entry.1))
      submitted.append((scan.id, entry.1, place))
    }
    let expected = submitted.sorted { ($1.priority, $0.place) < ($0.priority, $1.place) }
    let first = try await fixture.store.claim(for: life, kinds: nil, limit: 3)
    let second = try await fixture.store.claim(for: life, kinds: nil, limit: 4)
    let third = try await fixture.store.claim(for: life, kinds: nil, limit: 4)
    #expect(first.count == 3)
    #expect(second.count == 4)
    #expect((first + second + third).map(\.scan.id) == expected.map(\.id))
  }

  /// A worker of one tenant takes its scans by the same order, whatever others have in front of them.
  @Test(arguments: TestedDatabase.allCases)
  func aTenantsOwnInTheSameOrder(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let order: [(tenant: String, kind: String, priority: Int)] = [
      ("b", "z", 9), ("a", "a", 0), ("b", "a", 0), ("a", "b", 0), ("default", "c", 7),
      ("a", "c", 5), ("b", "y", 5), ("a", "a", 5), ("default", "a", 0), ("a", "b", -3),
    ]
    var submitted: [(scan: Scan, place: Int)] = []
    for (place, entry) in order.enumerated() {
      let request = ScanRequest.sample(
        "/\(place)", kind: entry.kind, priority: entry.priority, tenant: entry.tenant)
      submitted.append((try await fixture.submit(request), place))
    }
    for tenant in ["a", "default", "b", "c"] {
      let store = fixture.store.seen(by: .sample(tenant))
      let life = try await store.registerWorker(.sample(tenant))
      let expected = submitted.filter { $0.scan.tenantID == tenant }
        .sorted { ($1.scan.priority, $0.place) < ($0.scan.priority, $1.place) }
      let first = try await store.claim(for: life, kinds: nil, limit: 2)
      let rest = try await store.claim(for: life, kinds: nil, limit: 9)
      #expect((first + rest).map(\.scan.id) == expected.map(\.scan.id), "\(tenant)")
    }
  }

  @Test(arguments: TestedDatabase.allCases)
  func takesOnlyItsKinds(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    for kind in ["a", "b", "c", "b"] { try await fixture.submit(.sample(kind: kind)) }
    let claims = try await fixture.store.claim(for: life, kinds: ["b", "z"], limit: 10)
    #expect(claims.map(\.scan.kind) == ["b", "b"])
    #expect(try await fixture.store.claim(for: life, kinds: [], limit: 10).isEmpty)
  }

  @Test(arguments: TestedDatabase.allCases)
  func delayedScansWait(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let later = try await fixture.submit(.sample(priority: 9, delaySeconds: 3600))
    let soon = try await fixture.submit(.sample())
    let claims = try await fixture.store.claim(for: life, kinds: nil, limit: 10)
    #expect(claims.map(\.scan.id) == [soon.id])
    #expect(try await fixture.store.claim(later.id, for: life) == nil)
    #expect(later.runAt.seconds(since: later.createdAt) == 3600)
  }

  @Test(arguments: TestedDatabase.allCases)
  func concurrentClaimersShareNothing(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let second = try await fixture.secondStore()
    let requests = (0..<300).map { ScanRequest.sample("/\($0)", kind: "k\($0 % 3)") }
    _ = try await fixture.store.submit(requests)
    let claimed = try await withThrowingTaskGroup(of: [Claim].self) { group in
      for index in 0..<8 {
        let store = index.isMultiple(of: 2) ? fixture.store : second
        group.addTask {
          let life = try await store.registerWorker(.sample("w\(index)"))
          var mine: [Claim] = []
          while true {
            let claims = try await store.claim(for: life, kinds: nil, limit: 7)
            #expect(claims.allSatisfy { $0.scan.workerID == life.id })
            mine += claims
            // Another claimer's uncommitted rows are passed over, so that empty means empty for now.
            if claims.isEmpty {
              let left = try await store.statusCounts()[.pending] ?? 0
              if left == 0 { return mine }
            }
          }
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(claimed.count == 300)
    #expect(Set(claimed.map(\.scan.id)).count == 300)
    #expect(claimed.allSatisfy { $0.scan.attempt == 1 })
  }
}
