import HoldfastCore
import HoldfastStorage
import Testing

@Suite struct OperatorTests {
  @Test(arguments: TestedDatabase.allCases)
  func cancelOfAPendingScanIsDoneAtOnce(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let scan = try await fixture.submit(.sample(exclusivity: .target))
    let outcome = try await fixture.store.act(
      .cancel, on: scan.id, by: "ann", reason: "not needed")
    let after = try await fixture.scan(scan.id)
    #expect(outcome == .done(after))
    #expect(after.status == .cancelled)
    #expect(after.endedAt != nil)
    #expect(after.message == "not needed")
    let event = try #require(
      try await fixture.store.events(of: scan.id, cursor: nil, limit: 9).items.last)
    #expect(event.eventType == "scan_cancelled")
    #expect(event.eventData == ["by": "ann", "reason": "not needed", "from": "pending"])
    #expect(
      try await fixture.store.act(.cancel, on: scan.id, by: "ann", reason: nil)
        == .notAllowed(after))
    // The scope is free again.
    try await fixture.submit(.sample(exclusivity: .target))
  }

  @Test(arguments: TestedDatabase.allCases)
  func cancelOfARunningScanIsAskedOfItsWorker(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    let asked = try await fixture.store.act(.cancel, on: claim.scan.id, by: "ann", reason: nil)
    let scan = try await fixture.scan(claim.scan.id)
    #expect(asked == .requested(scan))
    #expect(scan.status == .running)
    #expect(scan.requestedAction == .cancel)
    #expect(scan.requestedAt != nil)
    // Asked twice is asked once; a pause does not undo a cancel.
    for action in [OperatorAction.cancel, .pause] {
      #expect(
        try await fixture.store.act(action, on: claim.scan.id, by: "bob", reason: nil)
          == .requested(scan))
    }
    #expect(
      try await fixture.eventTypes(of: scan.id).filter { $0 == "cancel_requested" }.count == 1)
    try await fixture.report(
      AttemptReport(lease: claim.lease, end: .cancelled(message: "cancelled by ann")))
    let ended = try await fixture.scan(claim.scan.id)
    #expect(ended.status == .cancelled)
    #expect(ended.requestedAction == nil)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aWishOutlivesItsRunner(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    for (action, status) in [(OperatorAction.cancel, ScanStatus.cancelled), (.pause, .paused)] {
      let claim = try await fixture.running()
      _ = try await fixture.store.act(action, on: claim.scan.id, by: "ann", reason: nil)
      try await fixture.report(
        AttemptReport(
          lease: claim.lease,
          end: .requeued(
            reason: .runnerCrashed, message: "died", delaySeconds: 5, countsAsCrash: true)))
      let scan = try await fixture.scan(claim.scan.id)
      #expect(scan.status == status)
      #expect((scan.endedAt != nil) == status.isTerminal)
      #expect(try await fixture.eventTypes(of: scan.id).last == "scan_\(status)")
    }
  }

  @Test(arguments: TestedDatabase.allCases)
  func pauseAndResume(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(.sample(exclusivity: .target), by: life)
    _ = try await fixture.store.act(.pause, on: claim.scan.id, by: "ann", reason: nil)
    try await fixture.report(
      AttemptReport(lease: claim.lease, checkpoint: ["x": 1], end: .paused))
    #expect(try await fixture.store.claim(claim.scan.id, for: life) == nil)
    guard
      case .scopeHeld = try await fixture.store.submit([.sample(exclusivity: .target)]).first
    else {
      Issue.record("a paused scan lost its scope")
      return
    }
    let resumed = try await fixture.store.act(
      .resume, on: claim.scan.id, by: "ann", reason: nil)
    guard case .done(let scan) = resumed else {
      Issue.record("\(resumed)")
      return
    }
    #expect(scan.status == .pending)
    let again = try #require(try await fixture.store.claim(scan.id, for: life))
    #expect(again.scan.checkpoint == ["x": 1])
    #expect(again.scan.attempt == 2)
  }

  @Test(arguments: TestedDatabase.allCases)
  func retryOfAnInterruptedScanResumes(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    try await fixture.report(
      AttemptReport(
        lease: claim.lease, items: [Item(key: "k", type: "file", change: .added)],
        errors: [ItemError(path: "p", type: "t", message: "m")], checkpoint: ["x": 1],
        progress: Progress(done: 3),
        end: .failed(error: "broken", reason: .runnerCrashed, summary: nil)))
    let outcome = try await fixture.store.act(
      .retry, on: claim.scan.id, by: "ann", reason: "disk replaced")
    let scan = try await fixture.scan(claim.scan.id)
    #expect(outcome == .done(scan))
    #expect(scan.status == .pending)
    #expect(scan.checkpoint == ["x": 1])
    #expect(scan.counts == ItemCounts(added: 1, errors: 1))
    #expect(scan.errorMessage == nil)
    #expect(scan.cleanupReason == nil)
    #expect(scan.endedAt == nil)
    let again = try #require(try await fixture.store.claim(scan.id, for: life))
    #expect(again.lease.token > claim.lease.token)
    #expect(again.scan.progress?.done == 3)
  }

  @Test(arguments: TestedDatabase.allCases)
  func retryOfAPartialScanStartsAfresh(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    try await fixture.report(
      AttemptReport(
        lease: claim.lease, items: [Item(key: "k", type: "file", change: .added)],
        errors: [ItemError(path: "p", type: "t", message: "m")], checkpoint: ["x": 1],
        progress: Progress(done: 3), end: .completed(message: "m", summary: ["n": 1])))
    _ = try await fixture.store.act(.retry, on: claim.scan.id, by: "ann", reason: nil)
    let scan = try await fixture.scan(claim.scan.id)
    #expect(scan.status == .pending)
    #expect(scan.checkpoint == nil)
    #expect(scan.progress == nil)
    #expect(scan.counts == ItemCounts())
    #expect(scan.summary == [:])
    #expect(scan.startedAt == nil)
    #expect(scan.attempt == 1)
    let items = try await fixture.store.items(
      of: scan.id, change: nil, cursor: nil, limit: 9)
    #expect(items.items.isEmpty)
    let errors = try await fixture.store.errors(of: scan.id, cursor: nil, limit: 9)
    #expect(errors.items.isEmpty)
  }

  @Test(arguments: TestedDatabase.allCases)
  func retryStartsAfreshWhereTheBaselineHasMovedOn(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let part = Baseline.Write(
      id: "AAAAAAAAAAAAAAAAAAAAAA==", segment: 0, fingerprint: "AAAAAAAAAAAAAAAAAAAAAQ==",
      content: "aGk=")
    let old = try await fixture.running()
    try await fixture.report(
      AttemptReport(
        lease: old.lease, baselineWrites: [part], checkpoint: ["x": 1],
        end: .failed(error: "e", reason: nil, summary: nil)))
    let new = try await fixture.running()
    try await fixture.report(
      AttemptReport(
        lease: new.lease, baselineWrites: [part],
        end: .completed(message: nil, summary: [:])))
    _ = try await fixture.store.act(.retry, on: old.scan.id, by: "ann", reason: nil)
    #expect(try await fixture.scan(old.scan.id).checkpoint == nil)
  }

  @Test(arguments: TestedDatabase.allCases)
  func retryIsRefusedWhileTheScopeIsHeld(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running(.sample(exclusivity: .target))
    try await fixture.report(
      AttemptReport(
        lease: claim.lease, end: .failed(error: "e", reason: nil, summary: nil)))
    let holder = try await fixture.submit(.sample(exclusivity: .target))
    let failed = try await fixture.scan(claim.scan.id)
    #expect(
      try await fixture.store.act(.retry, on: failed.id, by: "ann", reason: nil)
        == .scopeHeld(by: holder))
    #expect(try await fixture.scan(failed.id) == failed)
  }

  @Test(arguments: TestedDatabase.allCases)
  func concurrentRetriesAndSubmissionsLeaveOneHolder(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let second = try await fixture.secondStore()
    var failed: [ScanID] = []
    for _ in 0..<4 {
      let claim = try await fixture.running(.sample(exclusivity: .target))
      try await fixture.report(
        AttemptReport(
          lease: claim.lease, end: .failed(error: "e", reason: nil, summary: nil)))
      failed.append(claim.scan.id)
    }
    let wins = try await withThrowingTaskGroup(of: Int.self) { group in
      for (index, id) in failed.enumerated() {
        let store = index.isMultiple(of: 2) ? fixture.store : second
        group.addTask {
          if case .done = try await store.act(.retry, on: id, by: "ann", reason: nil) {
            1
          } else {
            0
          }
        }
        group.addTask {
          let outcome = try await store.submit([.sample(exclusivity: .target)]).first
          if case .created = outcome { return 1 }
          return 0
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(wins == 1)
  }

  @Test(arguments: TestedDatabase.allCases)
  func unknownScansAreNotFound(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    for action in OperatorAction.allCases {
      #expect(
        try await fixture.store.act(action, on: .make(), by: "ann", reason: nil) == .notFound)
    }
  }
}
