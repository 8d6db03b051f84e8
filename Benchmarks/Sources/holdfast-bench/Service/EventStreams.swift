import Foundation
import Synchronization

/// Many open streams of events, read by one thread: when each event reached each of them.
final class EventStreams: Sendable {
  private struct State {
    /// When each event was caused, in order.
    var sent: [Double] = []
    /// Seconds from there to each stream.
    var lags: [Double] = []
    var received = 0
    var ended = 0
    var isOver = false
  }

  /// What the reading thread alone knows of a stream.
  private struct Stream {
    var descriptor: Int32
    var events = 0
    /// The end of the last read: a mark can lie across two.
    var tail: [UInt8] = []
  }

  private static let mark = Array("event: lifecycle".utf8)

  private let state = Mutex(State())
  private let descriptors: [Int32]

  /// Opens the streams; returns once the server has begun to answer each.
  init(count: Int, port: Int, token: String) throws {
    var descriptors: [Int32] = []
    let request = Wire.request("GET", "/api/v1/events", port: port, token: token) + "\r\n"
    for index in 0..<count {
      let descriptor = try Wire.connect(port: port, isBlocking: true)
      try Wire.send(request, to: descriptor)
      descriptors.append(descriptor)
      // In step with the server, so that no connection waits beyond the backlog.
      if index % 100 == 99 { try Self.awaitHead(of: descriptor) }
    }
    for (index, descriptor) in descriptors.enumerated() where index % 100 != 99 {
      try Self.awaitHead(of: descriptor)
    }
    for descriptor in descriptors { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    self.descriptors = descriptors
    Thread.detachNewThread { [self] in read() }
  }

  private static func awaitHead(of descriptor: Int32) throws {
    var text: [UInt8] = []
    let opening = Array(": holdfast events\n\n".utf8)
    while text.firstRange(of: opening) == nil {
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else {
        throw BenchFailure(
          "a stream was not opened: \(String(decoding: text, as: UTF8.self).prefix(300))")
      }
      text += buffer[..<count]
      guard text.starts(with: Array("HTTP/1.1 200".utf8)) || text.count < 12 else {
        throw BenchFailure(
          "a stream was refused: \(String(decoding: text, as: UTF8.self).prefix(300))")
      }
    }
  }

  /// Notes that an event is caused now.
  func cause() { state.withLock { $0.sent.append(clockSeconds()) } }

  /// How many events have arrived, in all streams together.
  var received: Int { state.withLock { $0.received } }
  var ended: Int { state.withLock { $0.ended } }
  var lags: [Double] { state.withLock { $0.lags } }

  func close() {
    state.withLock { $0.isOver = true }
    for descriptor in descriptors { Glibc.close(descriptor) }
  }

  private func read() {
    var streams = descriptors.map { Stream(descriptor: $0) }
    var watched = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while !state.withLock({ $0.isOver }) {
      // Each look goes over all of them, a millisecond of a core that the server needs: what is measured may be so much too late.
      usleep(20_000)
      guard poll(&watched, nfds_t(watched.count), 100) > 0 else { continue }
      let now = clockSeconds()
      var arrived: [Int] = []
      var ended = 0
      for index in watched.indices where watched[index].revents != 0 {
        let length = recv(streams[index].descriptor, &buffer, buffer.count, 0)
        guard length > 0 else {
          if length == 0 || errno != EAGAIN {
            ended += 1
            // A negative descriptor is passed over.
            watched[index].fd = -1
          }
          continue
        }
        for _ in 0..<marks(in: buffer[..<length], of: &streams[index]) {
          arrived.append(streams[index].events)
          streams[index].events += 1
        }
      }
      guard !arrived.isEmpty || ended > 0 else { continue }
      state.withLock { state in
        state.received += arrived.count
        state.ended += ended
        for number in arrived where number < state.sent.count {
          state.lags.append(now - state.sent[number])
        }
      }
    }
  }

  private func marks(in bytes: ArraySlice<UInt8>, of stream: inout Stream) -> Int {
    let text = stream.tail + bytes
    var count = 0
    var counted = 0
    text.withUnsafeBytes { text in
      guard let base = text.baseAddress else { return }
      var start = 0
      while start + Self.mark.count <= text.count,
        let found = memchr(base + start, Int32(Self.mark[0]), text.count - start)
      {
        let place = UnsafeRawPointer(found) - base
        let isMark =
          place + Self.mark.count <= text.count
          && memcmp(base + place, Self.mark, Self.mark.count) == 0
        start = place + (isMark ? Self.mark.count : 1)
        if isMark { (count, counted) = (count + 1, start) }
      }
    }
    // What may be the beginning of a mark; not what has been counted.
    stream.tail = Array(text[min(text.count, max(counted, text.count - Self.mark.count + 1))...])
    return count
  }
}
