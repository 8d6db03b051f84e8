import HTTPTypes
import HoldfastCore
import HoldfastEngine
import HoldfastStorage
import HoldfastTestKit
import Logging
import NIOHTTP1
import Testing

@testable import HoldfastServer
@testable import holdfast

/// The description of the API and its routes say the same.
@Suite(.timeLimit(.minutes(2))) struct APIDescriptionTests {
  /// What people open in a browser. Everything else is for programs, and described.
  private static let pages: Set<String> = [
    "/", "/overview", "/scans", "/scans/{id}", "/bulk", "/workers", "/policies",
    "/schedules", "/schedules/{name}/remove", "/tokens", "/tokens/{id}/revoke",
    "/tokens/{id}/rotate", "/users", "/users/{name}/role", "/users/{name}/password",
    "/audit-log", "/account", "/new", "/new/{name}", "/cleanup", "/reset", "/sign-in",
    "/sign-in/github",
    "/sign-in/github/callback", "/sign-out",
    "/assets/{name}", "/favicon.ico",
  ]

  private static func isPage(_ path: String) -> Bool {
    pages.contains(path) || path.hasPrefix("/scans/{id}/")
  }

  @Test func routesAndDescriptionAreTheSame() async throws {
    let folder = try TemporaryFolder(prefix: "holdfast-routes")
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let store = try await SQLStore.open(
      url: .sqlite(path: folder.path("holdfast.db")), logger: logger)
    let planner = SweepPlanner(store: store) { kind, _ in .default(for: kind) }
    let server = HoldfastServer(
      store: store,
      configuration: ServerConfiguration(dataDirectory: folder.path("data"), version: "1"),
      logger: logger,
      cleanup: EngineCleanup(
        desk: OperatorDesk(store: store, planner: planner, logger: logger),
        investigation: Investigation(store: store, planner: planner)),
      activity: store)
    let routes = try await server.routeTable().all
    await store.close()
    let registered = routes.filter { !Self.isPage($0.path) }.flatMap { route in
      // `HEAD` is answered wherever `GET` is.
      route.methods.filter { $0 != .head }.map { "\($0.rawValue) \(route.path)" }
    }
    let described = try APIDescription().operations.map { "\($0.method) \($0.path)" }
    #expect(Set(registered).subtracting(described) == [], "routes without an entry")
    #expect(Set(described).subtracting(registered) == [], "entries without a route")
    #expect(described.count == Set(described).count)
  }

  @Test func everyOperationSaysWhatItAnswers() throws {
    let description = try APIDescription()
    #expect(description.title == "Holdfast")
    for operation in description.operations {
      let name = "\(operation.method) \(operation.path)"
      #expect(!operation.summary.isEmpty, "\(name)")
      #expect(operation.answers.contains { $0.status.hasPrefix("2") }, "\(name)")
      #expect(operation.answers.allSatisfy { !$0.description.isEmpty }, "\(name)")
      #expect(
        operation.isOpen != operation.answers.contains { $0.status == "401" }, "\(name)")
      for part in operation.path.matches(of: /\{([a-z]+)\}/).map(\.output.1) {
        #expect(
          operation.parameters.contains { $0.name == part && $0.place == "path" && $0.isRequired },
          "\(name)")
      }
    }
  }

  /// The kinds and statuses that it lists are those that there are.
  @Test func itsListsAreComplete() throws {
    let operations = try APIDescription().operations
    func type(_ method: String, _ path: String, _ field: String) -> String? {
      operations.first { $0.method == method && $0.path == path }
        .flatMap { ($0.parameters + $0.body).first { $0.name == field }?.type }
    }
    let statuses = ScanStatus.allCases.map(\.rawValue)
    #expect(
      Set(type("GET", "/api/v1/scans", "status")?.dropFirst(8).split(separator: " | ") ?? [])
        == Set(statuses.map { $0[...] }))
    #expect(
      type("POST", "/api/v1/bulk-actions", "action")
        == BulkActions.actions.map(\.rawValue).sorted().joined(separator: " | "))
    let library = try #require(type("POST", "/api/v1/scans", "kind"))
    #expect(library == KindCatalog.builtIn.joined() + " or string")
  }

  @Test func documentAndPageAreOpenToAll() async throws {
    try await TestServer.run { server in
      let document = try await server.get("/openapi.yaml", as: .none)
      #expect(document.status == 200)
      #expect(document.headers.first(name: "content-type") == "application/yaml")
      #expect(document.text == APIDescription.text)
      let page = try await server.get("/docs", as: .none)
      #expect(page.status == 200)
      #expect(page.text.contains("<code>POST /api/v1/scans</code>"))
      #expect(page.text.contains("Idempotency-Key"))
      #expect(!page.text.contains("<script"))
    }
  }
}
