import HoldfastCore
import HoldfastStorage
import Testing

/// What an overview plots: ends and recoveries of a window of time, read without an index on it.
@Suite struct ActivityTests {
  @Test(arguments: TestedDatabase.allCases)
  func endsAndRecoveriesOfTheWindowAreTold(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let empty = try await fixture.store.activity(lastSeconds: 3600, limit: 10)
    #expect(empty.ended == [] && empty.recovered == [] && !empty.isCut)
    #expect(empty.until.seconds(since: empty.from) == 3600)

    let old = try await fixture.scan(in: .failed)
    try await fixture.shell(
      "UPDATE scan_lifecycle_events SET created_at = \(fixture.ago(7200)) WHERE scan_id = '\(old.id)'"
    )
    for status in [ScanStatus.completed, .partial, .cancelled, .pending, .running] {
      _ = try await fixture.scan(in: status)
    }
    let stale = try await Trouble.silent.make(in: fixture)
    let entry = try await fixture.entry(for: stale.id, policy: Trouble.silent.policy)
    #expect(try await fixture.store.recover(entry, delaySeconds: 0, by: "sweep"))

    let hour = try await fixture.store.activity(lastSeconds: 3600, limit: 10)
    #expect(hour.ended.map(\.status) == [.cancelled, .partial, .completed], "newest first")
    #expect(hour.ended.allSatisfy { ($0.seconds ?? -1) >= 0 })
    #expect(hour.recovered.map(\.reason) == ["worker_lost"])
    #expect(!hour.isCut)
    let day = try await fixture.store.activity(lastSeconds: 86_400, limit: 10)
    #expect(day.ended.map(\.status) == [.cancelled, .partial, .completed, .failed])
    let cut = try await fixture.store.activity(lastSeconds: 86_400, limit: 2)
    #expect(cut.isCut)
    #expect(cut.ended.count + cut.recovered.count == 2)
  }

  /// What supervision says of a scan counts where it calls it stuck, each time that it says something else.
  @Test(arguments: TestedDatabase.allCases)
  func whatWasFoundStuckIsTold(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let scan = try await fixture.scan(in: .running)
    try await fixture.shell(
      """
      INSERT INTO scan_lifecycle_events (scan_id, event_type, event_data) VALUES
        ('\(scan.id)', 'scan_verdict', '{"verdict": "slow", "message": "m"}'),
        ('\(scan.id)', 'scan_verdict', '{"verdict": "hung", "reason": "progress_stalled"}')
      """)
    let hour = try await fixture.store.activity(lastSeconds: 3600, limit: 10)
    #expect(hour.stuck.map(\.reason) == ["progress_stalled"])
    #expect(hour.recovered == [])
    await fixture.store.close()
  }

  /// The first event of the window is found by halving the ids, wherever the gaps between them are.
  @Test(arguments: TestedDatabase.allCases)
  func theWindowBeginsBetweenAnyTwoEvents(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    // Hours, so that a busy machine does not come near a window's edge while it makes them.
    let hours = 20
    for hour in (1...hours).reversed() {
      let scan = try await fixture.scan(in: .completed)
      try await fixture.shell(
        """
        UPDATE scan_lifecycle_events SET created_at = \(fixture.ago(Double(hour) * 3600))
        WHERE scan_id = '\(scan.id)';
        DELETE FROM scan_lifecycle_events
        WHERE scan_id = '\(scan.id)' AND event_type <> 'scan_completed'
        """)
    }
    for hour in 0...hours {
      let activity = try await fixture.store.activity(
        lastSeconds: Double(hour) * 3600 + 1800, limit: 100)
      #expect(activity.ended.count == hour)
    }
  }

  /// Other tenants' scans are in nobody else's plots.
  @Test(arguments: TestedDatabase.allCases)
  func eachTenantSeesItsOwn(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    for tenant in ["default", "other", "other"] {
      let claim = try await fixture.running(.sample(tenant: tenant))
      try await fixture.report(AttemptReport(lease: claim.lease, end: .cancelled(message: "stop")))
      _ = try await fixture.submit(.sample(tenant: tenant))
    }
    for (tenant, count) in [("default", 1), ("other", 2), ("third", 0)] {
      let seen = fixture.store.seen(by: Caller(scope: .only(tenant), actor: "somebody"))
      #expect(try await seen.activity(lastSeconds: 60, limit: 10).ended.count == count)
      #expect(try await seen.queueDepth().reduce(0) { $0 + $1.count } == Int64(count))
    }
  }
}
