import AsyncHTTPClient
import FoundationEssentials
package import HoldfastCore
import NIOCore
import NIOHTTP1

/// One call of a server's API by a test.
package enum HTTPCall {
  package struct Answer: Sendable {
    package let status: Int
    package let text: String

    package var json: JSONValue {
      get throws { try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) }
    }
  }

  /// - Parameter token: the bearer token, or `nil` for a call without one.
  package static func send(
    _ method: String, _ url: String, token: String? = nil, body: JSONValue? = nil
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: url)
    request.method = HTTPMethod(rawValue: method)
    if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    if let body {
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
    }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
    let content = try await response.body.collect(upTo: 16 * 1024 * 1024)
    return Answer(status: Int(response.status.code), text: String(buffer: content))
  }
}
