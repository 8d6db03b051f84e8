import HoldfastCore
import HoldfastStorage
import Logging

/// The second channel: every `serve` and `worker`, leading or not, looks at the processes of the workers on its machine. A
/// heartbeat that is late proves nothing; a process that is gone does, and its scans need not wait until their leases are stale.
extension Sweeper {
  /// How often the list of this machine's workers is read anew, in seconds.
  private static let listSeconds = 2.0

  func watchLoop() async {
    let process = LinuxProcess.current()
    var watched = Watched()
    watchBell.ring()
    for await _ in watchBell.rings {
      do throws(StoreError) {
        try await watch(&watched, from: process)
      } catch {
        // The sweep itself says what is wrong with the database; the next look comes soon.
        logger.debug("workers could not be looked at", metadata: ["error": "\(error)"])
        watched = Watched()
      }
      watchBell.ring(after: configuration.watchSeconds)
    }
  }

  struct Watched {
    var readAt: ContinuousClock.Instant?
    /// Of this machine only.
    var workers: [WorkerRecord] = []
    var leader: String?
  }

  /// One look. What is proven is written down, and whoever leads sweeps at once.
  func watch(_ watched: inout Watched, from process: LinuxProcess) async throws(StoreError) {
    let now = ContinuousClock.now
    if watched.readAt.map({ (now - $0).seconds >= Self.listSeconds }) ?? true {
      watched.workers = try await store.fleet().workers.map(\.record).filter {
        process.hasEnded($0) != nil
      }
      watched.leader = try await store.leader(of: "sweep")
      watched.readAt = now
    }
    let gone = watched.workers.filter { process.hasEnded($0) == true }
    if !gone.isEmpty, try await store.markGone(gone.map(\.id)) > 0 {
      logger.notice(
        "🧹 a worker's process has ended without signing off; its scans are recovered",
        metadata: ["workers": "\(gone.map(\.name).joined(separator: " "))"])
    }
    watched.workers.removeAll { worker in gone.contains { $0.id == worker.id } }
    if let leader = watched.leader, process.hasEnded(named: leader) == true {
      // It cannot resign any more.
      try await store.resign("sweep", as: leader)
      watched.leader = nil
      sweepNow()
    }
  }
}
