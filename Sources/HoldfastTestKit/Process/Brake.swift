import Foundation
import Synchronization

/// Slows down the runners of a process, so that a test meets a scan in its middle on any machine: it stops them
/// (SIGSTOP) and lets them go on for a short slice, again and again, until it is released.
package final class Brake: Sendable {
  /// Shared with the thread, which must not keep the brake itself alive.
  private final class Flag: Sendable {
    let isSet = Mutex(false)
  }

  private let released = Flag()
  private let process: HoldfastProcess

  /// - Parameters:
  ///   - run, rest: how long the runners run and stand still in each round, in microseconds.
  package init(on process: HoldfastProcess, run: UInt32 = 4_000, rest: UInt32 = 40_000) {
    self.process = process
    let thread = Thread { [released] in
      while !released.isSet.withLock({ $0 }) {
        let runners = process.runners
        for runner in runners { kill(runner, SIGSTOP) }
        usleep(rest)
        for runner in runners { kill(runner, SIGCONT) }
        usleep(run)
      }
    }
    thread.name = "brake"
    thread.start()
  }

  /// Lets the runners go on at full speed.
  package func release() {
    released.isSet.withLock { $0 = true }
    for runner in process.runners { kill(runner, SIGCONT) }
  }

  deinit { release() }
}
