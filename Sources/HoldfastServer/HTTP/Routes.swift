import HTTPTypes
import Hummingbird
import Synchronization

/// The routes of the server: registered with the router, and remembered, so that a known address
/// with a wrong method is told apart from an unknown address.
struct Routes {
  typealias Handler = @Sendable @concurrent (Request, ServerContext) async throws -> Response

  private let router: Router<ServerContext>
  private(set) var table = RouteTable()

  init(router: Router<ServerContext>) {
    self.router = router
  }

  /// Answers `GET`, and `HEAD` with the same headers and no body.
  mutating func get(_ path: String, _ handler: @escaping Handler) {
    getOnly(path, handler)
    register(.head, path) { request, context in
      let response = try await handler(request, context)
      return Response(status: response.status, headers: response.headers)
    }
  }

  /// Answers `GET` alone: where looking has an effect, or the answer has no end.
  mutating func getOnly(_ path: String, _ handler: @escaping Handler) {
    register(.get, path, handler)
  }

  mutating func post(_ path: String, _ handler: @escaping Handler) {
    register(.post, path, handler)
  }

  mutating func put(_ path: String, _ handler: @escaping Handler) {
    register(.put, path, handler)
  }

  /// - Parameter query: the query parameters that it takes.
  mutating func delete(
    _ path: String, query: [String] = [], _ handler: @escaping Handler
  ) {
    register(.delete, path, query: query, handler)
  }

  /// - Parameter query: the query parameters that a write takes. Reads look for themselves.
  private mutating func register(
    _ method: HTTPRequest.Method, _ path: String, query: [String] = [],
    _ handler: @escaping Handler
  ) {
    table.add(method, path: path)
    let access = RouteAccess.of(method, path)
    // A parameter that is passed over could have been what makes a call a dry run.
    let isStrict = AuthenticationMiddleware.isWrite(method) && path.hasPrefix("/api/")
    router.on(RouterPath(path), method: method) { request, context in
      try access.check(context.identity)
      if isStrict { _ = try Query(request, known: query) }
      return try await handler(request, context)
    }
  }
}

/// Which methods each address takes.
struct RouteTable: Sendable {
  private var entries: [(segments: [Substring], methods: [HTTPRequest.Method])] = []

  /// Every route, by method and path as it was registered, without `HEAD`.
  var names: [String] {
    entries.flatMap { entry in
      entry.methods.filter { $0 != .head }.map { method in
        "\(method) /\(entry.segments.joined(separator: "/"))"
      }
    }
  }

  mutating func add(_ method: HTTPRequest.Method, path: String) {
    let segments = path.split(separator: "/")
    if let index = entries.firstIndex(where: { $0.segments == segments }) {
      entries[index].methods.append(method)
    } else {
      entries.append((segments, [method]))
    }
  }

  /// Every address as it was registered, with its methods.
  var all: [(path: String, methods: [HTTPRequest.Method])] {
    entries.map { ("/" + $0.segments.joined(separator: "/"), $0.methods) }
  }

  /// Empty for an address that does not exist.
  func methods(at path: String) -> [HTTPRequest.Method] {
    let segments = path.split(separator: "/")
    var methods: [HTTPRequest.Method] = []
    for entry in entries where Self.matches(entry.segments, segments) {
      methods += entry.methods.filter { !methods.contains($0) }
    }
    return methods
  }

  /// Whether a path is of a pattern's form; `{…}` stands for any one component.
  static func matches(_ pattern: [Substring], _ path: [Substring]) -> Bool {
    pattern.count == path.count
      && zip(pattern, path).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
  }
}

/// The table, for who is made before it is.
final class RouteTableBox: Sendable {
  private let table = Mutex(RouteTable())

  func get() -> RouteTable { table.withLock { $0 } }

  func set(_ table: RouteTable) {
    self.table.withLock { $0 = table }
  }
}
