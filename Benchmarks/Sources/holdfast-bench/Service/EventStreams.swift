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
  private let poller: Int32
  private let descriptors: [Int32]

  /// Opens the streams; returns once the server has begun to answer each.
  init(count: Int, port: Int, token: String) throws {
    poller = epoll_create1(0)
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
    for (index, descriptor) in descriptors.enumerated() {
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
      Wire.watch(descriptor, in: poller, as: index)
    }
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
    var events = [epoll_event](repeating: epoll_event(), count: 512)
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while !state.withLock({ $0.isOver }) {
      let count = epoll_wait(poller, &events, Int32(events.count), 100)
      guard count > 0 else { continue }
      let now = clockSeconds()
      var arrived: [Int] = []
      var ended = 0
      for event in events[..<Int(count)] {
        let index = Int(event.data.u64)
        let length = recv(streams[index].descriptor, &buffer, buffer.count, 0)
        guard length > 0 else {
          if length == 0 || errno != EAGAIN {
            ended += 1
            epoll_ctl(poller, EPOLL_CTL_DEL, streams[index].descriptor, nil)
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
    var start = 0
    // memmem is many times faster than a search in Swift.
    text.withUnsafeBytes { text in
      guard let base = text.baseAddress else { return }
      while let found = memmem(base + start, text.count - start, Self.mark, Self.mark.count) {
        count += 1
        start = UnsafeRawPointer(found) - base + Self.mark.count
      }
    }
    stream.tail = Array(text[max(start, text.count - Self.mark.count + 1)...])
    return count
  }
}
