import HoldfastCore
import HoldfastStorage
import Testing

@Suite struct ReadingTests {
  @Test(arguments: TestedDatabase.allCases)
  func scansAreListedNewestFirstAndFiltered(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let store = fixture.store
    var all: [ScanID] = []
    for index in 0..<7 {
      all.append(
        try await fixture.submit(
          .sample(
            "/\(index % 2)", kind: index == 3 ? "site" : "library",
            exclusivity: index == 6 ? .target : .none, tenant: index == 5 ? "t2" : "default")
        ).id)
    }
    _ = try await store.act(.cancel, on: all[1], by: "a", reason: nil)
    func ids(_ filter: ScanFilter) async throws -> [ScanID] {
      var found: [ScanID] = []
      var cursor: String?
      repeat {
        let page = try await store.scans(filter, cursor: cursor, limit: 2)
        #expect(page.items.count <= 2)
        found += page.items.map(\.id)
        cursor = page.nextCursor
      } while cursor != nil
      return found
    }
    #expect(try await ids(ScanFilter()) == all.reversed())
    #expect(try await ids(ScanFilter(tenantID: "t2")) == [all[5]])
    #expect(try await ids(ScanFilter(kind: "site")) == [all[3]])
    #expect(
      try await ids(ScanFilter(target: "/0")) == [all[6], all[4], all[2], all[0]])
    #expect(try await ids(ScanFilter(scope: "library:/0")) == [all[6]])
    #expect(try await ids(ScanFilter(statuses: [.cancelled])) == [all[1]])
    #expect(
      try await ids(
        ScanFilter(
          tenantID: "default", statuses: [.pending, .failed], kind: "library", target: "/1"))
        == [])
    #expect(try await store.statusCounts() == [.pending: 6, .cancelled: 1])
    // Exactly a page's worth has no next page.
    #expect(try await store.scans(ScanFilter(), cursor: nil, limit: 7).nextCursor == nil)
    #expect(try await store.scan(.id(.make())) == nil)
    #expect(try await store.scan(.number(4_000_000)) == nil)
  }

  @Test(arguments: TestedDatabase.allCases)
  func scansAreSearchedAndOrdered(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let store = fixture.store
    var all: [Scan] = []
    for (target, kind) in [
      ("/b/Course", "library"), ("/a", "site"), ("/B", "library"), ("/é/course 3", "portal"),
      ("/a", "library"), ("/100%_x", "library"),
    ] {
      all.append(try await fixture.submit(.sample(target, kind: kind, exclusivity: .none)))
    }
    _ = try await store.act(.cancel, on: all[2].id, by: "a", reason: nil)
    func places(_ filter: ScanFilter, _ order: ScanOrder = .newestFirst) async throws -> [Int] {
      var found: [Int] = []
      var cursor: String?
      repeat {
        let page = try await store.scans(filter, order: order, cursor: cursor, limit: 2)
        #expect(page.items.count <= 2)
        found += page.items.compactMap { scan in all.firstIndex { $0.id == scan.id } }
        cursor = page.nextCursor
      } while cursor != nil
      return found
    }
    #expect(try await places(ScanFilter(search: "COURSE")) == [3, 0])
    // Nothing in a search is a pattern.
    #expect(try await places(ScanFilter(search: "%_")) == [5])
    #expect(try await places(ScanFilter(search: "b' OR ''='")) == [])
    #expect(try await places(ScanFilter(search: "#2")) == [1])
    #expect(try await places(ScanFilter(search: "3")) == [3, 2])
    #expect(try await places(ScanFilter(kind: "library", search: "/b")) == [2, 0])

    #expect(try await places(ScanFilter(), ScanOrder(.number)) == [0, 1, 2, 3, 4, 5])
    #expect(try await places(ScanFilter(), ScanOrder(.target)) == [5, 2, 4, 1, 0, 3])
    #expect(
      try await places(ScanFilter(), ScanOrder(.target, isDescending: true)) == [3, 0, 4, 1, 2, 5])
    #expect(try await places(ScanFilter(), ScanOrder(.kind)) == [5, 4, 2, 0, 3, 1])
    #expect(try await places(ScanFilter(), ScanOrder(.status)) == [2, 5, 4, 3, 1, 0])
    #expect(
      try await places(ScanFilter(search: "course"), ScanOrder(.target, isDescending: true))
        == [3, 0])
    // A cursor belongs to the order that it came from.
    let cursor = try await store.scans(ScanFilter(), cursor: nil, limit: 2).nextCursor
    await #expect(throws: StoreError.self) {
      try await store.scans(ScanFilter(), order: ScanOrder(.target), cursor: cursor, limit: 2)
    }
  }

  @Test(arguments: TestedDatabase.allCases)
  func whatSupervisionDoubtsIsFound(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let store = fixture.store
    let life = try await fixture.worker()
    let hung = try await fixture.running(.sample("/hung"), by: life)
    let suspected = try await fixture.running(.sample("/suspected"), by: life)
    _ = try await fixture.running(.sample("/well"), by: life)
    try await fixture.shell(
      """
      UPDATE scans SET verdict = '{"verdict":"hung"}' WHERE number = \(hung.scan.number);
      UPDATE scans SET suspicion = '{}' WHERE number = \(suspected.scan.number);
      """)
    func found(_ name: String) async throws -> [String] {
      try await store.scans(
        ScanFilter(doubt: ScanDoubt(name)), cursor: nil, limit: 10
      ).items.map(\.target)
    }
    #expect(try await found("stuck") == ["/suspected", "/hung"])
    #expect(try await found("suspected") == ["/suspected"])
    #expect(try await found("hung") == ["/hung"])
    #expect(try await found("dead") == [])
    #expect(ScanDoubt("ended") == nil)
    #expect(ScanDoubt.names.allSatisfy { ScanDoubt($0)?.name == $0 })
    // What has ended is not in doubt any more.
    try await fixture.report(
      AttemptReport(lease: hung.lease, end: .completed(message: nil, summary: [:])))
    #expect(try await found("stuck") == ["/suspected"])
  }

  @Test(arguments: TestedDatabase.allCases)
  func theQueueIsCountedByKindAndStatus(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let store = fixture.store
    #expect(try await store.queueDepth().isEmpty)
    var first: Scan?
    for target in ["/a", "/b", "/c"] {
      let scan = try await fixture.submit(.sample(target, exclusivity: .none))
      first = first ?? scan
    }
    let ended = try await fixture.submit(.sample("/d", kind: "site", exclusivity: .none))
    _ = try await store.act(.cancel, on: ended.id, by: "a", reason: nil)
    let depth = try await store.queueDepth()
    #expect(
      depth == [
        QueueDepth(
          kind: "library", status: .pending, count: 3, due: 3,
          oldestAt: try #require(first).createdAt)
      ])
  }

  @Test(arguments: TestedDatabase.allCases)
  func listsOfOneScanArePaged(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let claim = try await fixture.running()
    let id = claim.scan.id
    // Byte order, in both databases.
    let keys = ["Z", "a", "b/ü", "b0", "é", "\u{1F600}", "z\"'\\"]
    let sorted = keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    try await fixture.report(
      AttemptReport(
        lease: claim.lease,
        items: keys.shuffled().map {
          Item(key: $0, type: "file", change: $0 == "a" ? .updated : .found)
        },
        errors: (0..<5).map { ItemError(path: "p\($0)", type: "t", message: "m") }))
    var found: [String] = []
    var cursor: String?
    repeat {
      let page = try await fixture.store.items(of: id, change: nil, cursor: cursor, limit: 3)
      found += page.items.map(\.item.key)
      cursor = page.nextCursor
    } while cursor != nil
    #expect(found == sorted)
    let updated = try await fixture.store.items(
      of: id, change: .updated, cursor: nil, limit: 3)
    #expect(updated.items.map(\.item.key) == ["a"])

    var paths: [String] = []
    cursor = nil
    repeat {
      let page = try await fixture.store.errors(of: id, cursor: cursor, limit: 2)
      paths += page.items.map(\.filePath)
      cursor = page.nextCursor
    } while cursor != nil
    #expect(paths == ["p0", "p1", "p2", "p3", "p4"])

    let first = try await fixture.store.events(of: id, cursor: nil, limit: 1)
    #expect(first.items.map(\.eventType) == ["scan_submitted"])
    let second = try await fixture.store.events(of: id, cursor: first.nextCursor, limit: 1)
    #expect(second.items.map(\.eventType) == ["scan_claimed"])
    #expect(second.nextCursor == nil)
  }

  @Test(arguments: TestedDatabase.allCases)
  func foreignCursorsAreRefused(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let scan = try await fixture.submit(.sample())
    for cursor in ["zz", "4", "-1", "ff"] {
      await #expect(throws: StoreError.badCursor(cursor)) {
        _ = try await fixture.store.scans(ScanFilter(), cursor: cursor, limit: 1)
      }
      await #expect(throws: StoreError.badCursor(cursor)) {
        _ = try await fixture.store.events(of: scan.id, cursor: cursor, limit: 1)
      }
    }
    await #expect(throws: StoreError.badCursor("x")) {
      _ = try await fixture.store.items(of: scan.id, change: nil, cursor: "x", limit: 1)
    }
  }

  @Test(arguments: TestedDatabase.allCases)
  func theTailOfEventsIsFollowed(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    #expect(try await fixture.store.lastEventID() == 0)
    let scan = try await fixture.submit(.sample())
    let start = try await fixture.store.lastEventID()
    _ = try await fixture.store.claim(scan.id, for: try await fixture.worker())
    _ = try await fixture.store.act(.cancel, on: scan.id, by: "a", reason: nil)
    let events = try await fixture.store.events(after: start, limit: 10)
    #expect(events.map(\.eventType) == ["scan_claimed", "cancel_requested"])
    #expect(events.allSatisfy { $0.scanID == scan.id })
    #expect(try await fixture.store.lastEventID() == events.last?.id)
    let one = try await fixture.store.events(after: 0, limit: 1)
    #expect(one.map(\.eventType) == ["scan_submitted"])
  }

  @Test(arguments: TestedDatabase.allCases)
  func changedScansAreFound(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let store = fixture.store
    let life = try await fixture.worker()
    let old = try await fixture.running(by: life)
    let still = try await fixture.running(by: life)
    try await eventually("the clock to move on") {
      try await store.now() > (try await fixture.scan(still.scan.id)).updatedAt
    }
    let since = try await store.now()
    try await eventually("the clock to move on") { try await store.now() > since }
    _ = try await store.beat(life, leases: [old.lease, still.lease], running: 2)
    #expect(try await store.scans(changedSince: since, after: 0, limit: 9).isEmpty)
    try await fixture.report(
      AttemptReport(lease: old.lease, progress: Progress(done: 1)))
    let new = try await fixture.submit(.sample())
    let changed = try await store.scans(changedSince: since, after: 0, limit: 9)
    #expect(Set(changed.map(\.id)) == [old.scan.id, new.id])
    #expect(changed.map(\.updatedAt) == changed.map(\.updatedAt).sorted())
    try await fixture.report(
      AttemptReport(lease: still.lease, end: .completed(message: nil, summary: [:])))
    let three = try await store.scans(changedSince: since, after: 0, limit: 9)
    #expect(Set(three.map(\.id)) == [old.scan.id, new.id, still.scan.id])
    // Page by page, whatever shares a millisecond.
    var paged: [ScanID] = []
    var (moment, number) = (since, Int64(0))
    while let next = try await store.scans(changedSince: moment, after: number, limit: 1).first {
      paged.append(next.id)
      (moment, number) = (next.updatedAt, next.number)
    }
    #expect(paged == three.map(\.id))
  }

  @Test(arguments: TestedDatabase.allCases)
  func settingsAreKept(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    #expect(try await fixture.store.setting("a") == nil)
    try await fixture.store.setSetting("a", to: "1")
    try await fixture.store.setSetting("a", to: "2")
    #expect(try await fixture.store.setting("a") == "2")
    let other = try await fixture.secondStore()
    #expect(try await other.setting("a") == "2")
    await other.close()
    await #expect(throws: StoreError.self) { _ = try await other.setting("a") }
  }
}
