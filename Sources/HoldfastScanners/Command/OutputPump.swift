import Glibc

/// Passes on what a program writes, on a thread of its own: a reader that is slow slows the program down, as a pipe would, and one that has
/// gone away closes the program's output.
final class OutputPump: Sendable {
  let feed = OutputFeed()
  private let source: Int32
  private let destination: Int32?

  private static let bufferBytes = 256 * 1024

  /// - Parameters:
  ///   - source: the pipe's reading end, which is closed at the end.
  ///   - onEnd: called on the pump's thread once nothing more will come.
  init(
    from source: Int32, to destination: Int32?, name: String,
    onEnd: @escaping @Sendable () -> Void
  ) {
    self.source = source
    self.destination = destination
    WorkThread(name) {
      self.run()
      self.feed.end()
      onEnd()
    }.detach()
  }

  private func run() {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.bufferBytes, alignment: 4096)
    defer {
      buffer.deallocate()
      close(source)
    }
    while true {
      let count = read(source, buffer.baseAddress, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      feed.append(bytes)
      guard passOn(bytes) else { return }
      feed.passedOn()
    }
  }

  private func passOn(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let destination, let start = bytes.baseAddress else { return true }
    var done = 0
    while done < bytes.count {
      let count = write(destination, start + done, bytes.count - done)
      if count > 0 {
        done += count
      } else if errno == EAGAIN {
        // A terminal that somebody made non-blocking.
        var ready = pollfd(fd: destination, events: Int16(POLLOUT), revents: 0)
        poll(&ready, 1, -1)
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }
}
