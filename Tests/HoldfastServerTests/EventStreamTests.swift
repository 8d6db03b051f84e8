import AsyncHTTPClient
import Foundation
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import Testing

@testable import HoldfastServer

@Suite(.timeLimit(.minutes(2))) struct EventStreamTests {
  @Test(arguments: TestDatabase.allCases)
  func eventsArriveAsTheyHappen(database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      var stream = try await server.events()
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      let lease = try await worker.claim(scan.id)
      try await worker.finish(lease)
      var ids: [Int64] = []
      for type in ["scan_submitted", "scan_claimed", "scan_completed"] {
        let event = try #require(try await stream.nextLifecycle())
        #expect(event.json?["event_type"] == .string(type))
        #expect(event.json?["scan_id"] == .string("\(scan.id)"))
        ids.append(try #require(event.id.flatMap { Int64($0) }))
      }
      #expect(ids == ids.sorted())
    }
  }

  @Test func aStreamGoesOnWhereItWas() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      try await worker.finish(try await worker.claim(scan.id))
      let first = try #require(
        try await server.store.events(of: scan.id, cursor: nil, limit: 10).items.first)
      for headers in [[("Last-Event-ID", "\(first.id)")], []] {
        let path = headers.isEmpty ? "/api/v1/events?last_event_id=\(first.id)" : "/api/v1/events"
        var stream = try await server.events(path, headers: headers)
        var types: [String] = []
        for _ in 0..<2 {
          let event = try #require(try await stream.nextLifecycle())
          types.append(event.json?["event_type"]?.stringValue ?? "")
        }
        #expect(types == ["scan_claimed", "scan_completed"])
        guard !headers.isEmpty else { continue }
        let other = try await worker.submit("/srv/b")
        let live = try #require(try await stream.nextLifecycle())
        #expect(live.json?["scan_id"] == .string("\(other.id)"))
      }
    }
  }

  @Test func aStreamFromAnotherDatabaseStartsAnew() async throws {
    try await TestServer.run { server in
      var stream = try await server.events(headers: [("Last-Event-ID", "99999")])
      #expect(try await stream.next()?.name == "reset")
      let scan = try await ScriptedWorker.start(server.store).submit("/srv/a")
      #expect(
        try await stream.nextLifecycle()?.json?["scan_id"] == .string("\(scan.id)"))
    }
  }

  @Test func aStreamCanBeOfOneScan() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      var stream = try await server.events("/api/v1/events?scan=\(scan.number)")
      _ = try await worker.submit("/srv/b")
      _ = try await worker.claim(scan.id)
      let event = try #require(try await stream.nextLifecycle())
      #expect(event.json?["event_type"] == "scan_claimed")
      #expect(event.json?["scan_id"] == .string("\(scan.id)"))
      #expect(try await server.get("/api/v1/events?scan=99").status == 404)
      #expect(try await server.get("/api/v1/events?scan=x").status == 400)
      let bad = try await server.get("/api/v1/events", headers: [("Last-Event-ID", "x")])
      #expect(bad.status == 400)
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func progressOfRunningScansIsTold(database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      let lease = try await worker.claim(scan.id)
      var stream = try await server.events()
      var progress: ServerEvent?
      for step in 1...20 where progress == nil {
        try await worker.report(
          AttemptReport(
            lease: lease,
            progress: Progress(done: Int64(step), total: 100, unit: "entries", bytes: 10)))
        progress = try await stream.next()
        if progress?.name != "progress" { progress = nil }
      }
      let data = try #require(progress?.json)
      #expect(progress?.id == nil)
      #expect(data["number"] == .int(scan.number))
      #expect(data["progress"]?["total"] == 100)
      #expect(data["percentage"] == data["progress"]?["done"])
    }
  }

  @Test func aBurstReachesEverybodyWhole() async throws {
    try await TestServer.run { server in
      var stream = try await server.events()
      let requests = (0..<1500).map { index in
        ScanRequest(
          id: ScanID(high: 1, low: UInt64(index)), kind: "library", target: "/srv/\(index)",
          policy: .default(for: "library"))
      }
      _ = try await server.store.submit(requests)
      var seen: Set<String> = []
      while seen.count < requests.count {
        let event = try #require(try await stream.nextLifecycle())
        #expect(seen.insert(try #require(event.json?["scan_id"]?.stringValue)).inserted)
      }
    }
  }

  @Test func streamsEndAtOnceWhenTheServerStops() async throws {
    // From the stop on: how long the start takes is the machine's affair.
    let stop = Mutex(ContinuousClock.now)
    try await TestServer.run { server in
      _ = try await server.events()
      stop.withLock { $0 = .now }
    }
    #expect(ContinuousClock.now - stop.withLock { $0 } < .seconds(10))
  }

  @Test func aGracefulStopEndsStreamsAndAnswersWhoWaits() async throws {
    let folder = try TemporaryFolder(prefix: "holdfast-server")
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let store = try await SQLStore.open(
      url: .sqlite(path: folder.path("holdfast.db")), logger: logger)
    let (ports, ready) = AsyncStream.makeStream(of: Int.self)
    let configuration = ServerConfiguration(
      port: 0, dataDirectory: folder.path("data"), version: "1", scanWaitSeconds: 600)
    let service = ServingService(
      server: HoldfastServer(store: store, configuration: configuration, logger: logger),
      ready: ready)
    let group = ServiceGroup(configuration: .init(services: [service], logger: logger))
    async let run: Void = group.run()
    let port = try #require(await ports.first { _ in true })
    let token = try String(contentsOfFile: folder.path("data/admin-token"), encoding: .utf8)
    let server = TestServer(
      store: store, port: port, token: token.filter { !$0.isNewline }, folder: folder,
      url: .sqlite(path: folder.path("holdfast.db")))
    var stream = try await server.events()
    async let waiting = server.post("/api/scanner/scan", ["root_path": "/srv/a"])
    #expect(try await stream.nextLifecycle()?.json?["event_type"] == "scan_submitted")
    let start = ContinuousClock.now
    await group.triggerGracefulShutdown()
    #expect(try await stream.nextLifecycle() == nil)
    #expect(try await waiting.status == 202)
    try await run
    #expect(ContinuousClock.now - start < .seconds(60))
    await store.close()
  }

  @Test func listenersThatDoNotKeepUpAreDropped() async throws {
    let folder = try TemporaryFolder()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let store = try await SQLStore.open(
      url: .sqlite(path: folder.path("holdfast.db")), logger: logger)
    var limits = EventHub.Limits()
    limits.buffer = 4
    limits.interval = .milliseconds(5)
    limits.heartbeat = .milliseconds(5)
    let hub = EventHub(store: store, limits: limits, logger: logger)
    let (dropped, source) = AsyncStream.makeStream(of: Void.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await hub.run() }
      let slow = try await hub.subscribe(scan: nil, of: .all) { source.yield() }
      _ = await dropped.first { _ in true }
      var received = 0
      for await _ in slow.messages { received += 1 }
      #expect(received == 4)
      #expect(hub.listenerCount == 0)
      group.cancelAll()
    }
    await store.close()
  }

  @Test func listenersAreBounded() async throws {
    let folder = try TemporaryFolder()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let store = try await SQLStore.open(
      url: .sqlite(path: folder.path("holdfast.db")), logger: logger)
    var limits = EventHub.Limits()
    limits.listeners = 2
    let hub = EventHub(store: store, limits: limits, logger: logger)
    let first = try await hub.subscribe(scan: nil, of: .all)
    _ = try await hub.subscribe(scan: nil, of: .all)
    await #expect(throws: Problem.self) { try await hub.subscribe(scan: nil, of: .all) }
    hub.leave(first)
    _ = try await hub.subscribe(scan: nil, of: .all)
    await store.close()
  }

  @Test func nobodyTakesAllStreamsFromTheOthers() {
    var audience = EventAudience()
    func listener(_ token: String, _ scope: TenantScope) -> EventAudience.Listener {
      let (_, continuation) = AsyncStream.makeStream(of: EventHub.Message.self)
      return .init(
        scan: nil, scope: scope,
        identity: Identity(
          credential: .token, subject: .token(id: token), actor: token, role: .viewer,
          scope: scope),
        outlet: .messages(continuation, onOverflow: {}))
    }
    /// How many are taken of so many that ask, and the last one's number.
    func taken(_ asking: Int, _ token: String, _ scope: TenantScope) -> (count: Int, last: Int) {
      var (count, last) = (0, 0)
      for _ in 0..<asking {
        let next = listener(token, scope)
        guard audience.hasRoom(for: next, of: 100) else { continue }
        last = audience.add(next)
        count += 1
      }
      return (count, last)
    }
    #expect(taken(40, "t1", .only("a")).count == 25)
    #expect(taken(40, "t2", .only("a")).count == 25)
    let third = taken(40, "t3", .only("a"))
    #expect(third.count == 25)
    // The tenant has its three quarters, whoever of it asks.
    #expect(taken(9, "t4", .only("a")).count == 0)
    #expect(taken(9, "t5", .only("b")).count == 9)
    #expect(taken(200, "operators", .all).count == 200)
    audience.remove(third.last)
    #expect(taken(9, "t4", .only("a")).count == 1)
    #expect(taken(9, "t3", .only("a")).count == 0)
    _ = audience.removeAll()
    #expect(taken(40, "t1", .only("a")).count == 25)
  }

  @Test func anEndIsWaitedForAlsoWithoutAPlaceAmongTheListeners() async throws {
    let folder = try TemporaryFolder()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let store = try await SQLStore.open(
      url: .sqlite(path: folder.path("holdfast.db")), logger: logger)
    var limits = EventHub.Limits()
    limits.listeners = 0
    let hub = EventHub(store: store, limits: limits, logger: logger)
    let worker = try await ScriptedWorker.start(store)
    let scan = try await worker.submit("/srv/library")
    let lease = try await worker.claim(scan.id)
    let waiting = Task { try await hub.end(of: scan, within: .seconds(30)) }
    try await worker.finish(lease)
    #expect(try await waiting.value.status == .completed)

    let other = try await worker.submit("/srv/other")
    #expect(try await hub.end(of: other, within: .milliseconds(10)).status == .pending)
    await store.close()
  }
}

/// The server as one of several services of a program.
private struct ServingService: Service {
  let server: HoldfastServer
  let ready: AsyncStream<Int>.Continuation

  func run() async throws {
    try await server.run { ready.yield($0) }
  }
}
