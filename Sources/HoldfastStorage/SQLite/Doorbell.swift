import Glibc
import Logging
import Synchronization

/// Tells all processes that have one SQLite file open that something was committed: a byte is written to a small file beside
/// the database, one for each channel, and the kernel tells whoever watches it (inotify).
///
/// Our own commits come back to us the same way, so that there is one path. Where files cannot be watched, ticks stay
/// within this process, and others find out by looking now and then. The same holds for the first moments, which are the whole life of
/// most commands: a process that has watched files waits some 15 ms for the kernel when it ends.
final class Doorbell: Sendable {
  private let hub = SignalHub()
  private let path: String
  private let logger: Logger
  private let state = Mutex(State())

  private struct State {
    var files: [SignalChannel: CInt] = [:]
    /// Tells the thread to end; `nil` until somebody listens.
    var wakeup: WakeupPipe?
    var isWatched = false
    var isClosed = false
  }

  /// From the first listener to the first look at the files, which everybody who listens is told of.
  private static let watchAfterMilliseconds: CInt = 200

  init(path: String, logger: Logger) {
    self.path = path
    self.logger = logger
  }

  func ring(_ channel: SignalChannel) {
    let isWatched = state.withLock { state in
      guard !state.isClosed, let file = Self.file(channel, path: path, in: &state) else {
        return false
      }
      var byte: UInt8 = 1
      return pwrite(file, &byte, 1, 0) == 1 && state.isWatched
    }
    if !isWatched { hub.tick(channel) }
  }

  func signals(_ channel: SignalChannel) -> AsyncStream<Void> {
    let stream = hub.stream(channel)
    let isClosed = state.withLock { state in
      if !state.isClosed, state.wakeup == nil { startWatching(&state) }
      return state.isClosed
    }
    if isClosed { hub.finish() }
    return stream
  }

  func close() {
    state.withLock { state in
      guard !state.isClosed else { return }
      state.isClosed = true
      for file in state.files.values { Glibc.close(file) }
      state.files = [:]
      state.wakeup?.wake()
    }
    hub.finish()
  }

  deinit {
    close()
  }

  private static func file(
    _ channel: SignalChannel, path: String, in state: inout State
  ) -> CInt? {
    if let file = state.files[channel] { return file }
    let file = open("\(path).signal-\(channel.rawValue)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { return nil }
    state.files[channel] = file
    return file
  }

  private func startWatching(_ state: inout State) {
    guard let wakeup = WakeupPipe() else { return refused() }
    state.wakeup = wakeup
    let hub = hub
    startThread { [weak self] in
      var wait = pollfd(fd: wakeup.readEnd, events: Int16(POLLIN), revents: 0)
      guard poll(&wait, 1, Self.watchAfterMilliseconds) == 0,
        let (inotify, channels) = self?.watch()
      else { return }
      // What was told before, nobody heard.
      hub.tickAll()
      Self.listen(inotify: inotify, wakeup: wakeup.readEnd) { watch in
        if let channel = channels[watch] { hub.tick(channel) } else { hub.tickAll() }
      }
      Glibc.close(inotify)
    }
  }

  /// Lets the kernel tell of the files from now on; `nil` where it cannot, or nobody wants to know any more.
  private func watch() -> (inotify: CInt, channels: [CInt: SignalChannel])? {
    state.withLock { state in
      guard !state.isClosed else { return nil }
      let inotify = inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK))
      var channels: [CInt: SignalChannel] = [:]
      for channel in SignalChannel.allCases where inotify >= 0 {
        guard Self.file(channel, path: path, in: &state) != nil else { continue }
        let name = "\(path).signal-\(channel.rawValue)"
        let watch = inotify_add_watch(inotify, name, UInt32(IN_MODIFY))
        if watch >= 0 { channels[watch] = channel }
      }
      guard channels.count == SignalChannel.allCases.count else {
        refused()
        if inotify >= 0 { Glibc.close(inotify) }
        return nil
      }
      state.isWatched = true
      return (inotify, channels)
    }
  }

  private func refused() {
    logger.warning(
      "cannot watch \(path).signal-*: other processes' changes are noticed by polling only",
      metadata: ["error": "\(String(cString: strerror(errno)))"])
  }

  /// Reads watch numbers until the wakeup is written to; −1 stands for an overflow of the kernel's queue.
  private static func listen(inotify: CInt, wakeup: CInt, _ ring: (CInt) -> Void) {
    let size = MemoryLayout<inotify_event>.size
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: 64 * size, alignment: MemoryLayout<inotify_event>.alignment)
    defer { buffer.deallocate() }
    while true {
      var waits = [
        pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
        pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0),
      ]
      poll(&waits, 2, -1)
      if waits[1].revents != 0 { return }
      var rung: Set<CInt> = []
      while true {
        let count = read(inotify, buffer.baseAddress, buffer.count)
        guard count > 0 else { break }
        var offset = 0
        while offset + size <= count {
          let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
          rung.insert(event.wd)
          offset += size + Int(event.len)
        }
      }
      for watch in rung { ring(watch) }
    }
  }
}
