import Glibc
import HoldfastCore
import Logging
import Synchronization

/// The session that listens: on a thread of its own, connected again with backoff for as long as the store is open.
final class PostgresListener: Sendable {
  private let uri: String
  private let logger: Logger
  private let hub = SignalHub()
  private let state = Mutex(State())

  private struct State {
    var wakeup: WakeupPipe?
    var isClosed = false
  }

  init(uri: String, logger: Logger) {
    self.uri = uri
    self.logger = logger
  }

  /// The first call starts the thread. The connection can come later than the answer; then it begins with a tick.
  func signals(_ channel: SignalChannel) -> AsyncStream<Void> {
    let stream = hub.stream(channel)
    let isClosed = state.withLock { state in
      if !state.isClosed, state.wakeup == nil, let wakeup = WakeupPipe() {
        state.wakeup = wakeup
        // The thread keeps this object until `close` ends it.
        startThread { self.listen(wakeup) }
      }
      return state.isClosed
    }
    if isClosed { hub.finish() }
    return stream
  }

  func close() {
    state.withLock { state in
      state.isClosed = true
      state.wakeup?.wake()
    }
    hub.finish()
  }

  private var isClosed: Bool { state.withLock { $0.isClosed } }

  private func listen(_ wakeup: WakeupPipe) {
    var failures = 0
    while !isClosed {
      do {
        let session = try PostgresSession(uri: uri)
        for channel in SignalChannel.allCases {
          try session.runScript("LISTEN \(channel.postgresName)")
        }
        if failures > 0 { logger.info("listening to the database again") }
        failures = 0
        // What was notified while nobody listened is lost: everybody looks.
        hub.tickAll()
        follow(session, wakeup)
        if isClosed { return }
        logger.warning("the listening connection was lost")
      } catch {
        if failures == 0 {
          logger.warning("cannot listen to the database", metadata: ["error": "\(error)"])
        }
      }
      failures += 1
      // 0.1 s, 0.2 s, … to 5 s, each with half of it left to chance, so that many processes do not come back at once.
      let ceiling = min(5000, 50 << min(failures, 7))
      wait([wakeup.readEnd], milliseconds: CInt.random(in: CInt(ceiling / 2)...CInt(ceiling)))
    }
  }

  /// Ticks until the connection is lost or the store is closed.
  private func follow(_ session: PostgresSession, _ wakeup: WakeupPipe) {
    while !isClosed {
      guard let channels = session.notifications() else { return }
      for channel in SignalChannel.allCases where channels.contains(channel.postgresName) {
        hub.tick(channel)
      }
      if session.isLost { return }
      wait([session.socket, wakeup.readEnd], milliseconds: -1)
    }
  }

  private func wait(_ files: [CInt], milliseconds: CInt) {
    var waits = files.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    poll(&waits, nfds_t(waits.count), milliseconds)
  }
}
