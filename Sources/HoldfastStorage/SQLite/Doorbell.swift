import Glibc
import Logging
import Synchronization

/// Tells all processes that have one SQLite file open that something was committed: a byte is written to a small file beside
/// the database, one for each channel, and the kernel tells whoever watches it (inotify).
///
/// Our own commits come back to us the same way, so that there is one path. Where files cannot be watched, ticks stay
/// within this process, and others find out by looking now and then.
final class Doorbell: Sendable {
  private let hub = SignalHub()
  private let path: String
  private let logger: Logger
  private let state = Mutex(State())

  private struct State {
    var files: [SignalChannel: CInt] = [:]
    var watch: Watch?
    var isWatchRefused = false
    var isClosed = false
  }

  private struct Watch {
    var inotify: CInt
    /// Tells the thread to end.
    var wakeup: WakeupPipe
  }

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
      return pwrite(file, &byte, 1, 0) == 1 && state.watch != nil
    }
    if !isWatched { hub.tick(channel) }
  }

  func signals(_ channel: SignalChannel) -> AsyncStream<Void> {
    let stream = hub.stream(channel)
    let isClosed = state.withLock { state in
      if !state.isClosed, state.watch == nil, !state.isWatchRefused { startWatching(&state) }
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
      if let watch = state.watch {
        watch.wakeup.wake()
      }
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
    let inotify = inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK))
    let wakeup = WakeupPipe()
    var channels: [CInt: SignalChannel] = [:]
    for channel in SignalChannel.allCases where inotify >= 0 {
      guard Self.file(channel, path: path, in: &state) != nil else { continue }
      let name = "\(path).signal-\(channel.rawValue)"
      let watch = inotify_add_watch(inotify, name, UInt32(IN_MODIFY))
      if watch >= 0 { channels[watch] = channel }
    }
    guard inotify >= 0, let wakeup, channels.count == SignalChannel.allCases.count else {
      logger.warning(
        "cannot watch \(path).signal-*: other processes' changes are noticed by polling only",
        metadata: ["error": "\(String(cString: strerror(errno)))"])
      state.isWatchRefused = true
      if inotify >= 0 { Glibc.close(inotify) }
      return
    }
    state.watch = Watch(inotify: inotify, wakeup: wakeup)
    let hub = hub
    let byWatch = channels
    startThread {
      Self.listen(inotify: inotify, wakeup: wakeup.readEnd) { watch in
        if let channel = byWatch[watch] { hub.tick(channel) } else { hub.tickAll() }
      }
      Glibc.close(inotify)
    }
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
