import AsyncHTTPClient
import FoundationEssentials
import Glibc
import HoldfastCore
import HoldfastStorage
import NIOCore
import NIOHTTP1
import NIOSSL

/// Sends requests to a server, and tells its answers apart.
struct RemoteCaller: Sendable {
  let address: ServerAddress
  private let token: String
  let client: HTTPClient

  /// What an answer may have at most: the contents of many parts of a baseline.
  private static let maxAnswerBytes = 256 << 20

  struct Answer: Sendable {
    var status: Int
    var body: ByteBuffer
    /// The media type, without parameters.
    var type: String

    /// A member of a problem.
    func problem(_ member: String) -> JSONValue? {
      guard type == "application/problem+json" else { return nil }
      return body.withUnsafeReadableBytes { JSONValue(parsing: $0) }?[member]
    }

    /// The last component of a problem's type, such as `lease-superseded`.
    var problemName: String? {
      problem("type")?.stringValue?.split(separator: "/").last.map(String.init)
    }

    var detail: String { problem("detail")?.stringValue ?? "it answered \(status)" }
  }

  init(address: ServerAddress, token: String) throws(RemoteRefusal) {
    self.address = address
    self.token = token
    var configuration = HTTPClient.Configuration(tlsConfiguration: try address.tls())
    // Somebody else's address gets no token.
    configuration.redirectConfiguration = .disallow
    configuration.timeout.connect = .seconds(5)
    // A stream of signals is never silent for a third of this.
    configuration.timeout.read = .seconds(20)
    // Below the server's own, so that no request meets a connection that is being closed.
    configuration.connectionPool.idleTimeout = .seconds(30)
    // Whoever asks decides when to try again; a server that is gone is to be known as such at once.
    configuration.connectionPool.retryConnectionEstablishment = false
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  func request(_ method: HTTPMethod, _ path: String) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: address.text + path)
    request.method = method
    request.headers.add(name: "Authorization", value: "Bearer \(token)")
    request.headers.add(name: "Accept", value: "application/json")
    return request
  }

  /// - Throws: ``StoreError/unavailable(_:)`` where no answer comes.
  @concurrent
  func send(
    _ method: HTTPMethod, _ path: String, _ body: (some Encodable & Sendable)?, seconds: Double
  ) async throws(StoreError) -> Answer {
    var request = request(method, path)
    do {
      if let body {
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
      }
      let response = try await client.execute(
        request, timeout: .nanoseconds(Int64(seconds * 1e9)))
      let type = response.headers.first(name: "Content-Type") ?? ""
      return Answer(
        status: Int(response.status.code),
        body: try await response.body.collect(upTo: Self.maxAnswerBytes),
        type: String(type.prefix { $0 != ";" }))
    } catch {
      throw .unavailable("the server \(address.text) does not answer: \(Self.why(error))")
    }
  }

  /// What a worker does about an answer that is no success: try again later, or write something smaller.
  func failure(_ answer: Answer) -> StoreError {
    switch answer.status {
    case 422 where answer.problem("schema_mismatch") == true:
      // With the code of a column that is not there, as PostgreSQL tells it.
      .statement("the server's database has another schema (42703)")
    case 400, 405, 413, 415, 422: .statement("the server refused a request: \(answer.detail)")
    default: .unavailable("the server \(address.text) refuses: \(answer.detail)")
    }
  }

  /// An error of the client in words.
  static func why(_ error: any Error) -> String {
    switch error {
    case let error as HTTPClientError where error == .connectTimeout:
      "no connection within 5 s"
    case let error as HTTPClientError
    where error == .readTimeout || error == .deadlineExceeded:
      "no answer in time"
    case let error as HTTPClientError where error == .remoteConnectionClosed:
      "it closed the connection"
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case let error as NIOSSLError: whyNoTLS("\(error)")
    default: "\(error)"
    }
  }

  /// OpenSSL's words name lines of its own sources.
  private static func whyNoTLS(_ error: String) -> String {
    if error.contains("WRONG_VERSION_NUMBER") {
      return "it speaks no TLS there, where an address that begins with http:// is meant"
    }
    if error.contains("CERTIFICATE_VERIFY_FAILED") {
      return "its certificate is not trusted here; --server-ca names the certificates to trust"
    }
    return "no TLS with it: \(error)"
  }
}
