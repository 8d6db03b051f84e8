package import HoldfastStorage
package import Logging
import Synchronization

/// A process's share of the work: it claims scans, runs each in a runner of its own, and reports what they say.
package final class Worker: Sendable {
  private let store: any ScanStore
  private let configuration: WorkerConfiguration
  private let logger: Logger
  private let state = Mutex<WorkerLife?>(nil)

  package init(
    store: any ScanStore, configuration: WorkerConfiguration, logger: Logger
  ) {
    self.store = store
    self.configuration = configuration
    self.logger = logger
  }

  /// This life's row; `nil` until it is registered.
  package var life: WorkerLife? { state.withLock { $0 } }

  /// Works until it is drained.
  package func run() async throws {}

  /// Asks every runner for a checkpoint and lets ``run()`` return once all scans are back in the queue.
  package func drain() {}
}
