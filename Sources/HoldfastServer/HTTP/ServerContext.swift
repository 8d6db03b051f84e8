import HoldfastCore
import HoldfastStorage
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

  /// What limits of addresses go by: the address, and of IPv6 the network of 64 bits that one subscriber has to itself.
  var network: String { Self.network(of: peer) }

  static func network(of peer: String) -> String {
    guard case .v6(let bits)? = IPAddress(peer), bits >> 32 != 0xFFFF else { return peer }
    return "\(IPAddress.v6((bits >> 64) << 64))/64"
  }
}

extension ServerContext {
  /// On whose behalf the store is asked. Somebody who is not signed in belongs to no tenant, and so sees nothing.
  var caller: Caller {
    Caller(
      scope: identity?.scope ?? .only(""), actor: identity?.actor ?? "nobody", address: peer,
      requestID: requestID)
  }

  var actor: String { caller.actor }

  func may(_ role: Role) -> Bool { (identity?.role).map { $0 >= role } ?? false }
}
