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

  /// Throughput, durations, what was found stuck and what was recovered, by reason.
  static func plots(_ activity: Activity) -> [Plot] {
    let hourly = HourlyActivity(activity, hours: hours)
    return [
      throughput(hourly, activity.from), durations(hourly, activity.from),
      reasons(
        "Scans found stuck, by reason", hourly, \.stuck, activity.from,
        emptyText: "No scan was found stuck in a day."),
      reasons(
        "Stuck scans recovered, by reason", hourly, \.recovered, activity.from,
        emptyText: "Nothing was stuck in a day."),
    ]
  }

  private static func name(_ index: Int) -> String {
    index == hours - 1 ? "the last hour" : "\(hours - 1 - index) to \(hours - index) h ago"
  }

  private static func throughput(_ hourly: HourlyActivity, _ from: Timestamp) -> Plot {
    Plot.bars(
      "Scans ended, by hour",
      HourlyActivity.ends.map { status in
        Plot.Series(
          label: status.rawValue, style: "plot-\(status.rawValue)",
          values: hourly.hours.map { Double($0.ended[status] ?? 0) },
          href: "/?status=\(status.rawValue)")
      }, from: from, intervalName: name, emptyText: "No scan has ended in a day.")
  }

  private static func durations(_ hourly: HourlyActivity, _ from: Timestamp) -> Plot {
    Plot.lines(
      "How long they took",
      [("p95", 0.95), ("p50", 0.5)].map { label, share in
        Plot.Series(
          label: label, style: "plot-\(label)",
          values: hourly.hours.map { $0.quantile(share) ?? .nan })
      }, from: from, intervalName: name, show: Words.duration,
      emptyText: "No scan has ended well in a day.")
  }

  /// A reason has the same colour in both plots.
  private static func style(of reason: String) -> String {
    let known = Reason.cleanups.firstIndex { $0.rawValue == reason }
    return "plot-reason-\(known ?? Reason.cleanups.count)"
  }

  private static func reasons(
    _ heading: String, _ hourly: HourlyActivity,
    _ counts: (HourlyActivity.Hour) -> [String: Int], _ from: Timestamp, emptyText: String
  ) -> Plot {
    let reasons = Set(hourly.hours.flatMap { counts($0).keys }).sorted()
    return Plot.bars(
      heading,
      reasons.map { reason in
        Plot.Series(
          label: reason.replacing("_", with: " ").visible, style: style(of: reason),
          values: hourly.hours.map { Double(counts($0)[reason] ?? 0) })
      }, from: from, intervalName: name, emptyText: emptyText)
  }
}
