import HoldfastCore
import HoldfastStorage
import Testing

@Suite struct SubmittingTests {
  @Test(arguments: TestedDatabase.allCases)
  func createsPendingScansInOrder(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let requests = (0..<5).map { ScanRequest.sample("/data/\($0)") }
    let outcomes = try await fixture.store.submit(requests)
    #expect(outcomes.count == 5)
    for (request, outcome) in zip(requests, outcomes) {
      guard case .created(let scan) = outcome else {
        Issue.record("\(outcome)")
        continue
      }
      #expect(scan == (try await fixture.scan(request.id)))
      #expect(scan.status == .pending)
      #expect(scan.target == request.target)
      #expect(scan.params == request.params)
      #expect(scan.createdBy == "test")
      #expect(try await fixture.eventTypes(of: scan.id) == ["scan_submitted"])
      #expect(try await fixture.store.scan(.number(scan.number)) == scan)
    }
    let numbers = outcomes.compactMap {
      if case .created(let scan) = $0 { scan.number } else { nil }
    }
    #expect(numbers == numbers.sorted())
    #expect(Set(numbers).count == 5)
  }

  @Test(arguments: TestedDatabase.allCases)
  func sameIDAgainFindsTheFirst(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let request = ScanRequest.sample()
    let first = try await fixture.submit(request)
    #expect(try await fixture.store.submit([request]) == [.existing(first)])
    #expect(try await fixture.eventTypes(of: first.id) == ["scan_submitted"])
  }

  @Test(arguments: TestedDatabase.allCases)
  func sameIdempotencyKeyFindsTheFirst(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let first = try await fixture.submit(.sample(key: "k1"))
    let outcomes = try await fixture.store.submit([
      .sample("/other", key: "k1"), .sample("/other", key: "k1", tenant: "t2"),
      .sample("/other", key: "k2"), .sample("/other", key: "k2"),
    ])
    #expect(outcomes[0] == .existing(first))
    guard case .created(let other) = outcomes[1], case .created(let third) = outcomes[2] else {
      Issue.record("\(outcomes)")
      return
    }
    #expect(other.tenantID == "t2")
    #expect(outcomes[3] == .existing(third))
  }

  @Test(arguments: TestedDatabase.allCases)
  func scopeIsHeldUntilTheScanEnds(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let first = try await fixture.submit(.sample(exclusivity: .target))
    #expect(first.scope == "library:/data")
    let outcomes = try await fixture.store.submit([
      .sample(exclusivity: .target), .sample("/free", exclusivity: .target),
      .sample("/free", exclusivity: .target),
    ])
    #expect(outcomes[0] == .scopeHeld(by: first))
    guard case .created(let free) = outcomes[1] else {
      Issue.record("\(outcomes[1])")
      return
    }
    #expect(outcomes[2] == .scopeHeld(by: free))

    let life = try await fixture.worker()
    let claim = try #require(try await fixture.store.claim(first.id, for: life))
    #expect(
      try await fixture.store.submit([.sample(exclusivity: .target)])
        == [.scopeHeld(by: claim.scan)])
    try await fixture.report(
      AttemptReport(lease: claim.lease, end: .completed(message: nil, summary: [:])))
    try await fixture.submit(.sample(exclusivity: .target))
  }

  @Test(arguments: TestedDatabase.allCases)
  func oneOfManyConcurrentSubmittersGetsTheScope(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let second = try await fixture.secondStore()
    let outcomes = try await withThrowingTaskGroup(of: [Submission].self) { group in
      for index in 0..<16 {
        let store = index.isMultiple(of: 2) ? fixture.store : second
        let requests = [
          ScanRequest.sample("/a", exclusivity: .target),
          ScanRequest.sample("/b", exclusivity: .target),
        ]
        group.addTask {
          try await store.submit(index.isMultiple(of: 3) ? requests.reversed() : requests)
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    var created: [ScanID] = []
    var holders: Set<ScanID> = []
    for outcome in outcomes {
      switch outcome {
      case .created(let scan): created.append(scan.id)
      case .scopeHeld(let holder): holders.insert(holder.id)
      case .existing: Issue.record("\(outcome)")
      }
    }
    #expect(created.count == 2)
    #expect(holders == Set(created))
  }

  @Test(arguments: TestedDatabase.allCases)
  func veryLongTargetsAndOddTextsAreKept(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let target = "/" + String(repeating: "long-ü/", count: 2000)
    let first = try await fixture.submit(.sample(target, exclusivity: .target))
    #expect(try await fixture.scan(first.id).target == target)
    let other = try await fixture.store.submit([
      .sample(target, exclusivity: .target), .sample(target + "x", exclusivity: .target),
    ])
    #expect(other[0] == .scopeHeld(by: first))
    guard case .created = other[1] else {
      Issue.record("a different long target was taken for the same")
      return
    }
    let odd = try await fixture.submit(.sample("a\u{0}b", params: ["x": "\u{0}\u{1}\u{1F600}"]))
    let stored = try await fixture.scan(odd.id)
    #expect(stored.target == "a\u{FFFD}b")
    #expect(stored.params == ["x": "\u{FFFD}\u{1}\u{1F600}"])
  }
}
