import Foundation
import Synchronization

/// Slows down the runner that scans a folder, so that a test meets the scan in its middle on any machine: it stops the
/// process (SIGSTOP) and lets it go on for a short slice, again and again, until the brake is released. A runner that has
/// not opened the folder yet is left alone.
package final class Brake: Sendable {
  /// Shared with the thread, which must not keep the brake itself alive.
  private final class Flag: Sendable {
    let isSet = Mutex(false)
  }

  private let released = Flag()
  private let process: HoldfastProcess

  /// - Parameters:
  ///   - root: the folder being scanned.
  ///   - run, rest: how long the runner runs and stands still in each round, in microseconds.
  package init(
    on process: HoldfastProcess, scanning root: String, run: UInt32 = 1_000,
    rest: UInt32 = 100_000
  ) {
    self.process = process
    let thread = Thread { [released] in
      while !released.isSet.withLock({ $0 }) {
        guard let runner = process.runner(scanning: root) else {
          usleep(1_000)
          continue
        }
        while ProcessTable.isChild(runner, of: process.processID), !released.isSet.withLock({ $0 })
        {
          kill(runner, SIGSTOP)
          // One that is killed meanwhile has a successor, which is not to run far before it is met.
          for _ in 0..<max(1, rest / 2000)
          where ProcessTable.isChild(runner, of: process.processID) { usleep(2000) }
          kill(runner, SIGCONT)
          usleep(run)
        }
      }
    }
    thread.name = "brake"
    thread.start()
  }

  /// Lets the runner go on at full speed.
  package func release() {
    released.isSet.withLock { $0 = true }
    for runner in process.runners { kill(runner, SIGCONT) }
  }

  deinit { release() }
}
