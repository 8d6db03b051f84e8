import Foundation
import Glibc
import HoldfastTestKit
import Synchronization

/// Slows down all runners of some processes while it is on, so that faults meet scans in their middle.
final class RunnerBrake: Sendable {
  private struct State {
    var isOn = false
    var isOver = false
    var processes: [HoldfastProcess] = []
    /// Runners that a fault has stopped, and that the brake must not let go on.
    var spared: Set<Int32> = []
  }

  private let state = Mutex(State())

  init() {
    let thread = Thread { [weak self] in
      while self?.turn() == true {}
    }
    thread.name = "brake"
    thread.start()
  }

  func set(_ isOn: Bool) { state.withLock { $0.isOn = isOn } }

  /// Brakes the runners of these from now on.
  func watch(_ processes: [HoldfastProcess]) { state.withLock { $0.processes = processes } }

  func spare(_ runner: Int32, _ isSpared: Bool) {
    state.withLock { state in
      if isSpared { state.spared.insert(runner) } else { state.spared.remove(runner) }
    }
  }

  func end() { state.withLock { $0.isOver = true } }

  private func turn() -> Bool {
    let (isOn, isOver, processes) = state.withLock { ($0.isOn, $0.isOver, $0.processes) }
    if isOver { return false }
    let runners = isOn ? processes.filter(\.isRunning).flatMap(\.runners) : []
    signal(runners, SIGSTOP)
    usleep(30_000)
    signal(runners, SIGCONT)
    usleep(2_000)
    return true
  }

  private func signal(_ runners: [Int32], _ signal: Int32) {
    state.withLock { state in
      for runner in runners where !state.spared.contains(runner) { kill(runner, signal) }
    }
  }
}
