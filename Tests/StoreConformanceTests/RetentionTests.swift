import HoldfastCore
import HoldfastEngine
import HoldfastStorage
import Testing

/// What is kept and what goes, in both databases.
@Suite(.timeLimit(.minutes(2))) struct RetentionTests {
  /// A scan that completed, with two items, an item error, a sample of progress and its events.
  private static func completed(
    _ target: String, _ fixture: Fixture, life: WorkerLife, kind: String = "library"
  ) async throws -> Scan {
    let claim = try await fixture.running(.sample(target, kind: kind), by: life)
    try await fixture.report(
      AttemptReport(
        lease: claim.lease,
        items: [
          Item(key: "a", type: "file", change: .added),
          Item(key: "b", type: "file", change: .added),
        ],
        errors: [ItemError(path: "/a", type: "oversized", message: "too large")],
        progress: Progress(done: 2)))
    try await fixture.report(
      AttemptReport(lease: claim.lease, end: .completed(message: nil, summary: [:])))
    return try await fixture.scan(claim.scan.id)
  }

  /// Makes these scans look as if they had ended so many days ago.
  private static func age(
    _ scans: [Scan], days: Int, _ fixture: Fixture
  ) async throws {
    let time =
      fixture.database == .postgres
      ? "now() - interval '\(days) days'"
      : "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-\(days) days')"
    let numbers = scans.map { "\($0.number)" }.joined(separator: ", ")
    try await fixture.shell(
      "UPDATE scans SET ended_at = \(time), created_at = \(time) WHERE number IN (\(numbers))")
  }

  private static func count(_ table: String, _ fixture: Fixture) async throws -> Int {
    let text = try await fixture.shell("SELECT count(*) FROM \(table)")
    return try #require(Int(text.filter(\.isNumber)))
  }

  private static func retention(
    _ fixture: Fixture, rows: Int = 1000, items: Double = 0, events: Double = 0,
    scans: Double = 0
  ) -> Retention {
    var limits = Retention.Limits()
    limits.rows = rows
    limits.scans = 2
    limits.turn = .seconds(60)
    let days = [items, events, scans].filter { $0 > 0 }.min()
    return Retention(
      store: fixture.store, shortestSeconds: days.map { $0 * 86_400 }, limits: limits,
      logger: .quiet
    ) { kind, _ in
      var policy = Policy.default(for: kind)
      (policy.keepItemsDays, policy.keepEventsDays, policy.keepScansDays) = (items, events, scans)
      return policy
    }
  }

  @Test(arguments: TestedDatabase.allCases)
  func whatIsOldGoesAndWhatIsNeededStays(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let first = try await Self.completed("/a", fixture, life: life)
    // A later one of another kind or target makes nothing needless.
    let site = try await Self.completed("/a", fixture, life: life, kind: "site")
    let failed = try await fixture.scan(in: .failed)
    let later = try await Self.completed("/a", fixture, life: life)
    let active = try await fixture.submit(.sample("/b"))
    let paused = try await fixture.scan(in: .paused)
    let young = try await Self.completed("/a", fixture, life: life)
    let newest = try await fixture.scan(in: .cancelled)
    try await Self.age(
      [first, site, failed, later, active, paused, newest], days: 40, fixture)
    let retention = Self.retention(fixture, scans: 30)
    try await retention.turn()
    let left = try await fixture.store.scans(ScanFilter(), cursor: nil, limit: 50).items
    // `later` has a younger one after it; the last of the other kind, and the last number of all, stay.
    #expect(Set(left.map(\.id)) == Set([site, active, paused, young, newest].map(\.id)))
    #expect(retention.takeDeleted().scans == 3)
    #expect(retention.takeDeleted() == ExpiredRows())
    for table in ["scan_items", "scan_errors", "scan_progress"] {
      let orphans =
        "\(table) WHERE scan_id NOT IN (SELECT number FROM scans)"
      #expect(try await Self.count(orphans, fixture) == 0, "\(table)")
      #expect(try await Self.count(table, fixture) > 0, "\(table)")
    }
    let orphans = "scan_lifecycle_events WHERE scan_id NOT IN (SELECT id FROM scans)"
    #expect(try await Self.count(orphans, fixture) == 0)
  }

  @Test(arguments: TestedDatabase.allCases)
  func itemsAndEventsGoWhileTheirScanStays(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let old = try await Self.completed("/a", fixture, life: life)
    let last = try await Self.completed("/a", fixture, life: life)
    let other = try await fixture.submit(.sample("/b"))
    try await Self.age([old, last], days: 40, fixture)
    // One row at a time, to see that a deletion goes on where it stopped.
    let retention = Self.retention(fixture, rows: 1, items: 30, events: 60)
    try await retention.turn()
    #expect(retention.takeDeleted() == ExpiredRows(scans: 0, items: 3, events: 0))
    func items(_ scan: Scan) async throws -> Int {
      try await fixture.store.items(of: scan.id, change: nil, cursor: nil, limit: 9).items.count
    }
    #expect(try await items(old) == 0)
    // What the next scan of the target would be compared with by people.
    #expect(try await items(last) == 2)
    #expect(try await fixture.eventTypes(of: old.id).count == 3)

    let events = Self.retention(fixture, rows: 1, items: 30, events: 35)
    try await events.turn()
    // Three events and a sample of each; the items went before.
    #expect(events.takeDeleted() == ExpiredRows(scans: 0, items: 0, events: 8))
    #expect(try await fixture.eventTypes(of: old.id).isEmpty)
    #expect(try await fixture.eventTypes(of: last.id).isEmpty)
    #expect(try await fixture.eventTypes(of: other.id) == ["scan_submitted"])
    #expect(try await fixture.store.progressSamples(of: last.id).isEmpty)
    #expect(try await fixture.scan(old.id).counts.added == 2)
  }

  /// Ids are never given out again: streams and people go by them.
  @Test(arguments: TestedDatabase.allCases)
  func theNewestEventStays(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let only = try await fixture.scan(in: .failed)
    try await Self.age([only], days: 40, fixture)
    let newest = try await fixture.store.lastEventID()
    let retention = Self.retention(fixture, events: 30, scans: 30)
    try await retention.turn()
    #expect(try await fixture.store.lastEventID() == newest)
    #expect(try await fixture.store.scan(.id(only.id)) != nil)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aScanThatWasRetriedMeanwhileIsLeftAlone(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let failed = try await fixture.scan(in: .failed)
    try await fixture.submit(.sample("/b"))
    try await Self.age([failed], days: 40, fixture)
    let due = Expiry(
      scan: failed.number, target: failed.target, part: .scan, keepSeconds: 86_400)
    _ = try await fixture.store.act(.retry, on: failed.id, by: "a", reason: nil)
    let step = try await fixture.store.expire([due], mostRows: 10)
    #expect(step.finished == 1)
    #expect(step.deleted == ExpiredRows())
    #expect(try await fixture.scan(failed.id).status == .pending)
  }

  @Test(arguments: TestedDatabase.allCases)
  func nothingGoesByDefault(_ database: TestedDatabase) async throws {
    #expect(PolicyBook().shortestKeepSeconds == nil)
    let fixture = try await Fixture(database)
    let old = try await fixture.scan(in: .failed)
    try await fixture.submit(.sample("/b"))
    try await Self.age([old], days: 4000, fixture)
    let retention = Self.retention(fixture)
    try await retention.turn()
    #expect(retention.takeDeleted() == ExpiredRows())
    #expect(try await fixture.store.scan(.id(old.id)) != nil)
  }
}
