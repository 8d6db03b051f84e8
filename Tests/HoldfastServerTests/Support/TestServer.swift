import AsyncHTTPClient
import Foundation
import HoldfastCore
import HoldfastEngine
import HoldfastServer
import HoldfastStorage
import HoldfastTestKit
import Logging
import NIOCore
import NIOHTTP1

@testable import holdfast

/// A running server over a real database in a folder of its own, and a client of it.
struct TestServer: Sendable {
  let store: any ServerStore
  let port: Int
  let token: String
  let folder: TemporaryFolder
  let url: DatabaseURL

  var origin: String { "http://127.0.0.1:\(port)" }

  /// Starts a server, runs `body`, and stops the server again.
  static func run(
    on database: TestDatabase = .sqlite, scanWaitSeconds: Double = 10,
    folder: TemporaryFolder? = nil, callerLimit: RateLimit = ServerConfiguration.usualCallerLimit,
    addressLimit: RateLimit = RateLimit(perSecond: 10_000, burst: 10_000),
    tls: ServerTLS? = nil, kinds: KindBook = KindBook(),
    logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    configure: @Sendable (inout ServerConfiguration) -> Void = { _ in },
    _ body: @Sendable (TestServer) async throws -> Void
  ) async throws {
    let folder = try folder ?? TemporaryFolder(prefix: "holdfast-server")
    let url = try await database.url(folder)
    let store = try await SQLStore.open(url: url, logger: logger)
    var configuration = ServerConfiguration(
      port: 0, dataDirectory: folder.path("data"), version: "1.2.3", kinds: kinds,
      scanWaitSeconds: scanWaitSeconds, tls: tls, callerLimit: callerLimit,
      addressLimit: addressLimit)
    configure(&configuration)
    let planner = SweepPlanner(store: store) { kind, _ in .default(for: kind) }
    let server = HoldfastServer(
      store: store, configuration: configuration, logger: logger,
      cleanup: EngineCleanup(
        desk: OperatorDesk(store: store, planner: planner, logger: logger),
        investigation: Investigation(store: store, planner: planner)),
      activity: store)
    let (ports, ready) = AsyncStream.makeStream(of: Int.self)
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          defer { ready.finish() }
          try await server.run { ready.yield($0) }
        }
        guard let port = await ports.first(where: { _ in true }) else {
          try await group.next()
          throw Failure("the server ended before it was ready")
        }
        let token = try String(contentsOfFile: folder.path("data/admin-token"), encoding: .utf8)
        let test = TestServer(
          store: store, port: port,
          token: token.trimmingCharacters(in: .whitespacesAndNewlines), folder: folder,
          url: url)
        defer { group.cancelAll() }
        try await body(test)
      }
    } catch {
      await store.close()
      throw error
    }
    await store.close()
  }

  /// Runs SQL as an operator's shell would.
  func shell(_ sql: String) async throws { _ = try await read(sql) }

  /// What an operator's shell shows for SQL.
  func read(_ sql: String) async throws -> String {
    switch url {
    case .sqlite(let path): try await SQLiteShell.run(sql, path: path)
    case .postgres: try await PostgresServer.shared().psql(sql, url: url)
    }
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
}

/// An answer, read whole.
struct Answer: Sendable {
  let status: Int
  let headers: HTTPHeaders
  let body: ByteBuffer

  var text: String { String(buffer: body) }

  var json: JSONValue {
    get throws { try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) }
  }

  func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }

  /// The last path component of a problem's type.
  var problem: String? {
    guard headers.first(name: "content-type") == "application/problem+json" else { return nil }
    return (try? json)?["type"]?.stringValue.map { String($0.dropFirst("/problems/".count)) }
  }

  /// The cookie that a sign-in has set, as a client sends it back.
  var cookie: String? {
    headers.first(name: "set-cookie")?.split(separator: ";").first.map(String.init)
  }
}

extension TestServer {
  enum Credentials: Sendable {
    /// The admin token.
    case token
    /// Another token.
    case bearer(String)
    case none
    case cookie(String)
  }

  func send(
    _ method: HTTPMethod, _ path: String, json: JSONValue? = nil, body: String? = nil,
    headers: [(String, String)] = [], as credentials: Credentials = .token
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: origin + path)
    request.method = method
    switch credentials {
    case .token: request.headers.add(name: "Authorization", value: "Bearer \(token)")
    case .bearer(let other):
      request.headers.add(name: "Authorization", value: "Bearer \(other)")
    case .none: break
    case .cookie(let cookie): request.headers.add(name: "Cookie", value: cookie)
    }
    if let json {
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(json)))
    } else if let body {
      request.body = .bytes(ByteBuffer(string: body))
    }
    for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
    let response = try await Self.client.execute(request, timeout: .seconds(60))
    return Answer(
      status: Int(response.status.code), headers: response.headers,
      body: try await response.body.collect(upTo: 8 << 20))
  }

  func get(
    _ path: String, headers: [(String, String)] = [], as credentials: Credentials = .token
  ) async throws -> Answer {
    try await send(.GET, path, headers: headers, as: credentials)
  }

  func post(
    _ path: String, _ json: JSONValue = [:], headers: [(String, String)] = [],
    as credentials: Credentials = .token
  ) async throws -> Answer {
    try await send(.POST, path, json: json, headers: headers, as: credentials)
  }

  func postForm(
    _ path: String, _ form: String, headers: [(String, String)] = [],
    as credentials: Credentials = .none
  ) async throws -> Answer {
    let type = [("Content-Type", "application/x-www-form-urlencoded")]
    return try await send(.POST, path, body: form, headers: type + headers, as: credentials)
  }

  /// Makes an API token.
  func makeToken(
    _ name: String, _ role: String, tenant: String = "default"
  ) async throws -> (id: String, credentials: Credentials) {
    let answer = try await post(
      "/api/v1/tokens",
      ["name": .string(name), "role": .string(role), "tenant": .string(tenant)])
    guard answer.status == 201, let id = try answer.json["id"]?.stringValue,
      let token = try answer.json["token"]?.stringValue
    else { throw Failure("no token: \(answer.text)") }
    return (id, .bearer(token))
  }

  func addTenant(_ name: String) async throws {
    let answer = try await post("/api/v1/tenants", ["name": .string(name)])
    guard answer.status == 201 else { throw Failure("no tenant: \(answer.text)") }
  }

  /// Signs in with the admin token or another.
  ///
  /// - Returns: the cookie, and the CSRF token that the pages carry.
  func signIn(with other: String? = nil) async throws -> (cookie: String, csrf: String) {
    let answer = try await postForm(
      "/sign-in", "token=\(other ?? token)", headers: [("Sec-Fetch-Site", "same-origin")])
    guard let cookie = answer.cookie else { throw Failure("no cookie: \(answer.text)") }
    let page = try await get("/", as: .cookie(cookie)).text
    guard let meta = page.firstMatch(of: /name="csrf-token" content="([^"]+)"/) else {
      throw Failure("no CSRF token in the page")
    }
    return (cookie, String(meta.output.1))
  }

  /// Redirects are answers here, not something to follow.
  static let client: HTTPClient = {
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }()
}

/// The databases that a server can stand on.
enum TestDatabase: String, Sendable, CaseIterable {
  case sqlite, postgres

  func url(_ folder: TemporaryFolder) async throws -> DatabaseURL {
    switch self {
    case .sqlite: .sqlite(path: folder.path("holdfast.db"))
    case .postgres: try await PostgresServer.shared().createDatabase()
    }
  }
}
