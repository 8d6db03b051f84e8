import Foundation
import HoldfastStorage
import HoldfastTestKit
import Logging

/// One `serve` with a million scans stored and ten thousand open streams of events: how soon it answers 500 requests a second, how
/// current the streams are, and what it takes.
struct ServiceBenchmark {
  let binary: String
  let scans: Int
  let streams: Int
  let perSecond: Double
  let databases: BenchDatabases
  let kinds: [BenchDatabases.Kind]
  let folder: BenchFolder

  private static let loadSeconds = 30.0

  func run(into table: inout Table) async throws {
    try Wire.raiseLimit(to: streams + 1000)
    for kind in kinds {
      say(
        "Service on \(kind.rawValue): \(scans) scans stored, \(streams) streams, "
          + "\(Int(perSecond)) requests/s")
      let data = try folder.makeFolder("service-\(kind)")
      let url =
        kind == .sqlite ? .sqlite(path: "\(data)/holdfast.db") : try await databases.make(kind)
      let time = try await seconds { try await fill(url) }
      say("  filled in \(Int(time)) s")
      let server = try await start(data, url)
      do {
        try await measure(server, kind, into: &table)
        try await server.process.stop()
      } catch {
        try await server.process.stop()
        throw error
      }
      if case .sqlite(let path) = url { try FileManager.default.removeItem(atPath: path) }
    }
  }

  private struct Server {
    var process: ChildProcess
    var port: Int
    var token: String
  }

