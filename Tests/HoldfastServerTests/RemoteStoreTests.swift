import HoldfastCore
import HoldfastEngine
import HoldfastRemote
import HoldfastStorage
import Logging
import Testing

/// A worker's store over HTTP answers as the database itself does.
@Suite(.timeLimit(.minutes(3))) struct RemoteStoreTests {
  @Test(arguments: TestDatabase.allCases)
  func aReportArrivesWhole(_ database: TestDatabase) async throws {
    try await Self.run(on: database) { server, store, life in
      let scan = try await ScriptedWorker.start(server.store).submit("/srv/a")
      let claim = try #require(try await store.claim(for: life, kinds: nil, limit: 5).first)
      let stored = try #require(try await server.store.scan(.id(scan.id)))
      #expect(claim.scan.id == scan.id && claim.lease.token == stored.leaseToken)
      #expect(claim.scan.params == stored.params)
      #expect(store.policy(kind: "library", target: "/srv/a") == .default(for: "library"))
      #expect(try await store.baselineSummary(for: claim.lease) == nil)

      let progress = Progress(done: 3, total: 9, unit: "files", bytes: 42, step: "walking")
      let report = AttemptReport(
        lease: claim.lease, sequence: 1,
        items: [
          Item(
            key: "é\n", type: "file", change: .added, identity: "i1", data: ["size": 1.5])
        ],
        errors: [ItemError(path: "b", type: "oversized", message: "It is too large.")],
        checkpoint: ["page": 2, "none": nil], progress: progress, progressMessage: "on its way",
        waitingFor: "rate limit", waitSeconds: 30)
      #expect(try await store.report([report]) == [.applied])
      let now = try #require(try await server.store.scan(.id(scan.id)))
      #expect(now.progress == progress && now.progressMessage == "on its way")
      #expect(now.checkpoint == report.checkpoint)
      #expect(now.waitingFor == "rate limit")
      let items = try await server.store.items(of: scan.id, change: nil, cursor: nil, limit: 9)
      #expect(items.items.map(\.item.key) == ["é\n"])
      #expect(items.items.first?.item.data == ["size": 1.5])

      let stillThere = try await store.beat(
        life, pulses: [Pulse(lease: claim.lease, isActive: true, hasAnswered: true)], running: 1)
      #expect(stillThere == BeatOutcome(lost: [], requests: [:]))
      let end = AttemptEnd.requeued(
        reason: .runnerCrashed, message: "it died", delaySeconds: 0, countsAsCrash: true)
      let last = AttemptReport(
        lease: claim.lease, sequence: 2, diagnosis: ["class": "spinning"], end: end)
      #expect(try await store.report([last]) == [.applied])
      #expect(try await server.store.scan(.id(scan.id))?.crashes == 1)
      #expect(try await store.report([last]) == [.applied])
      let lost = try await store.beat(life, leases: [claim.lease], running: 1)
      #expect(lost.lost == [claim.lease])
    }
  }

  /// The scan before, its parts in more than one answer, and what became of the missing.
  @Test(arguments: TestDatabase.allCases)
  func whatTheScanBeforeLeftIsTheSame(_ database: TestDatabase) async throws {
    try await Self.run(on: database) { server, store, life in
      let scripted = try await ScriptedWorker.start(server.store)
      func next() async throws -> Claim {
        let scan = try await scripted.submit("/srv/a")
        let claim = try await store.claim(for: life, kinds: ["library"], limit: 1).first
        return try #require(claim?.scan.id == scan.id ? claim : nil)
      }
      let first = try await next()
      let parts = (0..<3).map { number in
        Baseline.Write(
          id: Self.partID(number), segment: 0, fingerprint: Self.partID(number + 7),
          content: "AQID")
      }
      let whole = AttemptReport(
        lease: first.lease, sequence: 1, baselineWrites: parts,
        end: .completed(message: nil, summary: ["files_seen": 3]))
      #expect(try await store.report([whole]) == [.applied])

      let second = try await next()
      let summary = try #require(try await store.baselineSummary(for: second.lease))
      #expect(summary.scanID == first.scan.id && summary.parts == 3)
      #expect(summary.summary == ["files_seen": 3])
      let entries = try await store.baselineEntries(for: second.lease, after: nil, limit: 2)
      let direct = try await server.store.baselineEntries(
        for: second.lease, after: nil, limit: 99)
      #expect(entries == Array(direct.prefix(2)) && direct.count == 3)
      let rest = try await store.baselineEntries(
        for: second.lease, after: entries[0].id, limit: 9)
      #expect(rest == Array(direct.dropFirst()))
      let contents = try await store.baselineContents(
        for: second.lease, ids: [entries[1].id])
      #expect(contents.map(\.content) == ["AQID"])

      let moved = AttemptReport(
        lease: second.lease, sequence: 1,
        items: [
          Item(key: "old", type: "file", change: .missing, identity: "x"),
          Item(key: "new", type: "file", change: .added, identity: "x"),
          Item(key: "gone", type: "file", change: .missing, identity: "y"),
        ])
      #expect(try await store.report([moved]) == [.applied])
      let settled = try await store.settle(second.lease, removalLimit: 5)
      #expect(settled == WorkerMessage.Settlement(moved: 1, removed: 1, isRefused: false))
      try await server.store.retireWorker(life)
      #expect(try await store.settle(second.lease, removalLimit: nil) == nil)
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func signalsAndEarlierLives(_ database: TestDatabase) async throws {
    try await Self.run(on: database) { server, store, life in
      let ticks = store.signals(.queue)
      let scan = try await ScriptedWorker.start(server.store).submit("/srv/a")
      // The stream's own opening ticks, too; the scan's is among them or after.
      var claimed: Claim?
      for await _ in ticks {
        claimed = try await store.claim(for: life, kinds: nil, limit: 1).first
        if claimed != nil { break }
      }
      #expect(claimed?.scan.id == scan.id)

      #expect(try await store.knowsWorker(life: life.id))
      #expect(try await !store.knowsWorker(life: ScanID.make().description))
      let next = try await store.registerWorker(Self.registration)
      let kept = try await store.recoverEarlierLives(of: next) { _ in false }
      #expect(kept.isEmpty)
      let recovered = try await store.recoverEarlierLives(of: next) { $0.id == life.id }
      #expect(recovered.map(\.id) == [scan.id])
      #expect(recovered.first?.status == .pending)
      let found: JSONValue = ["class": "exited", "sentence": "It was killed."]
      let lease = try #require(claimed?.lease)
      #expect(try await store.recordDiagnosis(found, of: lease, attempt: 1))
      try await store.retireWorker(next)
    }
  }

  /// What scans have taught reaches a worker that has no database; one of a tenant learns of no target.
  @Test(arguments: TestDatabase.allCases)
  func whatScansHaveTaughtIsTheSame(_ database: TestDatabase) async throws {
    try await Self.run(on: database) { server, store, life in
      let scripted = try await ScriptedWorker.start(server.store)
      for number in 1...UsualRates.minimum {
        _ = try await scripted.submit("/srv/a")
        let claim = try #require(try await store.claim(for: life, kinds: nil, limit: 1).first)
        let rhythm = AttemptRhythm(
          progress: [.init(step: "walk", seconds: Double(number))], done: 100, seconds: 10)
        let end = AttemptReport(
          lease: claim.lease, sequence: 1, rhythm: rhythm,
          end: .completed(message: nil, summary: [:]))
        #expect(try await store.report([end]) == [.applied])
      }
      let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      let library = RhythmLibrary(store: store, rates: [], logger: logger)
      #expect(library.usualRatePerSecond(kind: "library", target: "/srv/a") == nil)
      await library.refresh()
      #expect(library.usualRatePerSecond(kind: "library", target: "/srv/a") == 10)
      let all = try await store.rhythms(after: 0, limit: 500)
      #expect(all.map(\.target) == Array(repeating: "/srv/a", count: UsualRates.minimum))
      let first = try #require(all.first)
      #expect(try await store.rhythms(after: first.id, limit: 2) == Array(all[1...2]))

      let token = try await server.makeToken("worker", "worker").credentials
      let hand = try await RemoteHand.register(server, as: token)
      let seen = try await server.get("/api/v1/workers/\(hand.id)/rhythms", as: token).json
      #expect(seen["rhythms"]?.arrayValue?.count == UsualRates.minimum)
      #expect(seen["rhythms"]?.arrayValue?.allSatisfy { $0["target"] == "" } == true)
    }
  }

  // MARK: -

  private static let registration = WorkerRegistration(
    name: "far", host: "elsewhere", bootID: "b1", processID: 7, processStartTicks: 8, slots: 2,
    kinds: [], version: "test", heartbeatIntervalSeconds: 30)

  private static func partID(_ number: Int) -> String {
    // 16 bytes in base64, the last of which tells them apart.
    "AAAAAAAAAAAAAAAAAAAA" + ["AA", "AQ", "Ag", "Aw", "BA", "BQ", "Bg", "Bw", "CA", "CQ"][number]
      + "=="
  }

  private static func run(
    on database: TestDatabase,
    _ body: @Sendable (TestServer, RemoteStore, WorkerLife) async throws -> Void
  ) async throws {
    try await TestServer.run(on: database) { server in
      let store = try RemoteStore(
        address: try ServerAddress(server.origin), token: server.token,
        heartbeatIntervalSeconds: 30,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      do {
        try await store.greet()
        let life = try await store.registerWorker(registration)
        try await body(server, store, life)
      } catch {
        await store.close()
        throw error
      }
      await store.close()
    }
  }
}
