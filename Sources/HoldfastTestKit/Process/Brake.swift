import Foundation
import Glibc
import Synchronization

/// Slows down the runner that scans a folder, so that a test meets the scan in its middle on any machine: it stops the
/// process (SIGSTOP) and lets it go on for a short slice, again and again, until the brake is released. A runner that has
/// not opened the folder yet is left alone.
package final class Brake: Sendable {
  /// Shared with the thread, which must not keep the brake itself alive.
  private final class Pedal: Sendable {
    enum Position { case braking, held, released }
    let position = Mutex(Position.braking)
    var isBraking: Bool { position.withLock { $0 } == .braking }
    var isHeld: Bool { position.withLock { $0 } == .held }
    var isReleased: Bool { position.withLock { $0 } == .released }
  }

  private let pedal = Pedal()
  private let process: HoldfastProcess

  /// - Parameters:
  ///   - root: the folder being scanned.
  ///   - run, rest: how long the runner runs and stands still in each round, in microseconds.
  package init(
    on process: HoldfastProcess, scanning root: String, run: UInt32 = 1_000,
    rest: UInt32 = 100_000
  ) {
    self.process = process
    let thread = Thread { [pedal] in
      // Ahead of what it is to stop, on a busy machine, too. Without the right to that, it is as quick as the others.
      _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, -15)
      while pedal.isBraking {
        guard let runner = process.runner(scanning: root) else {
          usleep(1_000)
          continue
        }
        while ProcessTable.isChild(runner, of: process.processID), !pedal.isReleased {
          kill(runner, SIGSTOP)
          // From here on nobody lets it go on again.
          if pedal.isHeld { break }
          // One that is killed meanwhile has a successor, which is not to run far before it is met.
          for _ in 0..<max(1, rest / 2000)
          where ProcessTable.isChild(runner, of: process.processID) { usleep(2000) }
          if pedal.isHeld { break }
          kill(runner, SIGCONT)
          usleep(run)
        }
      }
    }
    thread.name = "brake"
    thread.start()
  }

  /// Leaves the runner stopped, and whoever comes after it alone.
  package func hold() {
    pedal.position.withLock { if $0 == .braking { $0 = .held } }
  }

  /// Lets the runner go on at full speed.
  package func release() {
    pedal.position.withLock { $0 = .released }
    for runner in process.runners { kill(runner, SIGCONT) }
  }

  deinit { release() }
}
