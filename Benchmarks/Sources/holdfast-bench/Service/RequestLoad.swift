import Foundation
import Synchronization

/// Requests at a steady rate, whether or not the server keeps up: each one's time runs from the moment at which it was due, so
/// that a server which stops for a second is charged with all the requests of that second.
struct RequestLoad: Sendable {
  struct Result: Sendable {
    /// Seconds of every answer, by the name of its kind of request.
    var times: [String: [Double]] = [:]
    var failures = 0
    var seconds = 0.0

    var all: [Double] { times.values.flatMap { $0 } }
  }

  let port: Int
  let token: String
  let perSecond: Double
  let seconds: Double
  /// A name and a path for each request in turn.
  let next: @Sendable (_ number: Int) -> (name: String, path: String)

  private struct Connection {
    var descriptor: Int32
    var due: Double?
    var name = ""
    var answer: [UInt8] = []
  }

  func run() async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Swift.Result { try work() }) }
    }
  }

  private func work() throws -> Result {
    var connections: [Connection] = []
    for _ in 0..<64 {
      let descriptor = try Wire.connect(port: port, isBlocking: false)
      connections.append(Connection(descriptor: descriptor))
    }
    defer { for connection in connections { close(connection.descriptor) } }
    var watched = connections.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    var result = Result()
    var idle = Array(connections.indices)
    var number = 0
    let total = Int(perSecond * seconds)
    let start = clockSeconds()
    var answered = 0
    var buffer = [UInt8](repeating: 0, count: 262_144)
    while answered < total {
      let now = clockSeconds()
      guard now - start < seconds + 30 else { throw BenchFailure("the server does not keep up") }
      while number < total, start + Double(number) / perSecond <= now, let free = idle.popLast() {
        let (name, path) = next(number)
        connections[free].due = start + Double(number) / perSecond
        connections[free].name = name
        let request = Wire.request("GET", path, port: port, token: token) + "\r\n"
        try Wire.send(request, to: connections[free].descriptor)
        number += 1
      }
      guard poll(&watched, nfds_t(watched.count), 1) > 0 else { continue }
      for index in watched.indices where watched[index].revents != 0 {
        let length = recv(connections[index].descriptor, &buffer, buffer.count, 0)
        guard length > 0 else { throw BenchFailure("the server closed a connection") }
        connections[index].answer += buffer[..<length]
        guard let status = Self.status(ofWhole: connections[index].answer) else { continue }
        if let due = connections[index].due {
          result.times[connections[index].name, default: []].append(clockSeconds() - due)
        }
        if status != 200 { result.failures += 1 }
        connections[index].answer.removeAll(keepingCapacity: true)
        idle.append(index)
        answered += 1
      }
    }
    result.seconds = clockSeconds() - start
    return result
  }

  /// The status of an answer that has come as a whole; `nil` until then. Every answer asked for here has a `Content-Length`.
  private static func status(ofWhole answer: [UInt8]) -> Int? {
    guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
    let head = String(decoding: answer[..<end.lowerBound], as: UTF8.self).lowercased()
    let lines = head.split(separator: "\r\n")
    let length = lines.first { $0.hasPrefix("content-length:") }
      .flatMap { Int($0.dropFirst("content-length:".count).trimmingCharacters(in: .whitespaces)) }
    guard answer.count - end.upperBound >= length ?? 0 else { return nil }
    return lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  }
}
