import HoldfastCore
import Synchronization

/// How fast each running scan goes, from what its progress said lately.
final class RateMeters: Sendable {
  private struct Sample {
    var attempt: Int
    var done: Int64
    var at: Timestamp
  }

  /// The last samples of each scan, oldest first.
  private let samples = Mutex<[ScanID: [Sample]]>([:])

  /// How far back the rate looks.
  private static let windowSeconds = 15.0
  private static let mostScans = 2000

  func record(_ scan: Scan) {
    guard let progress = scan.progress, let at = scan.progressAt else { return }
    let sample = Sample(attempt: scan.attempt, done: progress.done, at: at)
    samples.withLock { samples in
      // Ended scans are not told of; now and then all is forgotten, and the meters start anew.
      if samples.count > Self.mostScans { samples.removeAll() }
      var own = (samples[scan.id] ?? []).filter { earlier in
        earlier.attempt == sample.attempt && at.seconds(since: earlier.at) <= Self.windowSeconds
          && earlier.at < at && earlier.done <= sample.done
      }
      own.append(sample)
      samples[scan.id] = own
    }
  }

  /// Units a second: lately if that is known, else on average; `nil` if neither can be told.
  func rate(of scan: Scan) -> Double? {
    lately(scan) ?? Self.average(scan)
  }

  /// The rate of a running scan for as long as it keeps it up: `nil` once it has been silent for longer than three units
  /// take at that rate (a minute at least), or supervision doubts that it moves. Of an ended one, its average.
  func presentRate(of scan: Scan, now: Timestamp) -> Double? {
    guard let rate = rate(of: scan) else { return nil }
    guard scan.status == .running else { return scan.status.isTerminal ? rate : nil }
    let silence = scan.progressAt.map { now.seconds(since: $0) } ?? 0
    guard rate > 0, silence <= max(60, 3 / rate), scan.suspicion == nil, !scan.isHeldStuck else {
      return nil
    }
    return rate
  }

  private func lately(_ scan: Scan) -> Double? {
    guard scan.status == .running else { return nil }
    let own = samples.withLock { $0[scan.id] } ?? []
    guard let first = own.first, let last = own.last, last.attempt == scan.attempt else {
      return nil
    }
    let seconds = last.at.seconds(since: first.at)
    guard seconds >= 1 else { return nil }
    return Double(last.done - first.done) / seconds
  }

  /// Over the only attempt. Of later ones it is unknown where they began.
  private static func average(_ scan: Scan) -> Double? {
    guard scan.attempt == 1, let progress = scan.progress, let start = scan.startedAt,
      let end = scan.endedAt ?? scan.progressAt
    else { return nil }
    let seconds = end.seconds(since: start)
    guard seconds > 0, progress.done > 0 else { return nil }
    return Double(progress.done) / seconds
  }

  /// Seconds until the total is reached at the present rate.
  func secondsLeft(of scan: Scan) -> Double? {
    guard scan.status == .running, let progress = scan.progress, let total = progress.total,
      let rate = rate(of: scan), rate > 0
    else { return nil }
    return Double(max(0, total - progress.done)) / rate
  }
}
