import Glibc

/// Runs `body` on a detached thread of its own, for work that blocks in the kernel and so must not sit on the cooperative
/// pool.
func startThread(_ body: @escaping @Sendable () -> Void) {
  let box = Unmanaged.passRetained(ThreadBody(run: body))
  var thread = pthread_t()
  let status = pthread_create(
    &thread, nil,
    { argument in
      guard let argument else { return nil }
      Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
      return nil
    }, box.toOpaque())
  precondition(status == 0, "no thread: \(String(cString: strerror(status)))")
  pthread_detach(thread)
}

private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void

  init(run: @escaping @Sendable () -> Void) {
    self.run = run
  }
}

/// Wakes a thread that waits in `poll`: its read end becomes readable.
final class WakeupPipe: Sendable {
  let readEnd: CInt
  private let writeEnd: CInt

  init?() {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    readEnd = ends[0]
    writeEnd = ends[1]
  }

  func wake() {
    var byte: UInt8 = 1
    // A full pipe has woken its reader already.
    _ = write(writeEnd, &byte, 1)
  }

  func drain() {
    var bytes: [UInt8] = Array(repeating: 0, count: 64)
    while read(readEnd, &bytes, bytes.count) > 0 {}
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }
}