  private func start(_ data: String, _ url: DatabaseURL) async throws -> Server {
    let port = try freePort()
    let place = if case .postgres(let uri) = url { uri } else { "sqlite:\(data)/holdfast.db" }
    let process = try ChildProcess(
      binary,
      [
        "serve", "--host", "127.0.0.1", "--port", "\(port)", "--data-dir", data, "--slots", "0",
        "--database", place,
      ],
      environment: [
        "HOLDFAST_EVENT_STREAMS": "\(streams)", "HOLDFAST_REQUESTS_PER_SECOND": "1000000",
      ])
    try await wait(for: "the server to listen") { isListening(onPort: port) }
    let token = try String(contentsOfFile: "\(data)/admin-token", encoding: .utf8)
    return Server(
      process: process, port: port,
      token: token.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  private func measure(
    _ server: Server, _ kind: BenchDatabases.Kind, into table: inout Table
  ) async throws {
    let name = kind.rawValue
    // Without streams first, and unmeasured: caches, prepared statements.
    _ = try await load(server, seconds: 3).run()
    let alone = try await load(server, seconds: Self.loadSeconds / 2).run()
    let open = try EventStreams(count: streams, port: server.port, token: server.token)
    defer { open.close() }
    let idle = try server.process.residentMegabytes()
    say("  \(streams) streams are open: \(Int(idle)) MB")
    async let requests = load(server, seconds: Self.loadSeconds).run()
    let events = Int(Self.loadSeconds) - 2
    for number in 0..<events {
      try await submit(number, open, server)
      try await Task.sleep(for: .seconds(1))
    }
    let result = try await requests
    do {
      try await wait(for: "all events to arrive", limit: .seconds(20)) {
        open.received >= events * streams
      }
    } catch {
      say(
        "  \(events * streams - open.received) events did not arrive, \(open.ended) streams ended")
    }
    let memory = try server.process.residentMegabytes()
    let times = result.all.map { $0 * 1000 }
    let lags = open.lags.map { $0 * 1000 }
    guard result.failures == 0 else { throw BenchFailure("\(result.failures) requests failed") }
    table.add(
      Row(
        "requests answered, \(name)", Double(times.count) / result.seconds, "/s",
        target: perSecond * 0.99, .higherIsBetter))
    table.add(Row("  p50", times.percentile(50), "ms", .lowerIsBetter))
    table.add(Row("  p99", times.percentile(99), "ms", target: 20, .lowerIsBetter))
    table.add(
      Row("  p99 without streams", alone.all.map { $0 * 1000 }.percentile(99), "ms", .lowerIsBetter)
    )
    for (what, times) in result.times.sorted(by: { $0.key < $1.key }) {
      table.add(
        Row("  p99 of \(what)", times.map { $0 * 1000 }.percentile(99), "ms", .lowerIsBetter))
    }
    table.add(
      Row("events to \(streams) streams p50, \(name)", lags.percentile(50), "ms", .lowerIsBetter))
    table.add(Row("  p99", lags.percentile(99), "ms", target: 1000, .lowerIsBetter))
    table.add(Row("  the last of all", lags.max() ?? 0, "ms", target: 1000, .lowerIsBetter))
    table.add(
      Row(
        "  that arrived", Double(open.received) / Double(events * streams) * 100, "%", target: 100,
        .higherIsBetter))
    table.add(Row("resident with it all, \(name)", memory, "MB", target: 400, .lowerIsBetter))
    for (page, path) in [("list page", "/"), ("overview", "/overview")] {
      let load = RequestLoad(port: server.port, token: server.token, perSecond: 10, seconds: 5) {
        _ in
        (page, path)
      }
      let times = try await load.run().all.map { $0 * 1000 }
      table.add(Row("  \(page) p50, streams open", times.percentile(50), "ms", .lowerIsBetter))
    }
  }

  /// Mostly single scans, and lists as people and programs ask for them.
  private func load(_ server: Server, seconds: Double) -> RequestLoad {
    let scans = scans
    return RequestLoad(
      port: server.port, token: server.token, perSecond: perSecond, seconds: seconds
    ) { number in
      switch number % 20 {
      case 0..<10: return ("status", "/api/v1/scans/\((number &* 7_919) % scans + 1)")
      case 10..<13: return ("list, newest", "/api/v1/scans")
      case 13, 14: return ("list, failed", "/api/v1/scans?status=failed")
      case 15: return ("list, running", "/api/v1/scans?status=running")
      case 16: return ("list, kind", "/api/v1/scans?kind=portal")
      case 17:
        let target = (number &* 104_729) % min(100_000, scans)
        return ("list, target", "/api/v1/scans?target=/srv/library/\(target)")
      case 18: return ("queue", "/api/v1/queue")
      default: return ("scanner's status", "/api/scanner/status")
      }
    }
  }

  /// Causes one event.
  private func submit(_ number: Int, _ streams: EventStreams, _ server: Server) async throws {
    let port = server.port
    let token = server.token
    let body = "{\"kind\": \"library\", \"target\": \"/srv/new/\(number)\"}"
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      Thread.detachNewThread {
        done.resume(
          with: Result {
            let descriptor = try Wire.connect(port: port, isBlocking: true)
            defer { close(descriptor) }
            streams.cause()
            try Wire.send(
              Wire.request("POST", "/api/v1/scans", port: port, token: token)
                + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)",
              to: descriptor)
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            let answer = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
            guard answer.hasPrefix("HTTP/1.1 201") else {
              throw BenchFailure("a scan was not submitted: \(answer.prefix(300))")
            }
          })
      }
    }
  }

  private func fill(_ url: DatabaseURL) async throws {
    let store = try await databases.open(url)
    await store.close()
    let rows = ServiceRows(scans: scans)
    switch url {
    case .postgres: _ = try await databases.server.psql(rows.postgres, url: url)
    case .sqlite(let path): _ = try await SQLiteFile.run(rows.sqlite, path: path, in: folder)
    }
  }
}

/// The shell of SQLite, given a script.
enum SQLiteFile {
  static func run(_ script: String, path: String, in folder: BenchFolder) async throws -> String {
    let file = folder.path("script-\(UInt32.random(in: 0 ... .max)).sql")
    try script.write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    return try await holdfast_bench.run("sqlite3", ["-bail", path, ".read \(file)"]).output
  }
}
