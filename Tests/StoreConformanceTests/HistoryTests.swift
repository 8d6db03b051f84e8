import HoldfastCore
import HoldfastStorage
import Testing

/// The histories of progress and of sweeps.
@Suite(.timeLimit(.minutes(2))) struct HistoryTests {
  @Test(arguments: TestedDatabase.allCases)
  func progressIsSampled(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    func report(_ done: Int64, end: AttemptEnd? = nil) async throws {
      try await fixture.report(
        AttemptReport(
          lease: claim.lease,
          progress: Progress(done: done, total: 100, unit: "files", bytes: done * 10, step: "s"),
          end: end))
    }
    try await report(1)
    try await Self.sampled(secondsAgo: -60, fixture)
    // So soon after it is no sample of its own.
    try await report(2)
    var samples = try await fixture.store.progressSamples(of: claim.scan.id)
    #expect(samples.map(\.progress.done) == [1])
    #expect(samples.first?.attempt == 1)
    #expect(
      samples.first?.progress
        == Progress(done: 1, total: 100, unit: "files", bytes: 10, step: "s"))
    try await Self.sampled(secondsAgo: 1, fixture)
    try await report(3)
    try await Self.sampled(secondsAgo: -60, fixture)
    // The last one is kept however soon it comes.
    try await report(4, end: .completed(message: nil, summary: [:]))
    samples = try await fixture.store.progressSamples(of: claim.scan.id)
    #expect(samples.map(\.progress.done) == [1, 3, 4])
    let stranger = Caller(scope: .only("other"), actor: "x")
    #expect(
      try await fixture.store.seen(by: stranger).progressSamples(of: claim.scan.id).isEmpty)
    let own = Caller(scope: .only("default"), actor: "x")
    #expect(try await fixture.store.seen(by: own).progressSamples(of: claim.scan.id) == samples)
  }

  /// However long a scan runs, its samples are 500 at most, and spread over all of its time.
  @Test(arguments: TestedDatabase.allCases)
  func aLongScanKeepsABoundedNumberOfSamples(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    var reported: Int64 = 0
    func samples(_ count: Int) async throws -> [Int64] {
      for _ in 0..<count {
        reported += 1
        try await fixture.report(
          AttemptReport(lease: claim.lease, progress: Progress(done: reported)))
      }
      return try await fixture.store.progressSamples(of: claim.scan.id).map(\.progress.done)
    }
    // As if the scan had run for 498 s with a sample each second.
    let numbers = (0..<498).map { "(1, \($0), \(Self.now(database)), 1, 0, 0, '', 'files')" }
    try await fixture.shell(
      """
      INSERT INTO scan_progress (scan_id, sequence, created_at, attempt, done, bytes, step, unit)
      VALUES \(numbers.joined(separator: ", "));
      UPDATE scans SET sample_sequence = 498;
      """)
    #expect(try await samples(1).count == 499)
    try await Self.sampled(secondsAgo: 1, fixture)
    // The five hundredth: every second one goes.
    let thinned = try await samples(1)
    #expect(thinned.count == 250)
    #expect(thinned.last == 1)
    // The spacing has doubled.
    #expect(try await fixture.shell("SELECT sample_stride FROM scans").contains("2"))
    try await Self.sampled(secondsAgo: 2, fixture)
    let next = try await samples(1)
    #expect(next.count == 251)
    #expect(next.last == 3)
  }

  /// Moves the last sample; one of the future makes sure that the next is not due, however slow the machine.
  private static func sampled(secondsAgo seconds: Int, _ fixture: Fixture) async throws {
    let time =
      fixture.database == .postgres
      ? "now() - interval '\(seconds) seconds'"
      : "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '\(-seconds) seconds')"
    try await fixture.shell("UPDATE scans SET sampled_at = \(time)")
  }

  private static func now(_ database: TestedDatabase) -> String {
    database == .postgres ? "now()" : "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
  }

  @Test(arguments: TestedDatabase.allCases)
  func ofIdleSweepsOnlyTheLastIsKept(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let store = fixture.store
    func sweep(_ applied: Int, looked: Int) -> SweepRecord {
      SweepRecord(
        tookMilliseconds: 1500, leader: "l", looked: looked, found: applied, planned: applied,
        held: 0, applied: applied, moved: 0, refused: 0, expired: ExpiredRows(items: applied))
    }
    let before = try await store.now()
    for (applied, looked) in [(0, 1), (0, 2), (3, 3), (4, 4), (0, 5), (0, 6)] {
      try await store.record(sweep(applied, looked: looked))
    }
    let page = try await store.sweeps(cursor: nil, limit: 2)
    #expect(page.items.map(\.looked) == [6, 4])
    let rest = try await store.sweeps(cursor: page.nextCursor, limit: 2)
    #expect(rest.items.map(\.looked) == [3])
    #expect(rest.nextCursor == nil)
    let busy = try #require(page.items.last)
    #expect(busy.expired == ExpiredRows(items: 4))
    #expect(busy.tookMilliseconds == 1500 && busy.leader == "l" && busy.applied == 4)
    #expect(abs(busy.at.seconds(since: before.adding(seconds: -1.5))) < 60)
    // What is replaced does not give its number to another.
    #expect(Set((page.items + rest.items).map(\.id)).count == 3)
  }
}
