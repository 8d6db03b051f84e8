import HoldfastCore
import HoldfastStorage

/// What happened, an hour a step, the oldest first: what the overview plots, and the API tells.
struct HourlyActivity: Sendable {
  struct Hour: Sendable {
    var from: Timestamp
    var ended: [ScanStatus: Int] = [:]
    /// How long those took that came to an end of their own, sorted.
    var seconds: [Double] = []
    /// By reason: those that supervision found stuck, and those that were recovered.
    var stuck: [String: Int] = [:]
    var recovered: [String: Int] = [:]

    /// `nil` where nothing came to its end.
    func quantile(_ share: Double) -> Double? {
      seconds.isEmpty ? nil : seconds[min(seconds.count - 1, Int(Double(seconds.count) * share))]
    }
  }

  /// How scans end.
  static let ends: [ScanStatus] = [.completed, .partial, .failed, .cancelled]

  private(set) var hours: [Hour]

  init(_ activity: Activity, hours count: Int) {
    hours = (0..<count).map { Hour(from: activity.from.adding(seconds: Double($0) * 3600)) }
    func index(_ time: Timestamp) -> Int {
      min(count - 1, max(0, Int(time.seconds(since: activity.from) / 3600)))
    }
    for end in activity.ended {
      hours[index(end.at)].ended[end.status, default: 0] += 1
      if end.status == .completed || end.status == .partial, let seconds = end.seconds {
        hours[index(end.at)].seconds.append(seconds)
      }
    }
    for found in activity.stuck { hours[index(found.at)].stuck[found.reason, default: 0] += 1 }
    for recovery in activity.recovered {
      hours[index(recovery.at)].recovered[recovery.reason, default: 0] += 1
    }
    for index in hours.indices { hours[index].seconds.sort() }
  }
}
