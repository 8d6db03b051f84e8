import HoldfastCore
import Logging
import Synchronization

/// How many scans have each status, without counting a million of them for each page that shows it.
///
/// Few scans are counted each time. Where there are many, a count is given out for twenty times as long as it took, and made anew
/// beside the requests rather than in one of them: counting takes a twentieth of one connection at most.
final class StatusCounts: Sendable {
  typealias Counts = [ScanStatus: Int64]

  private struct Kept {
    var counts: Counts
    var readAt: ContinuousClock.Instant
    var took: Duration
    var isRefreshing = false

    var isOld: Bool { .now - readAt > took * 20 }
  }

  /// Fewer are counted each time.
  private let many: Int64
  private let logger: Logger
  private let kept = Mutex<[TenantScope: Kept]>([:])

  init(many: Int64 = 50_000, logger: Logger) {
    self.many = many
    self.logger = logger
  }

  /// - Parameter read: counts in the database.
  func of(
    _ scope: TenantScope, read: @escaping @Sendable () async throws(StoreError) -> Counts
  ) async throws(StoreError) -> Counts {
    let found = kept.withLock { kept -> Kept? in
      let found = kept[scope]
      if let found, found.isOld, !found.isRefreshing { kept[scope]?.isRefreshing = true }
      return found
    }
    guard let found else { return try await count(scope, read) }
    if found.isOld, !found.isRefreshing {
      // Nobody waits for it, and it is over soon: whoever asks gets what was counted last.
      Task(name: "count scans") {
        do throws(StoreError) {
          _ = try await count(scope, read)
        } catch {
          kept.withLock { $0[scope] = nil }
          logger.warning("scans could not be counted", metadata: ["error": "\(error)"])
        }
      }
    }
    return found.counts
  }

  private func count(
    _ scope: TenantScope, _ read: @Sendable () async throws(StoreError) -> Counts
  ) async throws(StoreError) -> Counts {
    let start = ContinuousClock.now
    let counts = try await read()
    let isMany = counts.values.reduce(0, +) >= many
    kept.withLock { kept in
      kept[scope] = isMany ? Kept(counts: counts, readAt: .now, took: .now - start) : nil
    }
    return counts
  }
}
