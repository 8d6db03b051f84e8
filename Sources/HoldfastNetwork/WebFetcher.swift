import AsyncHTTPClient
package import HoldfastCore
import NIOCore
import NIOHTTP1

/// Fetches over HTTP with bounds on everything: time, bytes, redirects, and where to.
package struct WebFetcher: Sendable {
  package struct Request: Sendable, Hashable {
    package var url: TargetURL
    package var method: String
    package var headers: [String: String]
    package var body: String?

    package init(
      _ url: TargetURL, method: String = "GET", headers: [String: String] = [:],
      body: String? = nil
    ) {
      self.url = url
      self.method = method
      self.headers = headers
      self.body = body
    }
  }

  package struct Answer: Sendable, Hashable {
    /// Where it came from, after the redirects.
    package var url: TargetURL
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package static func == (left: Answer, right: Answer) -> Bool {
      left.url == right.url && left.status == right.status && left.body == right.body
        && left.headers.elementsEqual(right.headers) { $0 == $1 }
    }

    package func hash(into hasher: inout Hasher) {
      hasher.combine(url)
      hasher.combine(status)
      hasher.combine(body)
    }
  }

  package enum Failure: Error, Sendable, Hashable {
    case refused(NetworkRefusal)
    case tooManyRedirects(most: Int)
    case tooLong(mostBytes: Int)
    /// The connection or the protocol; the text names no secret.
    case transport(String)
  }

  /// `nil` for addresses that the operator has configured: those need no leave.
  private let addressGuard: AddressGuard?
  private let mostRedirects: Int
  private let mostBytes: Int
  private let timeout: TimeAmount

  package init(
    guardedBy addressGuard: AddressGuard?, mostRedirects: Int = 0, mostBytes: Int = 1 << 20,
    timeoutSeconds: Int64 = 10
  ) {
    self.addressGuard = addressGuard
    self.mostRedirects = mostRedirects
    self.mostBytes = mostBytes
    timeout = .seconds(timeoutSeconds)
  }

  /// - Throws: a failure; every redirect is a place that is looked at anew. Headers and body go to the first place alone, unless it leads on
  ///   within the same host.
  package func fetch(_ request: Request) async throws(Failure) -> Answer {
    var request = request
    for _ in 0...mostRedirects {
      let answer = try await once(request)
      guard mostRedirects > 0, [301, 302, 303, 307, 308].contains(answer.status),
        let location = answer.headers.first(where: { $0.name.lowercased() == "location" })?.value
      else { return answer }
      request = try Self.following(location, from: request, status: answer.status)
    }
    throw .tooManyRedirects(most: mostRedirects)
  }

  private static func following(
    _ location: String, from request: Request, status: Int
  ) throws(Failure) -> Request {
    var next = request
    do {
      next.url = try request.url.following(location)
    } catch {
      throw .refused(.fault(error))
    }
    if next.url.host != request.url.host || next.url.scheme != request.url.scheme {
      next.headers = [:]
      next.body = nil
      next.method = "GET"
    }
    if [301, 302, 303].contains(status) {
      next.method = request.method == "HEAD" ? "HEAD" : "GET"
      next.body = nil
    }
    return next
  }

  private func once(_ request: Request) async throws(Failure) -> Answer {
    guard ["http", "https"].contains(request.url.scheme) else {
      throw .refused(.notWeb(scheme: request.url.scheme))
    }
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    configuration.httpVersion = .http1Only
    if let addressGuard {
      let addresses: [IPAddress]
      do {
        addresses = try await addressGuard.addresses(of: request.url.host)
      } catch {
        throw .refused(error)
      }
      // The connection goes to the address that was looked at; certificate and `Host` are still the name's.
      if case .name(let name) = request.url.host {
        configuration.dnsOverride[name] = addresses.first.map { "\($0)" }
      }
    }
    // One client for one request: what is overridden is its own.
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    let outcome: Result<Answer, Failure>
    do throws(Failure) {
      outcome = .success(try await sendInTime(request, with: client))
    } catch {
      outcome = .failure(error)
    }
    // It has no other request in flight, so that nothing can fail that matters to the answer.
    try? await client.shutdown()
    return try outcome.get()
  }

  /// A server that sends a byte now and then keeps nobody for longer, either.
  private func sendInTime(
    _ request: Request, with client: HTTPClient
  ) async throws(Failure) -> Answer {
    let outcome = await withTaskGroup(of: Result<Answer, Failure>?.self) { group in
      group.addTask {
        do throws(Failure) {
          return .success(try await send(request, with: client))
        } catch {
          return .failure(error)
        }
      }
      group.addTask {
        // Cancelled as soon as there is an answer.
        try? await Task.sleep(for: .nanoseconds(timeout.nanoseconds))
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
    guard let outcome else { throw .transport("no whole answer in time") }
    return try outcome.get()
  }

  private func send(
    _ request: Request, with client: HTTPClient
  ) async throws(Failure) -> Answer {
    var sent = HTTPClientRequest(url: request.url.description)
    sent.method = HTTPMethod(rawValue: request.method)
    for (name, value) in request.headers.sorted(by: { $0.key < $1.key }) {
      sent.headers.add(name: name, value: value)
    }
    if let body = request.body { sent.body = .bytes(ByteBuffer(string: body)) }
    do {
      let response = try await client.execute(sent, timeout: timeout)
      let body = try await response.body.collect(upTo: mostBytes)
      return Answer(
        url: request.url, status: Int(response.status.code),
        headers: response.headers.map { ($0.name, $0.value) }, body: Array(body.readableBytesView))
    } catch is NIOTooManyBytesError {
      throw .tooLong(mostBytes: mostBytes)
    } catch {
      throw .transport("\(error)")
    }
  }
}

extension WebFetcher.Failure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .refused(let refusal): "the address \(refusal)"
    case .tooManyRedirects(let most): "more than \(most) redirects"
    case .tooLong(let most): "an answer of more than \(most) bytes"
    case .transport(let reason): reason
    }
  }
}
