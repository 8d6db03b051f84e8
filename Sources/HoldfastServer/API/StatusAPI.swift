import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird
import Logging

/// `GET /health`, for anybody, and `GET /api/v1/workers`.
struct StatusAPI: Sendable {
  let store: any ScanStore
  let version: String

  func add(to routes: inout Routes) {
    routes.get("/health", health)
    routes.get("/api/v1/workers", workers)
  }

  private struct Health: Encodable {
    var status: String
    var version: String
    var components: [String: String]
  }

  /// The shape is that of the support runbook's health check; what is wrong in detail stays in the
  /// log.
  @concurrent
  private func health(_ request: Request, _ context: ServerContext) async throws -> Response {
    var database = "healthy"
    do {
      _ = try await store.now()
    } catch {
      database = "unhealthy"
      context.logger.warning("the database is not well", metadata: ["error": "\(error)"])
    }
    let health = Health(status: database, version: version, components: ["database": database])
    let isDown = database != "healthy"
    return try .json(
      health, status: isDown ? .serviceUnavailable : .ok,
      headers: isDown ? [.retryAfter: "5"] : [:])
  }

  @concurrent
  private func workers(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["cursor", "limit"])
    return try .json(
      try await store.seen(by: context.caller).workers(
        cursor: query.cursor, limit: query.limit()))
  }
}
