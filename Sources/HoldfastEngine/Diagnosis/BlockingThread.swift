import NIOPosix
import Synchronization

/// One thread for calls that may block, started with the first of them.
///
/// A read below `/proc` can hang with the process it asks about (the command line takes that
/// process's memory lock), so a caller may set a limit: past it the thread is left behind with its
/// call, and the next call gets a new one.
final class BlockingThread: Sendable {
  /// Threads left behind that may exist at a time; beyond, calls are refused.
  private static let mostAbandoned = 4

  private struct State {
    var pool: NIOThreadPool?
    var abandoned = 0
  }

  private let state = Mutex(State())
  deinit {
    state.withLock { $0.pool }?.shutdownGracefully { _ in }
  }

  func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    let pool = pool()
    return await withCheckedContinuation { continuation in
      pool.submit { _ in continuation.resume(returning: body()) }
    }
  }

  /// `nil` if `body` takes longer than `limit`, or if too many earlier calls still hang.
  func run<Result: Sendable>(
    within limit: Duration, _ body: @escaping @Sendable () -> Result
  ) async -> Result? {
    guard state.withLock({ $0.abandoned < Self.mostAbandoned }) else { return nil }
    let pool = pool()
    let once = Once<Result>()
    return await withCheckedContinuation { continuation in
      once.arm(continuation)
      pool.submit { _ in
        if !once.resume(body()) { self.returned() }
      }
      Task.detached(name: "limit of a look at a process") {
        // Detached: it must outlive a caller that is cancelled, since it is what frees the caller.
        do { try await Task.sleep(for: limit, clock: .continuous) } catch { return }
        if once.resume(nil) { self.abandon(pool) }
      }
    }
  }

  private func pool() -> NIOThreadPool {
    state.withLock { state in
      if let pool = state.pool { return pool }
      let pool = NIOThreadPool(numberOfThreads: 1)
      pool.start()
      state.pool = pool
      return pool
    }
  }

  private func abandon(_ pool: NIOThreadPool) {
    state.withLock { state in
      state.abandoned += 1
      if state.pool === pool { state.pool = nil }
    }
    pool.shutdownGracefully { _ in }
  }

  private func returned() {
    state.withLock { $0.abandoned -= 1 }
  }

  /// A continuation that two race for.
  private final class Once<Result: Sendable>: Sendable {
    private let continuation = Mutex<CheckedContinuation<Result?, Never>?>(nil)

    func arm(_ new: CheckedContinuation<Result?, Never>) {
      continuation.withLock { $0 = new }
    }

    /// Whether this was the first.
    func resume(_ result: Result?) -> Bool {
      let taken = continuation.withLock { held in
        defer { held = nil }
        return held
      }
      taken?.resume(returning: result)
      return taken != nil
    }
  }
}
