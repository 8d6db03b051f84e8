import HoldfastCore
import HoldfastStorage
import Logging
import NIOPosix

/// What runners of earlier lives on this machine left behind when they died with their worker.
struct LeftoverBreadcrumbs: Sendable {
  /// The folder with one folder for each life.
  let folder: String
  let store: any WorkerStore
  let logger: Logger

  /// Stores each as the diagnosis of its attempt, and removes it. Those of a worker that runs beside this one are its own affair.
  ///
  /// - Throws: ``StoreError``; what is not stored by then stays where it is.
  func deliver() async throws(StoreError) {
    let folder = folder
    for life in await blocking({ BreadcrumbFolder.lives(in: folder) }) ?? [] {
      guard let left = await blocking({ BreadcrumbFolder.reopen("\(folder)/\(life)") }) ?? nil
      else { continue }
      let attempts = await blocking({ left.attempts }) ?? []
      // Of a life that this database has never seen, its scans are another database's. One that ended before its first has no story.
      if !attempts.isEmpty, !(try await store.knowsWorker(life: life)) { continue }
      for attempt in attempts {
        try await deliver(attempt.name, attempt.file)
      }
      await blocking { left.remove() }
    }
  }

  private func deliver(
    _ name: BreadcrumbFolder.Name, _ file: BreadcrumbFile
  ) async throws(StoreError) {
    let found = await Why().posthumous(file)
    guard let json = JSONValue(parsing: found.json()) else { return }
    let isStored = try await store.recordDiagnosis(
      json, of: name.lease, attempt: name.attempt)
    logger.notice(
      "🧹 STARTUP CLEANUP: harvested the breadcrumbs of an earlier life's runner",
      metadata: [
        "scan": "\(name.lease.scanID)", "attempt": "\(name.attempt)", "stored": "\(isStored)",
        "found": "\(found.sentence)",
      ])
  }

  /// Runs what blocks on a pool of threads; `nil` once that has ended, with the process.
  @discardableResult
  private func blocking<Result: Sendable>(
    _ body: @escaping @Sendable () -> Result
  ) async -> Result? {
    try? await NIOThreadPool.singleton.runIfActive(body)
  }
}
