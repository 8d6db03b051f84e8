import HoldfastCore
import HoldfastEngine
import HoldfastStorage
import Testing

/// Schedules in both databases, and the scans that come of them.
@Suite(.timeLimit(.minutes(2))) struct ScheduleTests {
  private static func draft(
    _ name: String = "nightly", cron: String? = "0 3 * * *", zone: String? = "Europe/Berlin",
    every: Int64? = nil, missed: MissedRuns = .once, target: String = "/srv/a"
  ) throws -> ScheduleDraft {
    try ScheduleDraft(
      name: name, kind: "library", target: target, params: ["hash": true], priority: 5,
      cron: cron, zone: zone, everySeconds: every, missed: missed, createdBy: "test",
      knowsZone: Zones.isKnown)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aScheduleIsKeptAsItWasMade(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let store = fixture.store
    guard case .created(let made) = try await store.add(try Self.draft()) else {
      Issue.record("not created")
      return
    }
    #expect(made.name == "nightly" && made.kind == "library" && made.target == "/srv/a")
    #expect(made.params == ["hash": true] && made.priority == 5 && made.createdBy == "test")
    #expect(made.cron == "0 3 * * *" && made.zone == "Europe/Berlin" && made.missed == .once)
    let next = try #require(made.nextAt)
    // Three o'clock in Berlin is one or two o'clock in UTC.
    #expect(next > made.createdAt && [1, 2].contains(next.civil.hour) && next.civil.minute == 0)
    #expect(made.handledAt == made.createdAt)
    #expect(try await store.add(try Self.draft()) == .existing(made))
    #expect(try await store.add(try Self.draft(cron: "0 4 * * *")) == .nameTaken(made))
    let every = try Self.draft("often", cron: nil, zone: nil, every: 90)
    guard case .created(let often) = try await store.add(every) else {
      Issue.record("not created")
      return
    }
    #expect(often.nextAt == often.createdAt.adding(seconds: 90))
    #expect(try await store.schedules(tenantID: "default") == [made, often])
    #expect(try await store.schedules(tenantID: "other").isEmpty)
    #expect(try await store.schedule(named: "often", tenantID: "default") == often)
    #expect(try await store.schedule(named: "often", tenantID: "other") == nil)
    #expect(try await store.removeSchedule(named: "often", tenantID: "other") == nil)
    #expect(try await store.removeSchedule(named: "often", tenantID: "default") == often)
    #expect(try await store.schedules(tenantID: "default") == [made])
    #expect(try await store.dueSchedules(limit: 10).due.isEmpty)
  }

  @Test(arguments: TestedDatabase.allCases)
  func aRunIsSubmittedOnceByManyLeaders(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let second = try await fixture.secondStore()
    _ = try await fixture.store.add(try Self.draft("often", cron: nil, zone: nil, every: 3600))
    try await Self.passed(seconds: 3660, fixture)
    let schedulers = [fixture.store, second, fixture.store, second].map {
      Scheduler(store: $0, policy: { kind, _ in .default(for: kind) }, logger: .quiet)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for scheduler in schedulers { group.addTask { _ = try await scheduler.turn() } }
      try await group.waitForAll()
    }
    let scans = try await fixture.store.scans(ScanFilter(), cursor: nil, limit: 10).items
    #expect(scans.count == 1)
    let scan = try #require(scans.first)
    #expect(scan.target == "/srv/a" && scan.params == ["hash": true] && scan.priority == 5)
    #expect(scan.createdBy == "schedule often")
    let schedule = try #require(
      try await fixture.store.schedule(named: "often", tenantID: "default"))
    #expect(schedule.lastScanID == scan.id && schedule.lastOutcome == "submitted")
    #expect(schedule.missedRuns == 0)
    #expect(try #require(schedule.nextAt) > schedule.handledAt)
    #expect(try await schedulers[0].turn() == 0)
    await second.close()
  }

  /// A leader that dies after a submission and before its record leaves it to the next one.
  @Test(arguments: TestedDatabase.allCases)
  func aRunThatWasNotRecordedIsNotRunTwice(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let store = fixture.store
    _ = try await store.add(try Self.draft("often", cron: nil, zone: nil, every: 3600))
    try await Self.passed(seconds: 3660, fixture)
    let before = try #require(try await store.schedule(named: "often", tenantID: "default"))
    let scheduler = Scheduler(
      store: store, policy: { kind, _ in .default(for: kind) }, logger: .quiet)
    try await scheduler.turn()
    let first = try #require(try await store.scans(ScanFilter(), cursor: nil, limit: 1).items.first)
    _ = try await store.act(.cancel, on: first.id, by: "test", reason: nil)
    try await fixture.shell(
      "UPDATE schedules SET handled_at = '\(before.handledAt)', next_at = handled_at, last_scan_id = NULL"
    )
    try await scheduler.turn()
    let all = try await store.scans(ScanFilter(), cursor: nil, limit: 10).items
    #expect(all.map(\.id) == [first.id])
    let after = try #require(try await store.schedule(named: "often", tenantID: "default"))
    #expect(after.lastScanID == first.id)
  }

  @Test(arguments: TestedDatabase.allCases)
  func missedAndHeldRunsAreTold(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let store = fixture.store
    let scheduler = Scheduler(
      store: store, policy: { kind, _ in .default(for: kind) }, logger: .quiet)
    for (policy, target) in [(MissedRuns.skip, "/srv/skip"), (.once, "/srv/once")] {
      _ = try await store.add(
        try Self.draft(
          policy.rawValue, cron: nil, zone: nil, every: 3600, missed: policy, target: target))
    }
    // The last run was due half an hour ago, and three before it.
    try await Self.passed(seconds: 4 * 3600 + 1800, fixture)
    try await scheduler.turn()
    let scans = try await store.scans(ScanFilter(), cursor: nil, limit: 10).items
    #expect(scans.map(\.target) == ["/srv/once"])
    let skipped = try #require(try await store.schedule(named: "skip", tenantID: "default"))
    #expect(skipped.missedRuns == 4 && skipped.lastOutcome == "passed over")
    #expect(skipped.lastRunAt == nil)
    let once = try #require(try await store.schedule(named: "once", tenantID: "default"))
    #expect(once.missedRuns == 3 && once.lastScanID == scans.first?.id)
    // Its scan still holds the target when the next run is due.
    try await Self.passed(seconds: 1805, fixture)
    try await scheduler.turn()
    let held = try #require(try await store.schedule(named: "once", tenantID: "default"))
    let number = try #require(scans.first).number
    #expect(held.lastOutcome == "not submitted: scan \(number) of the same target is active")
    // Meanwhile the other one's run was on time.
    let targets = try await store.scans(ScanFilter(), cursor: nil, limit: 10).items.map(\.target)
    #expect(targets == ["/srv/skip", "/srv/once"])
  }

  @Test(arguments: TestedDatabase.allCases)
  func aScheduleThatCannotBeReadSaysSo(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    _ = try await fixture.store.add(try Self.draft())
    try await fixture.shell("UPDATE schedules SET cron = 'at noon', next_at = handled_at")
    let scheduler = Scheduler(
      store: fixture.store, policy: { kind, _ in .default(for: kind) }, logger: .quiet)
    #expect(try await scheduler.turn() == 1)
    #expect(try await scheduler.turn() == 0)
    let schedule = try #require(
      try await fixture.store.schedule(named: "nightly", tenantID: "default"))
    #expect(schedule.nextAt == nil)
    #expect(schedule.lastOutcome?.contains("“at noon”") == true)
  }

  /// Makes all schedules older by so much, as if that time had passed.
  private static func passed(seconds: Double, _ fixture: Fixture) async throws {
    for schedule in try await fixture.store.schedules(tenantID: "default") {
      let shift = { (time: Timestamp) in time.adding(seconds: -seconds) }
      let next = try #require(schedule.nextAt)
      try await fixture.shell(
        """
        UPDATE schedules SET created_at = '\(shift(schedule.createdAt))',
          handled_at = '\(shift(schedule.handledAt))', next_at = '\(shift(next))'
        WHERE id = \(schedule.id)
        """)
    }
  }
}

