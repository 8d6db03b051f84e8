import HoldfastCore
import HoldfastStorage
import Synchronization

/// What the overview plots of the last day, an hour a step. Read anew at most every ten seconds, however many look at it.
final class OverviewPlots: Sendable {
  static let hours = 24
  /// More ends than this within a day are plotted from their newest on, and the page says so.
  private static let mostEvents = 50_000
  private static let keepSeconds = 10.0

  private struct Kept {
    var activity: Activity
    var readAt: ContinuousClock.Instant
  }

  private let kept = Mutex<[TenantScope: Kept]>([:])

  /// - Parameter store: as somebody of that scope sees it.
  func activity(
    _ store: any ActivityStore, scope: TenantScope
  ) async throws(StoreError) -> Activity {
    let now = ContinuousClock.now
    let last = kept.withLock { kept in
      kept = kept.filter { now - $0.value.readAt < .seconds(Self.keepSeconds) }
      return kept[scope]
    }
    if let last { return last.activity }
    let read = try await store.activity(
      lastSeconds: Double(Self.hours) * 3600, limit: Self.mostEvents)
    kept.withLock { $0[scope] = Kept(activity: read, readAt: now) }
    return read
  }

  /// Throughput, durations, and recoveries by reason.
  static func plots(_ activity: Activity) -> [Plot] {
    let from = activity.from
    func hour(_ time: Timestamp) -> Int {
      min(hours - 1, max(0, Int(time.seconds(since: from) / 3600)))
    }
    func name(_ index: Int) -> String {
      index == hours - 1 ? "the last hour" : "\(hours - 1 - index) to \(hours - index) h ago"
    }
    return [
      throughput(activity, hour, name), durations(activity, hour, name),
      recoveries(activity, hour, name),
    ]
  }

  private static func throughput(
    _ activity: Activity, _ hour: (Timestamp) -> Int, _ name: (Int) -> String
  ) -> Plot {
    let statuses: [ScanStatus] = [.completed, .partial, .failed, .cancelled]
    var counts = statuses.map { _ in [Double](repeating: 0, count: hours) }
    for end in activity.ended {
      if let index = statuses.firstIndex(of: end.status) { counts[index][hour(end.at)] += 1 }
    }
    return Plot.bars(
      "Scans ended, by hour",
      zip(statuses, counts).map {
        Plot.Series(label: $0.rawValue, style: "plot-\($0.rawValue)", values: $1)
      }, from: activity.from, intervalName: name, emptyText: "No scan has ended in a day.")
  }

  private static func durations(
    _ activity: Activity, _ hour: (Timestamp) -> Int, _ name: (Int) -> String
  ) -> Plot {
    var seconds = [[Double]](repeating: [], count: hours)
    for end in activity.ended where end.status == .completed || end.status == .partial {
      if let taken = end.seconds { seconds[hour(end.at)].append(taken) }
    }
    let sorted = seconds.map { $0.sorted() }
    func quantile(_ share: Double) -> [Double] {
      sorted.map { $0.isEmpty ? .nan : $0[min($0.count - 1, Int(Double($0.count) * share))] }
    }
    return Plot.lines(
      "How long they took",
      [
        Plot.Series(label: "p95", style: "plot-p95", values: quantile(0.95)),
        Plot.Series(label: "p50", style: "plot-p50", values: quantile(0.5)),
      ], from: activity.from, intervalName: name, show: Words.duration,
      emptyText: "No scan has ended well in a day.")
  }

  private static func recoveries(
    _ activity: Activity, _ hour: (Timestamp) -> Int, _ name: (Int) -> String
  ) -> Plot {
    let reasons = Set(activity.recovered.map(\.reason)).sorted()
    var counts = reasons.map { _ in [Double](repeating: 0, count: hours) }
    for recovery in activity.recovered {
      if let index = reasons.firstIndex(of: recovery.reason) {
        counts[index][hour(recovery.at)] += 1
      }
    }
    return Plot.bars(
      "Stuck scans recovered, by reason",
      zip(reasons, counts).enumerated().map { index, entry in
        Plot.Series(
          label: entry.0.replacing("_", with: " ").visible, style: "plot-reason-\(index % 6)",
          values: entry.1)
      }, from: activity.from, intervalName: name, emptyText: "Nothing was stuck in a day.")
  }
}
