import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird
import NIOCore
import ServiceLifecycle

extension WorkersAPI {
  /// One line of the stream, as JSON.
  private enum Line: String, Sendable {
    /// Something can be claimed.
    case queue
    /// An operator, or the sweep, wants something of a running scan: beat now.
    case control
    /// Nothing but that the stream is open.
    case alive

    var bytes: ByteBuffer { ByteBuffer(string: "{\"type\":\"\(rawValue)\"}\n") }
  }

  /// Tells, a line of JSON each, as soon as there is something to claim or to do.
  @concurrent
  func signals(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    _ = try await living(context)
    guard let identity = context.identity else { throw Problem.notSignedIn() }
    let (lines, line) = AsyncStream<Line>.makeStream(bufferingPolicy: .bufferingNewest(64))
    let (queue, control) = (store.signals(.queue), store.signals(.control))
    let body = request.body
    var headers: HTTPFields = [.contentType: "application/x-ndjson"]
    headers[.accelBuffering] = "no"
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        try await withGracefulShutdownHandler {
          try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(name: "signals: queue") {
              for await _ in queue { line.yield(.queue) }
              line.finish()
            }
            group.addTask(name: "signals: control") {
              for await _ in control { line.yield(.control) }
              line.finish()
            }
            group.addTask(name: "signals: alive") {
              while !Task.isCancelled {
                // A token may have been revoked since the stream was opened.
                guard await authenticator.stillHolds(identity) else { break }
                line.yield(.alive)
                try? await Task.sleep(for: .seconds(RemoteProtocol.signalSeconds))
              }
              line.finish()
            }
            defer { group.cancelAll() }
            try await body.consumeWithInboundCloseHandler { _ in
              for await line in lines { try await writer.write(line.bytes) }
            } onInboundClosed: {
              line.finish()
            }
          }
        } onGracefulShutdown: {
          line.finish()
        }
        try await writer.finish(nil)
      })
  }
}
