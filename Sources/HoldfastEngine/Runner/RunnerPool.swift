import Glibc
import Logging
import Synchronization

/// Keeps runners started ahead, so that a scan does not wait for a process to start. Each runner serves one attempt.
final class RunnerPool: Sendable {
  private struct State {
    var spares: [RunnerProcess] = []
    var isEnding = false
    /// Starts that failed and idle deaths, in a row; each makes the next refill wait longer.
    var failures = 0
    var refillAt = ContinuousClock.now
  }

  private let host: RunnerHost
  private let early: EarlyRunner?
  private let size: Int
  private let logger: Logger
  private let bell: Doorbell
  private let state = Mutex(State())

  /// - Parameter early: a runner that is there already.
  init(
    host: RunnerHost, early: EarlyRunner? = nil, size: Int, bell: Doorbell, logger: Logger
  ) {
    self.host = host
    self.early = early
    self.size = size
    self.bell = bell
    self.logger = logger
  }

  /// How many runners wait at this moment.
  var spareCount: Int { state.withLock { $0.spares.count } }

  /// A spare, or a runner that is started now.
  func take() async throws(RunnerError) -> RunnerProcess {
    defer { bell.ring() }
    while let spare = await nextSpare() {
      if spare.hasExited { continue }
      if spare.isStopped {
        logger.warning(
          "a spare runner was stopped by somebody; it is ended and another taken",
          metadata: ["pid": "\(spare.processID)"])
        await Self.discard(spare)
        continue
      }
      state.withLock { $0.failures = 0 }
      return spare
    }
    return try await host.start()
  }

  private func nextSpare() async -> RunnerProcess? {
    if let spare = state.withLock({ $0.spares.isEmpty ? nil : $0.spares.removeFirst() }) {
      return spare
    }
    return await early?.take()
  }

  static func discard(_ spare: RunnerProcess) async {
    spare.signalGroup(SIGKILL)
    await spare.ended()
    spare.closePipes()
    spare.breadcrumbs?.remove()
  }

  /// Keeps the pool filled until ``end()``.
  func run() async {
    bell.ring()
    for await _ in bell.rings {
      removeDead()
      let wait = state.withLock { $0.refillAt } - .now
      if wait > .zero {
        bell.ring(after: wait.seconds)
      } else {
        await refill()
      }
    }
    let spares = state.withLock { state -> [RunnerProcess] in
      defer { state.spares = [] }
      return state.spares
    }
    for spare in spares { await Self.discard(spare) }
    await early?.discard()
  }

  func end() {
    state.withLock { $0.isEnding = true }
    bell.takeDown()
  }

  private func refill() async {
    let bell = bell
    while state.withLock({ $0.isEnding ? 0 : size - $0.spares.count }) > 0 {
      do throws(RunnerError) {
        let runner = try await host.start()
        runner.attach { if case .exited = $0 { bell.ring() } }
        state.withLock { $0.spares.append(runner) }
      } catch {
        return failed("\(error)")
      }
    }
  }

  private func removeDead() {
    let dead = state.withLock { state -> [RunnerProcess] in
      let dead = state.spares.filter(\.hasExited)
      state.spares.removeAll(where: \.hasExited)
      return dead
    }
    for runner in dead {
      runner.closePipes()
      runner.breadcrumbs?.remove()
      let words = runner.errorTail.suffix(3).joined(separator: " ⏎ ")
      failed("a spare runner died" + (words.isEmpty ? "" : "; its last lines: \(words)"))
    }
  }

  private func failed(_ why: String) {
    logger.error("no spare runner", metadata: ["error": "\(why)"])
    // 0.2 s, 0.4 s, … about 26 s.
    let seconds = state.withLock { state -> Double in
      state.failures = min(state.failures + 1, 8)
      let seconds = 0.1 * Double(1 << state.failures)
      state.refillAt = .now + .seconds(seconds)
      return seconds
    }
    bell.ring(after: seconds)
  }
}
