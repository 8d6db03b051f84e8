import AsyncHTTPClient
import Foundation
import HoldfastCore
import NIOCore
import NIOHTTP1

/// One server-sent event.
struct ServerEvent: Sendable, Equatable {
  var id: String?
  var name: String?
  var data: String

  var json: JSONValue? { try? JSONDecoder().decode(JSONValue.self, from: Data(data.utf8)) }
}

/// Reads a stream of server-sent events, as the HTML standard says.
struct EventReader {
  private let source: AsyncThrowingStream<ServerEvent, any Error>
  private var iterator: AsyncThrowingStream<ServerEvent, any Error>.AsyncIterator

  init(_ body: HTTPClientResponse.Body) {
    source = AsyncThrowingStream { continuation in
      let task = Task {
        do {
          var text = ""
          for try await buffer in body {
            text += String(buffer: buffer)
            while let end = text.range(of: "\n\n") {
              if let event = Self.parse(text[..<end.lowerBound]) { continuation.yield(event) }
              text = String(text[end.upperBound...])
            }
          }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
    iterator = source.makeAsyncIterator()
  }

  mutating func next() async throws -> ServerEvent? {
    try await iterator.next(isolation: #isolation)
  }

  /// The next event that is no progress.
  mutating func nextLifecycle() async throws -> ServerEvent? {
    while let event = try await next() {
      if event.name == "lifecycle" { return event }
    }
    return nil
  }

  private static func parse(_ block: Substring) -> ServerEvent? {
    var event = ServerEvent(data: "")
    var hasData = false
    for line in block.split(separator: "\n") {
      if line.hasPrefix("id: ") { event.id = String(line.dropFirst(4)) }
      if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
      if line.hasPrefix("data: ") {
        event.data += line.dropFirst(6)
        hasData = true
      }
    }
    return hasData ? event : nil
  }
}

extension TestServer {
  /// Opens a stream; it is closed when the reader goes.
  func events(
    _ path: String = "/api/v1/events", headers: [(String, String)] = []
  ) async throws -> EventReader {
    var request = HTTPClientRequest(url: origin + path)
    request.headers.add(name: "Authorization", value: "Bearer \(token)")
    for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
    let response = try await Self.client.execute(request, timeout: .seconds(60))
    guard response.status == .ok else {
      throw Failure("the stream was refused: \(response.status)")
    }
    return EventReader(response.body)
  }
}
