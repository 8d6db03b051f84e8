import NIOCore
import Synchronization

/// Wakes one loop, now or at a time. Rings while the loop is busy are one ring.
///
/// The loop is `for await _ in bell.rings { look; do; bell.ring(after: …) }`; it ends when the bell is taken down.
final class Doorbell: Sendable {
  let rings: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation
  private let eventLoop: any EventLoop
  private let timer = Mutex<Scheduled<Void>?>(nil)

  init(eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
    (rings, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func ring() {
    continuation.yield()
  }

  /// Rings once after `seconds`, in place of what was set before.
  func ring(after seconds: Double) {
    let continuation = continuation
    let next = eventLoop.scheduleTask(in: .nanoseconds(Int64(max(0, seconds) * 1e9))) {
      _ = continuation.yield()
    }
    timer.withLock {
      $0?.cancel()
      $0 = next
    }
  }

  func takeDown() {
    timer.withLock {
      $0?.cancel()
      $0 = nil
    }
    continuation.finish()
  }
}
