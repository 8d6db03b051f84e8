import HoldfastCore
import HoldfastStorage

/// Follows the progress of running scans: at most one look in each interval, and only what has
/// changed since the last.
struct ProgressTail {
  private var since: Timestamp?
  private var lastLook: ContinuousClock.Instant?
  /// What was last told of each scan that runs.
  private var told: [ScanID: Progress] = [:]

  /// Whoever starts to listen hears at once of what has just moved.
  private static let firstLookBackSeconds = 5.0

  /// How many changed scans one look takes; the rest comes with the next.
  private static let batch = 500

  mutating func read(
    from store: any ScanStore, every interval: Duration, now: ContinuousClock.Instant = .now
  ) async throws(StoreError) -> [Scan] {
    if let lastLook, now - lastLook < interval { return [] }
    lastLook = now
    let start =
      if let since { since } else {
        try await store.now().adding(seconds: -Self.firstLookBackSeconds)
      }
    let changed = try await store.scans(changedSince: start, limit: Self.batch)
    since = changed.last?.updatedAt ?? start
    var fresh: [Scan] = []
    for scan in changed {
      guard scan.status == .running, let progress = scan.progress else {
        told[scan.id] = nil
        continue
      }
      guard told[scan.id] != progress else { continue }
      told[scan.id] = progress
      fresh.append(scan)
    }
    return fresh
  }
}
