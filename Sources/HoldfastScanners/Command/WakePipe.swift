import CHoldfastSystem
import Glibc

/// Lets other threads wake the one that polls.
final class WakePipe: Sendable {
  let read: Int32
  private let write: Int32

  init() throws(CommandRun.SetupFailure) {
    var ends: [Int32] = [-1, -1]
    guard holdfast_pipe(&ends, 16) == 0 else {
      throw .init(description: "no pipe: \(String(cString: strerror(errno)))")
    }
    for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    (read, write) = (ends[0], ends[1])
  }

  deinit {
    close(read)
    close(write)
  }

  func ring() {
    var byte: UInt8 = 1
    // A full pipe wakes as well as another byte would.
    _ = Glibc.write(write, &byte, 1)
  }

  func drain() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while Glibc.read(read, &bytes, bytes.count) > 0 {}
  }
}
