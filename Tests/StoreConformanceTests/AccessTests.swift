import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

/// Tokens, tenants and the audit log, and what a caller of one tenant sees of the scans.
@Suite struct AccessTests {
  @Test(arguments: TestedDatabase.allCases)
  func tokensLiveAndEnd(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let store = fixture.store
    let made = try await store.createToken(.sample("ci", hash: "h1", expires: 3600))
    guard case .created(let token) = made else {
      Issue.record("\(made)")
      return
    }
    #expect(token.state == .active)
    #expect(token.lastUsedAt == nil)
    let life = try #require(token.expiresAt).seconds(since: token.createdAt)
    #expect(abs(life - 3600) < 1)
    #expect(try await store.createToken(.sample("ci", hash: "h2")) == .nameTaken)
    #expect(try await store.createToken(.sample("x", hash: "h1")) == .nameTaken)
    #expect(
      try await store.createToken(.sample("x", hash: "h3", scope: .only("nowhere")))
        == .noSuchTenant)

    #expect(try await store.useToken(hash: "h1")?.id == token.id)
    let used = try #require(try await store.token(id: token.id)?.lastUsedAt)
    #expect(try await store.useToken(hash: "h1")?.lastUsedAt == used)
    #expect(try await store.useToken(hash: "h9") == nil)

