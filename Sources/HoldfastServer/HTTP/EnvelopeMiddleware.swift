import HTTPTypes
import HoldfastStorage
import Hummingbird
import Logging
import NIOCore

/// What every request and every answer goes through: the request's id, the headers that browsers
/// must see, one line of log, and errors turned into problem details or a page.
struct EnvelopeMiddleware: RouterMiddleware {
  /// Known once all routes are.
  let table = RouteTableBox()
  /// Whether this server speaks TLS itself.
  let isEncrypted: Bool
  let proxies: TrustedProxies
  private let warning = Once()
  /// Renders a problem for people.
  let page: @Sendable (Problem, ServerContext) -> String

  init(
    isEncrypted: Bool, proxies: TrustedProxies,
    page: @escaping @Sendable (Problem, ServerContext) -> String
  ) {
    self.isEncrypted = isEncrypted
    self.proxies = proxies
    self.page = page
  }

  func handle(
    _ request: Request, context: ServerContext,
    next: @concurrent (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    var context = context
    locate(request, &context)
    context.requestID = Self.requestID(request)
    context.logger[metadataKey: "request_id"] = .string(context.requestID)
    let start = ContinuousClock.now
    var response: Response
    do {
      response = try await next(request, context)
    } catch {
      response = answer(to: error, request, context)
    }
    response = response.conditional(on: request)
    // Bytes after such an answer would be taken for the next one on the same connection.
    if request.method == .head { response = response.createHeadResponse() }
    SecurityHeaders.apply(to: &response.headers)
    if context.origin.isEncrypted {
      response.headers[.strictTransportSecurity] = SecurityHeaders.strictTransportSecurity
    }
    response.headers[.requestID] = context.requestID
    context.logger.debug(
      "answered",
      metadata: [
        "method": .string(request.method.rawValue), "path": .string(request.uri.path.visible),
        "status": .stringConvertible(response.status.code), "client": .string(context.address),
        "duration": .string("\(ContinuousClock.now - start)"),
      ])
    return response
  }

  /// Finds out where the request comes from.
  private func locate(_ request: Request, _ context: inout ServerContext) {
    let peer = context.address
    context.origin = proxies.origin(peer: peer, request.headers)
    if isEncrypted { context.origin.isEncrypted = true }
    guard proxies.isPassedOver(peer: peer, request.headers),
      warning.isFirst()
    else { return }
    context.logger.notice(
      "X-Forwarded-… was passed over: its sender is not in trusted_proxies. This is told once.",
      metadata: ["peer": .string(peer)])
  }

  /// The client's own id if it is a short plain text, so that it cannot forge lines of the log;
  /// otherwise the server's.
  private static func requestID(_ request: Request) -> String {
    guard let given = request.headers[.requestID], (1...128).contains(given.utf8.count),
      given.utf8.allSatisfy({ byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
          || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
      })
    else { return RequestID().description }
    return given
  }

  private func answer(
    to error: any Error, _ request: Request, _ context: ServerContext
  ) -> Response {
    let problem = problem(of: error, request, context)
    if request.wantsPage {
      return .html(page(problem, context), status: problem.kind.status, headers: problem.headers)
    }
    var headers = problem.headers
    headers[.contentType] = "application/problem+json"
    let body = try? JSONText.buffer(problem.json(instance: context.requestID))
    // Encoding texts and numbers cannot fail; should it, the status still tells.
    return Response(
      status: problem.kind.status, headers: headers, body: .init(byteBuffer: body ?? ByteBuffer()))
  }

  private func problem(
    of error: any Error, _ request: Request, _ context: ServerContext
  ) -> Problem {
    switch error {
    case let problem as Problem: return problem
    case let error as StoreError:
      let fault = StoreFault(error)
      if case .badCursor = fault { return Problem(fault) }
      context.logger.error("the store failed a request", metadata: ["error": "\(error)"])
      return Problem(fault)
    case let error as HTTPError where error.status == .notFound:
      return notFound(request)
    default:
      context.logger.error("a request failed", metadata: ["error": "\(error)"])
      return Problem(.other)
    }
  }

  private func notFound(_ request: Request) -> Problem {
    let methods = table.get().methods(at: request.uri.path)
    guard !methods.isEmpty else {
      return Problem(
        .notFound, "There is nothing at \(String(request.uri.path.prefix(200)).visible).")
    }
    let allowed = methods.map(\.rawValue).joined(separator: ", ")
    return Problem(
      .methodNotAllowed, "This address takes \(allowed), not \(request.method.rawValue).",
      headers: [.allow: allowed])
  }
}

extension Request {
  /// Whether the answer is for a person's eyes: a browser asks, and not for the API.
  var wantsPage: Bool {
    guard !uri.path.hasPrefix("/api/"), uri.path != "/health" else { return false }
    return headers[.accept]?.contains("text/html") ?? false
  }
}
