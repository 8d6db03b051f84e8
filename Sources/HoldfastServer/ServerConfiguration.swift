package import HoldfastCore
package import HoldfastNetwork
import NIOCore

/// What the server needs to know beside its store.
package struct ServerConfiguration: Sendable {
  /// The address to bind: a name or an IP address.
  package var host: String
  /// 0 lets the system choose; ``HoldfastServer/run(onReady:)`` tells which.
  package var port: Int
  /// Holds `admin-token` and `session-key`, both readable by their owner only.
  package var dataDirectory: String
  /// The program's version, shown by `GET /health`.
  package var version: String
  /// The policy of a kind's target.
  package var policies: @Sendable (_ kind: String, _ target: String) -> Policy
  /// The kinds that requests can name.
  package var kinds: KindBook
  /// How long `POST /api/scanner/scan` waits for the end of its scan.
  package var scanWaitSeconds: Double
  /// Names beside its own under which clients may address the server (`Host`), without a port.
  package var allowedHosts: [String]
  /// Whose word is taken for where requests come from.
  package var trustedProxies = TrustedProxies()
  /// `nil` for plain HTTP.
  package var tls: ServerTLS?
  /// Whose access tokens are accepted.
  package var jwtIssuers: [JWTIssuer] = []
  /// `nil` where nobody can sign in with GitHub.
  package var github: GitHubSettings?
  /// Where requests may lead beside the public internet.
  package var network = NetworkRules()
  /// Finds the addresses of the names in requests.
  package var resolver: any AddressResolver = SystemResolver()
  /// How much each token, or user, may ask.
  package var callerLimit: RateLimit
  /// How much one address may ask that shows no token.
  package var addressLimit: RateLimit

  /// Ten times what a busy page or an eager script asks; it stops what runs away.
  package static let usualCallerLimit = RateLimit(perSecond: 1000, burst: 2000)
  package static let usualAddressLimit = RateLimit(perSecond: 20, burst: 200)
  /// What ``policies`` is read from, with the origin of each value.
  package var policyBook = PolicyBook()
  /// How many streams of events may be open at once.
  package var eventStreams = 256
  /// How long a request may take from its head to the end of its body.
  var longestBody = BodyDeadline.usual
  /// How soon what is stuck is looked at.
  package var policyPace = WorstCase.Pace()

  package init(
    host: String = "127.0.0.1", port: Int = 8710, dataDirectory: String, version: String,
    policies: @escaping @Sendable (_ kind: String, _ target: String) -> Policy = { kind, _ in
      Policy.default(for: kind)
    },
    kinds: KindBook = KindBook(), scanWaitSeconds: Double = 60, allowedHosts: [String] = [],
    tls: ServerTLS? = nil, callerLimit: RateLimit = usualCallerLimit,
    addressLimit: RateLimit = usualAddressLimit
  ) {
    self.kinds = kinds
    self.tls = tls
    self.callerLimit = callerLimit
    self.addressLimit = addressLimit
    self.host = host
    self.port = port
    self.dataDirectory = dataDirectory
    self.version = version
    self.policies = policies
    self.scanWaitSeconds = scanWaitSeconds
    self.allowedHosts = allowedHosts
  }
}