    #expect(try await store.rotateToken("ci", hash: "h4", by: "test")?.id == token.id)
    #expect(try await store.useToken(hash: "h1") == nil)
    #expect(try await store.revokeToken("ci", by: "test")?.state == .revoked)
    #expect(try await store.useToken(hash: "h4")?.state == .revoked)
    #expect(try await store.rotateToken(token.id, hash: "h5", by: "test") == nil)
    #expect(try await store.revokeToken("ci", by: "test") == nil)
    // The name is free again.
    guard case .created = try await store.createToken(.sample("ci", hash: "h6", expires: -1))
    else {
      Issue.record("the name of a revoked token is not free")
      return
    }
    #expect(try await store.useToken(hash: "h6")?.state == .expired)
    #expect(try await store.tokens().map(\.state) == [.expired, .revoked])
    await store.close()
  }

  @Test(arguments: TestedDatabase.allCases)
  func aCallerSeesItsTenantAlone(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let mine = try await fixture.running(.sample("/mine", tenant: "a"))
    try await fixture.report(
      AttemptReport(
        lease: mine.lease, items: [Item(key: "k", type: "t", change: .added)],
        errors: [ItemError(path: "/p", type: "t", message: "m")],
        end: .failed(error: "broken", reason: nil, summary: nil)))
    try await fixture.submit(.sample("/mine/next", tenant: "a"))
    let id = mine.scan.id
    for (tenant, count) in [("a", 2), ("b", 0)] {
      let store = fixture.store.seen(by: .sample(tenant))
      let isThere = count > 0
      #expect((try await store.scan(.id(id)) != nil) == isThere)
      #expect((try await store.scan(.number(mine.scan.number)) != nil) == isThere)
      #expect(try await store.scans(ScanFilter(), cursor: nil, limit: 9).items.count == count)
      // A filter does not widen what is seen.
      let filter = ScanFilter(tenantID: "a")
      #expect(try await store.scans(filter, cursor: nil, limit: 9).items.count == count)
      #expect(try await store.statusCounts().values.reduce(0, +) == Int64(count))
      let events = try await store.events(of: id, cursor: nil, limit: 99).items
      #expect(events.isEmpty != isThere)
      #expect(
        try await store.items(of: id, change: nil, cursor: nil, limit: 9).items.isEmpty != isThere)
      #expect(try await store.errors(of: id, cursor: nil, limit: 9).items.isEmpty != isThere)
      #expect(try await store.events(after: 0, limit: 99).isEmpty != isThere)
      #expect(try await store.active(after: 0, limit: 9).rows.isEmpty != isThere)
      #expect(try await store.resettable(tenantID: "a", limit: 9).isEmpty != isThere)
    }
    let other = fixture.store.seen(by: .sample("b"))
    for action in OperatorAction.allCases {
      #expect(try await other.act(action, on: id, by: "x", reason: nil) == .notFound)
    }
    #expect(try await other.delete(id, by: "x", reason: nil) == .notFound)
    #expect(try await other.auditLog(AuditFilter(), cursor: nil, limit: 9).items.isEmpty)
    #expect(try await fixture.scan(id).status == .failed)
    // What it submits is its own, whatever it says.
    let submitted = try await other.submit([.sample("/mine", tenant: "a")])
    guard case .created(let scan) = submitted.first else {
      Issue.record("\(submitted)")
      return
    }
    #expect(try await fixture.scan(scan.id).tenantID == "b")
    await fixture.store.close()
  }

  /// A worker of one tenant is given its scans, and whatever it says of others' changes nothing.
  @Test(arguments: TestedDatabase.allCases)
  func aTenantsWorkerRunsItsScansAlone(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let (a, b) = (fixture.store.seen(by: .sample("a")), fixture.store.seen(by: .sample("b")))
    let mine = try await fixture.submit(.sample("/mine", tenant: "a"))
    let theirs = try await fixture.submit(.sample("/theirs", tenant: "b"))
    let (own, other) = (
      try await a.registerWorker(.sample("w1")), try await b.registerWorker(.sample("w1"))
    )
    #expect(try await a.claim(theirs.id, for: own) == nil)
    let claims = try await a.claim(for: own, kinds: nil, limit: 9)
    #expect(claims.map(\.scan.id) == [mine.id])
    let lease = try #require(claims.first).lease
    let before = try await fixture.scan(mine.id)

    let ended = AttemptReport(lease: lease, end: .completed(message: nil, summary: [:]))
    #expect(try await b.report([ended]) == [.superseded])
    #expect(try await b.reportMinimally(ended) == .superseded)
    let pulse = Pulse(lease: lease, isActive: true, hasAnswered: true)
    #expect(try await b.beat(other, pulses: [pulse], running: 1).lost == [lease])
    #expect(try await b.beatMinimally(other, leases: [lease]).lost == [lease])
    #expect(try await b.settle(lease, removalLimit: nil) == nil)
    #expect(try await b.recordDiagnosis(["class": "spinning"], of: lease, attempt: 1) == false)
    #expect(try await b.baselineSummary(for: lease) == nil)
    // Of the same name on the same host, and another tenant's: no earlier life of it.
    #expect(try await b.recoverEarlierLives(of: other) { _ in true }.isEmpty)
    #expect(try await fixture.scan(mine.id) == before)

    #expect(try await b.worker(life: own.id) == nil)
    #expect(try await b.workers().map(\.id) == [other.id])
    #expect(try await a.worker(life: own.id)?.tenant == "a")
    #expect(try await fixture.store.workers().count == 2)
    let fleet = try await fixture.store.fleet()
    #expect(fleet.queue(for: "library", of: "a").workersForKind == 1)
    #expect(fleet.queue(for: "library", of: "c").workersForKind == 0)
    #expect(try await a.beat(own, pulses: [pulse], running: 1).lost.isEmpty)
    #expect(try await a.report([ended]) == [.applied])
    #expect(try await fixture.scan(mine.id).status == .completed)
    await fixture.store.close()
  }

  /// Row-level security without any condition of ours: what its role sees in `psql`.
  @Test func theDatabaseItselfKeepsTenantsApart() async throws {
    let fixture = try await Fixture(.postgres)
    let mine = try await fixture.running(.sample("/mine", tenant: "a"))
    try await fixture.report(
      AttemptReport(
        lease: mine.lease, items: [Item(key: "k", type: "t", change: .added)],
        errors: [ItemError(path: "/p", type: "t", message: "m")],
        end: .completed(message: nil, summary: [:])))
    _ = try await fixture.store.createToken(.sample("ci", hash: "h1"))
    var draft = try ScheduleDraft(
      name: "nightly", kind: "library", target: "/mine", cron: nil, zone: nil,
      everySeconds: 86_400, createdBy: "test", knowsZone: Zones.isKnown)
    draft.tenantID = "a"
    _ = try await fixture.store.add(draft)
    let tables = ["scans", "scan_lifecycle_events", "scan_errors", "scan_items", "schedules"]
    for (tenant, isThere) in [("a", true), ("b", false), ("", false)] {
      for table in tables {
        let count = try await fixture.shell(
          """
          BEGIN; SET LOCAL ROLE holdfast_tenant; SET LOCAL holdfast.tenant = '\(tenant)';
          SELECT 'seen=' || (count(*) > 0) FROM \(table); COMMIT
          """)
        #expect(count.contains("seen=\(isThere)"), "\(table) for “\(tenant)”: \(count)")
      }
    }
    for table in ["settings", "scan_rhythms", "holdfast_migrations"] {
      await #expect(throws: (any Error).self, "\(table)") {
        try await fixture.shell("SET ROLE holdfast_tenant; SELECT * FROM \(table)")
      }
    }
    let changed = try await fixture.shell(
      """
      BEGIN; SET LOCAL ROLE holdfast_tenant; SET LOCAL holdfast.tenant = 'b';
      WITH changed AS (UPDATE scans SET priority = 9 RETURNING 1)
      SELECT 'changed=' || count(*) FROM changed; COMMIT
      """)
    #expect(changed.contains("changed=0"))
    // Nothing can be put among another's rows.
    await #expect(throws: (any Error).self) {
      try await fixture.shell(
        """
        BEGIN; SET LOCAL ROLE holdfast_tenant; SET LOCAL holdfast.tenant = 'b';
        INSERT INTO scans (id, tenant_id, kind, target)
        VALUES ('00000000-0000-7000-8000-000000000001', 'a', 'library', '/x'); COMMIT
        """)
    }
    await fixture.store.close()
  }

  /// Whatever a tenant's transactions may touch has the wall around it, or is nobody's own: a table that is added later must not be
  /// forgotten.
  @Test func noTableIsOpenToTenantsWithoutTheWall() async throws {
    let fixture = try await Fixture(.postgres)
    let open = try await fixture.shell(
      """
      SELECT 'open=' || coalesce(string_agg(c.relname, ',' ORDER BY c.relname), '')
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
        AND has_table_privilege('holdfast_tenant', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
      """)
    #expect(open.contains("open=\n") || open.hasSuffix("open="), "\(open)")
    await fixture.store.close()
  }

  /// A tenant's schedules are its own in both databases, and each change of one is in the audit log.
  @Test(arguments: TestedDatabase.allCases)
  func schedulesAreATenantsOwn(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let (mine, other) = (
      fixture.store.seen(by: .sample("a")), fixture.store.seen(by: .sample("b"))
    )
    func draft(_ tenant: String) throws -> ScheduleDraft {
      var draft = try ScheduleDraft(
        name: "nightly", kind: "library", target: "/x", cron: nil, zone: nil,
        everySeconds: 86_400, createdBy: "test", knowsZone: Zones.isKnown)
      draft.tenantID = tenant
      return draft
    }
    // Whatever the draft says, it is its caller's.
    guard case .created(let made) = try await mine.add(try draft("b")) else {
      Issue.record("the schedule was not made")
      return
    }
    #expect(made.tenantID == "a")
    #expect(try await mine.schedules(tenantID: "a") == [made])
    #expect(try await other.schedules(tenantID: "a").isEmpty)
    #expect(try await other.schedule(named: "nightly", tenantID: "a") == nil)
    #expect(try await other.removeSchedule(named: "nightly", tenantID: "a") == nil)
    #expect(try await mine.removeSchedule(named: "nightly", tenantID: "a") == made)
    let log = try await mine.auditLog(AuditFilter(), cursor: nil, limit: 9).items
    #expect(log.map(\.action) == ["schedule.remove", "schedule.add"])
    #expect(log.allSatisfy { $0.object == "schedule nightly" && $0.tenant == "a" })
    #expect(log.first?.before["every_seconds"] == 86_400)
    #expect(try await other.auditLog(AuditFilter(), cursor: nil, limit: 9).items.isEmpty)
    await fixture.store.close()
  }

  /// The database's user may neither make the role nor take it: the store's own conditions stand alone.
  @Test func withoutTheRoleTheStoreKeepsThemApart() async throws {
    let server = try await PostgresServer.shared()
    try server.administer("CREATE ROLE plain LOGIN; CREATE DATABASE of_plain OWNER plain")
    let store = try await SQLStore.open(
      url: server.url(database: "of_plain", user: "plain"), logger: .quiet)
    _ = try await store.submit([.sample("/mine", tenant: "a")])
    for (tenant, count) in [("a", 1), ("b", 0)] {
      let seen = try await store.seen(by: .sample(tenant)).scans(
        ScanFilter(), cursor: nil, limit: 9)
      #expect(seen.items.count == count)
    }
    await store.close()
  }

  @Test(arguments: TestedDatabase.allCases)
  func actionsAreLoggedWithThem(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let scan = try await fixture.submit(.sample(tenant: "a"))
    let store = fixture.store.seen(by: .sample("a"))
    _ = try await store.act(.cancel, on: scan.id, by: "ann", reason: "why not")
    // What is refused is no action.
    _ = try await store.act(.pause, on: scan.id, by: "ann", reason: nil)
    // The program's own parts leave no lines.
    _ = try await fixture.store.act(.retry, on: scan.id, by: "sweep", reason: nil)
    let log = try await store.auditLog(AuditFilter(), cursor: nil, limit: 9).items
    #expect(log.map(\.action) == ["scan.cancel"])
    #expect(log.first?.actor == "ann")
    #expect(log.first?.address == "10.0.0.1")
    #expect(log.first?.object == "scan \(scan.number)")
    #expect(log.first?.before["status"] == "pending")
    #expect(log.first?.after["status"] == "cancelled")
    _ = try await store.act(.fail, on: scan.id, by: "ann", reason: nil)
    let page = try await store.auditLog(AuditFilter(), cursor: nil, limit: 1)
    #expect(page.items.map(\.action) == ["scan.fail"])
    let rest = try await store.auditLog(AuditFilter(), cursor: page.nextCursor, limit: 9)
    #expect(rest.items.map(\.action) == ["scan.cancel"])
    let filtered = try await store.auditLog(
      AuditFilter(action: "scan.cancel"), cursor: nil, limit: 9)
    #expect(filtered.items.count == 1)
    await fixture.store.close()
  }
}

extension Caller {
  static func sample(_ tenant: String) -> Caller {
    Caller(scope: .only(tenant), actor: "ann", address: "10.0.0.1", requestID: "r1")
  }
}

extension TokenDraft {
  fileprivate static func sample(
    _ name: String, hash: String, scope: TenantScope = .only("default"), expires: Double? = nil
  ) -> TokenDraft {
    TokenDraft(
      name: name, hash: hash, role: .operator, scope: scope, expiresInSeconds: expires,
      createdBy: "test")
  }
}
