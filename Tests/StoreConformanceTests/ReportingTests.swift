import HoldfastCore
import HoldfastStorage
import Testing

@Suite struct ReportingTests {
  @Test(arguments: TestedDatabase.allCases)
  func completedEndsTheScan(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    let outcome = try await fixture.report(
      AttemptReport(
        lease: claim.lease,
        end: .completed(message: "done", summary: ["categories_found": 2])))
    #expect(outcome == .applied)
    let scan = try await fixture.scan(claim.scan.id)
    #expect(scan.status == .completed)
    #expect(scan.message == "done")
    #expect(scan.summary == ["categories_found": 2])
    #expect(scan.endedAt != nil)
    #expect(scan.cleanupReason == nil)
    #expect(
      try await fixture.eventTypes(of: scan.id)
        == ["scan_submitted", "scan_claimed", "scan_completed"])
  }

  @Test(arguments: TestedDatabase.allCases)
  func itemErrorsMakeItPartial(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    try await fixture.report(
      AttemptReport(
        lease: claim.lease,
        errors: [ItemError(path: "/a", type: "oversized", message: "5 GB")]))
    try await fixture.report(
      AttemptReport(lease: claim.lease, end: .completed(message: nil, summary: [:])))
    let scan = try await fixture.scan(claim.scan.id)
    #expect(scan.status == .partial)
    #expect(scan.counts == ItemCounts(errors: 1))
    #expect(try await fixture.eventTypes(of: scan.id).last == "scan_partial")
  }

  /// Two spellings of “é” are one text for Swift, and two names in a folder.
  @Test(arguments: TestedDatabase.allCases)
  func namesAreToldApartByTheirBytes(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    let names = ["caf\u{E9}.pdf", "cafe\u{301}.pdf"]
    try await fixture.report(
      AttemptReport(
        lease: claim.lease,
        items: names.map { Item(key: $0, type: "file", change: .added) },
        errors: names.map { ItemError(path: $0, type: "oversized", message: "too large") }))
    let items = try await fixture.store.items(
      of: claim.scan.id, change: nil, cursor: nil, limit: 9
    ).items
    #expect(items.count == 2)
    #expect(Set(items.map { Array($0.item.key.utf8) }) == Set(names.map { Array($0.utf8) }))
    let errors = try await fixture.store.errors(of: claim.scan.id, cursor: nil, limit: 9).items
    #expect(errors.count == 2)
    #expect(try await fixture.scan(claim.scan.id).counts == ItemCounts(added: 2, errors: 2))
  }

  @Test(arguments: TestedDatabase.allCases)
  func failureKeepsItsReason(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    try await fixture.report(
      AttemptReport(
        lease: claim.lease,
        end: .failed(error: "no such folder", reason: .runnerCrashed, summary: nil)))
    let scan = try await fixture.scan(claim.scan.id)
    #expect(scan.status == .failed)
    #expect(scan.errorMessage == "no such folder")
    #expect(scan.cleanupReason == "runner_crashed")
  }

  @Test(arguments: TestedDatabase.allCases)
  func requeueKeepsWhatThereIs(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    let item = Item(key: "/a", type: "file", change: .added, data: ["size": 1])
    let progress = Progress(done: 5, total: 10, unit: "files", bytes: 99, step: "walk")
    try await fixture.report(
      AttemptReport(
        lease: claim.lease, items: [item], checkpoint: ["at": "/a"], progress: progress,
        progressMessage: "half", waitingFor: "lock",
        end: .requeued(
          reason: .runnerCrashed, message: "died", delaySeconds: 0, countsAsCrash: true)))
    let pending = try await fixture.scan(claim.scan.id)
    #expect(pending.status == .pending)
    #expect(pending.crashes == 1)
    #expect(pending.cleanupReason == "runner_crashed")
    #expect(pending.checkpoint == ["at": "/a"])
    #expect(pending.endedAt == nil)
    #expect(pending.waitingFor == nil)
    #expect(pending.counts == ItemCounts(added: 1))
    let again = try #require(try await fixture.store.claim(claim.scan.id, for: life))
    #expect(again.scan.attempt == 2)
    #expect(again.lease.token > claim.lease.token)
    #expect(again.scan.checkpoint == ["at": "/a"])
    #expect(again.scan.progress == progress)
    #expect(again.scan.startedAt == claim.scan.startedAt)
    #expect(
      try await fixture.store.items(of: claim.scan.id, change: nil, cursor: nil, limit: 9).items
        .map(\.item) == [item])
  }

  @Test(arguments: TestedDatabase.allCases)
  func requeueWithDelayIsNotClaimedEarlier(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    try await fixture.report(
      AttemptReport(
        lease: claim.lease,
        end: .requeued(
          reason: .runnerCrashed, message: "died", delaySeconds: 3600, countsAsCrash: true)))
    #expect(try await fixture.store.claim(for: life, kinds: nil, limit: 1).isEmpty)
    #expect(try await fixture.store.claim(claim.scan.id, for: life) == nil)
  }

  @Test(arguments: TestedDatabase.allCases)
  func countersStayExactWhenItemsAreReportedAgain(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    func item(_ key: String, _ change: Item.Change) -> Item {
      Item(key: key, type: "file", change: change)
    }
    func counts(_ items: [Item], _ errors: [ItemError] = []) async throws -> ItemCounts {
      let outcome = try await fixture.report(
        AttemptReport(lease: claim.lease, items: items, errors: errors))
      #expect(outcome == .applied)
      return try await fixture.scan(claim.scan.id).counts
    }
    let error = ItemError(path: "/e", type: "oversized", message: "1")
    let other = ItemError(path: "/e", type: "permission_denied", message: "2")
    #expect(
      try await counts([item("a", .added), item("b", .added), item("c", .missing)], [error])
        == ItemCounts(added: 2, missing: 1, errors: 1))
    #expect(
      try await counts([item("a", .added), item("b", .updated)], [error, other, error])
        == ItemCounts(added: 1, updated: 1, missing: 1, errors: 2))
    #expect(
      try await counts([item("d", .added), item("d", .found), item("c", .added)])
        == ItemCounts(added: 2, updated: 1, found: 1, errors: 2))
    let long = String(repeating: "x", count: 9000)
    #expect(
      try await counts([item(long, .removed), item(long + "1", .removed), item(long, .moved)])
        == ItemCounts(added: 2, updated: 1, removed: 1, moved: 1, found: 1, errors: 2))
    let keys = try await fixture.store.items(
      of: claim.scan.id, change: nil, cursor: nil, limit: 99
    ).items.map(\.item.key)
    #expect(Set(keys) == ["a", "b", "c", "d", long, long + "1"])
    let errors = try await fixture.store.errors(of: claim.scan.id, cursor: nil, limit: 99)
    #expect(errors.items.map(\.errorType) == ["oversized", "permission_denied"])
    #expect(errors.items.map(\.filePath) == ["/e", "/e"])
  }

  @Test(arguments: TestedDatabase.allCases)
  func progressWaitsAndCheckpointsAreKept(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    let id = claim.scan.id
    try await fixture.report(
      AttemptReport(
        lease: claim.lease, checkpoint: .null, progress: Progress(done: 1, step: "a"),
        progressMessage: "one", waitingFor: "rate limit"))
    let first = try await fixture.scan(id)
    #expect(first.progress == Progress(done: 1, step: "a"))
    #expect(first.progressMessage == "one")
    #expect(first.waitingFor == "rate limit")
    #expect(first.checkpoint == .some(.null))
    #expect(first.checkpointAt != nil)
    #expect(first.progressAt != nil)
    // The same progress again is no advance; an empty text ends the wait.
    try await fixture.report(
      AttemptReport(
        lease: claim.lease, progress: Progress(done: 1, step: "a"), waitingFor: ""))
    let second = try await fixture.scan(id)
    #expect(second.progressAt == first.progressAt)
    #expect(second.waitingFor == nil)
    #expect(second.checkpoint == .some(.null))
    #expect(second.progressMessage == "one")
    #expect(second.updatedAt >= first.updatedAt)
  }

  @Test(arguments: TestedDatabase.allCases)
  func manyReportsInOneCall(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    _ = try await fixture.store.submit((0..<40).map { .sample("/\($0)") })
    let claims = try await fixture.store.claim(for: life, kinds: nil, limit: 40)
    var reports: [AttemptReport] = []
    for (index, claim) in claims.enumerated() {
      let lease =
        index % 4 == 3
        ? Lease(scanID: claim.scan.id, token: claim.lease.token + 1) : claim.lease
      reports.append(
        AttemptReport(
          lease: lease,
          items: index % 2 == 0 ? [Item(key: "k", type: "file", change: .found)] : [],
          end: index % 3 == 0 ? .completed(message: nil, summary: [:]) : nil))
    }
    // The same attempt twice: one after the other.
    reports.append(
      AttemptReport(
        lease: claims[1].lease, items: [Item(key: "k", type: "file", change: .updated)]))
    reports.append(
      AttemptReport(lease: claims[1].lease, end: .completed(message: nil, summary: [:])))
    let outcomes = try await fixture.store.report(reports)
    for (index, claim) in claims.enumerated() {
      let isSuperseded = index % 4 == 3
      #expect(outcomes[index] == (isSuperseded ? .superseded : .applied))
      let scan = try await fixture.scan(claim.scan.id)
      let isEnded = (index % 3 == 0 && !isSuperseded) || index == 1
      #expect(scan.status == (isEnded ? .completed : .running), "\(index)")
      let expected =
        index == 1
        ? ItemCounts(updated: 1)
        : ItemCounts(found: index % 2 == 0 && !isSuperseded ? 1 : 0)
      #expect(scan.counts == expected)
    }
    #expect(outcomes.suffix(2) == [.applied, .applied])
  }
}
