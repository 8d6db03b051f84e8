import CHoldfastSystem
import Glibc

/// A thread for blocking work, with a small stack: what a runner does is iterative, and its memory limit counts stacks.
///
/// Unchecked, because `handle` is written once, before the thread is shared.
final class WorkThread: @unchecked Sendable {
  private var handle = pthread_t()
  private let isStarted: Bool

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts `run` on a thread of its own; on this one, if the system has no thread left to give.
  ///
  /// - Parameter name: at most 15 bytes, shown by `ps -L -o comm`.
  init(_ name: String, run: @escaping @Sendable () -> Void) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 512 * 1024)
    defer { pthread_attr_destroy(&attributes) }
    let body = Unmanaged.passRetained(
      Body {
        hf_name_thread(name)
        run()
      })
    let code = pthread_create(
      &handle, &attributes,
      { raw in
        guard let raw else { return nil }
        Unmanaged<Body>.fromOpaque(raw).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    isStarted = code == 0
    if !isStarted { body.takeRetainedValue().run() }
  }

  func join() {
    if isStarted { pthread_join(handle, nil) }
  }

  /// For a thread whose end nobody waits for.
  func detach() {
    if isStarted { pthread_detach(handle) }
  }
}
