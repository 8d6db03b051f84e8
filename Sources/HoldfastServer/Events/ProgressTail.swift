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
  /// A transaction that began earlier can end later: each look begins a little before the end of the last.
  private static let overlapSeconds = 1.0

  /// How many changed scans one question takes, and how many questions one look; the rest comes with the next look.
  private static let batch = 500
  private static let mostBatches = 40

  mutating func read(
    from store: any ScanStore, every interval: Duration, now: ContinuousClock.Instant = .now
  ) async throws(StoreError) -> [Scan] {
    if let lastLook, now - lastLook < interval { return [] }
    lastLook = now
    var position =
      if let since { since.adding(seconds: -Self.overlapSeconds) } else {
        try await store.now().adding(seconds: -Self.firstLookBackSeconds)
      }
    var number: Int64 = 0
    var fresh: [Scan] = []
    for _ in 0..<Self.mostBatches {
      let changed = try await store.scans(
        changedSince: position, after: number, limit: Self.batch)
      for scan in changed where isNews(scan) { fresh.append(scan) }
      guard let last = changed.last else { break }
      (position, number) = (last.updatedAt, last.number)
      if changed.count < Self.batch { break }
    }
    since = max(position, since ?? position)
    return fresh
  }

  /// Whether it says something that was not told yet.
  private mutating func isNews(_ scan: Scan) -> Bool {
    guard scan.status == .running, let progress = scan.progress else {
      told[scan.id] = nil
      return false
    }
    guard told[scan.id] != progress else { return false }
    told[scan.id] = progress
    return true
  }
}
