import HTTPTypes
import Hummingbird

/// Answers only to the names that are the server's own, so that a foreign page cannot reach it
/// under a name of its own that it lets point here (DNS rebinding). IP literals cannot be rebound:
/// they pass unless the server is bound to loopback.
struct HostMiddleware: RouterMiddleware {
  private let names: Set<String>
  private let isLoopback: Bool

  init(boundTo host: String, names: [String]) {
    let host = host.lowercased()
    isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
    self.names = Set(["localhost", "127.0.0.1", "[::1]", host] + names.map { $0.lowercased() })
  }

  func handle(
    _ request: Request, context: ServerContext,
    next: @concurrent (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    let authority = request.head.authority ?? ""
    try Self.checkOneHost(request, authority)
    guard accepts(authority) else {
      throw Problem(
        .hostNotServed,
        "This server does not answer for "
          + "“\(String(authority.prefix(200)).visible)”. Use the address it "
          + "was started with, or add the name to its allowed hosts.")
    }
    return try await next(request, context)
  }

  /// A proxy could have gone by the other name (RFC 9112, 3.2).
  private static func checkOneHost(_ request: Request, _ authority: String) throws(Problem) {
    // The first one is the authority, and no field any more.
    let isOne = request.headers[values: .host].allSatisfy {
      $0.lowercased() == authority.lowercased()
    }
    guard isOne else {
      throw Problem(.malformedRequest, "A request names its host once: “Host” is there twice.")
    }
  }

  func accepts(_ authority: String) -> Bool {
    guard let host = Self.host(of: authority.lowercased()) else { return false }
    return names.contains(host) || (!isLoopback && Self.isAddress(host))
  }

  /// The host without its port; `nil` if there is none.
  private static func host(of authority: String) -> String? {
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      return String(authority[...end])
    }
    let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count <= 2, let host = parts.first, !host.isEmpty else { return nil }
    return String(host)
  }

  private static func isAddress(_ host: String) -> Bool {
    if host.hasPrefix("[") { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
  }
}