/// What is wrong with a wish for a schedule is told with its field.
@Suite struct ScheduleDraftTests {
  @Test func wrongFieldsAreNamed() throws {
    func field(
      name: String = "n", target: String = "/srv", cron: String? = "@daily", zone: String? = nil,
      every: Int64? = nil, priority: Int = 0
    ) -> String? {
      do throws(ScheduleDraft.Refusal) {
        _ = try ScheduleDraft(
          name: name, kind: "library", target: target, priority: priority, cron: cron, zone: zone,
          everySeconds: every, createdBy: nil, knowsZone: Zones.isKnown)
        return nil
      } catch {
        return error.field
      }
    }
    #expect(field() == nil)
    for name in ["", "Nightly", "-a", "a b", String(repeating: "a", count: 65)] {
      #expect(field(name: name) == "name", "\(name)")
    }
    #expect(field(target: "srv") == "target")
    #expect(field(cron: "61 * * * *") == "cron")
    #expect(field(cron: nil) == "cron")
    #expect(field(every: 90) == "cron")
    #expect(field(cron: nil, every: 59) == "every_seconds")
    #expect(field(cron: nil, zone: "UTC", every: 90) == "zone")
    for zone in ["Berlin", "EST", "GMT+2", "", "Europe/Berlin "] {
      #expect(field(zone: zone) == "zone", "\(zone)")
    }
    #expect(field(zone: "America/New_York") == nil)
    #expect(field(priority: 101) == "priority")
  }

  /// Foundation's own table of zones, at a change of the clocks.
  @Test func zonesAreKnown() throws {
    let offset = try #require(Zones.offset(of: "Europe/Berlin"))
    let change = try #require(Timestamp("2026-03-29T01:00:00Z"))
    #expect(offset(change.adding(seconds: -0.001)) == 3600)
    #expect(offset(change) == 7200)
    let rule = ScheduleRule.cron(try CronExpression("30 2 * * *"))
    let next = rule.next(after: change.adding(seconds: -3600), offset: offset)
    #expect(next == change)
  }
}
