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
  /// Where the request comes from: the connection's other end, until the proxies before this server have been looked at.
  var origin: TrustedProxies.Origin
  /// Who asks; `nil` until the authentication has run, and on open paths.
  var identity: Identity?

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
    origin = .init(address: channel.remoteAddress?.ipAddress ?? "unknown")
  }

  /// The client's IP address, without its port.
  var address: String { origin.address }

  /// What limits of addresses go by: the address, and of IPv6 the network of 64 bits that one subscriber has to itself.
  var network: String { Self.network(of: address) }

  static func network(of address: String) -> String {
    guard case .v6(let bits)? = IPAddress(address)?.unmapped else { return address }
    return "\(IPAddress.v6((bits >> 64) << 64))/64"
  }
}

extension ServerContext {
  /// On whose behalf the store is asked. Somebody who is not signed in belongs to no tenant, and so sees nothing.
  var caller: Caller {
    Caller(
      scope: identity?.scope ?? .only(""), actor: identity?.actor ?? "nobody", address: address,
      requestID: requestID)
  }

  var actor: String { caller.actor }

  func may(_ role: Role) -> Bool { (identity?.role).map { $0 >= role } ?? false }
}
