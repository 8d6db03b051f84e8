import Foundation
import Glibc

/// Waits for one key on the terminal, without the return key.
enum KeyPress {
  /// The next key, or `nil` if the terminal went away or the task was cancelled. Waits on a thread
  /// of its own.
  static func next(on descriptor: Int32) async -> UInt8? {
    let pipe = SelfPipe()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        Thread.detachNewThread {
          continuation.resume(returning: read(descriptor, until: pipe))
        }
      }
    } onCancel: {
      pipe.wake()
    }
  }

  private static func read(_ descriptor: Int32, until pipe: SelfPipe) -> UInt8? {
    var before = termios()
    let isTerminal = tcgetattr(descriptor, &before) == 0
    if isTerminal {
      var single = before
      single.c_lflag &= ~tcflag_t(ICANON | ECHO)
      tcsetattr(descriptor, TCSANOW, &single)
    }
    defer { if isTerminal { tcsetattr(descriptor, TCSANOW, &before) } }
    while true {
      var waits = [
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: pipe.reader, events: Int16(POLLIN), revents: 0),
      ]
      if poll(&waits, 2, -1) < 0 {
        if errno == EINTR { continue }
        return nil
      }
      if waits[1].revents != 0 { return nil }
      var byte: UInt8 = 0
      let count = Glibc.read(descriptor, &byte, 1)
      if count == 1 { return byte }
      if count == 0 || errno != EINTR { return nil }
    }
  }
}

/// Wakes a thread that sleeps in `poll`.
private final class SelfPipe: Sendable {
  let reader: Int32
  private let writer: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    // Without descriptors to spare, the wait cannot be woken; a key still ends it.
    if pipe(&ends) == 0 {
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }
    (reader, writer) = (ends[0], ends[1])
  }

  func wake() {
    var byte: UInt8 = 1
    _ = write(writer, &byte, 1)
  }

  deinit {
    close(reader)
    close(writer)
  }
}
