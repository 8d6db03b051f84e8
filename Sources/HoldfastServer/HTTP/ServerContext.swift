import Hummingbird
import NIOCore

/// What travels with one request.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// The connection: its peer's address, and the means to cut off a consumer that is too slow.
  let channel: any Channel
  /// The request's id, taken from `X-Request-ID` or made here; in logs, problems and the answer's
  /// header.
  var requestID = ""
  /// Who asks; `nil` until the authentication has run, and on open paths.
  var identity: Identity?

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }

  /// The peer's IP address, without its port.
  var peer: String { channel.remoteAddress?.ipAddress ?? "unknown" }
}
