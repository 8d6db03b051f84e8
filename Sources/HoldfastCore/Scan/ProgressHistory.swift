/// How far a scan had come at one moment.
package struct ProgressSample: Sendable, Hashable {
  package var at: Timestamp
  package var attempt: Int
  package var progress: Progress

  package init(at: Timestamp, attempt: Int, progress: Progress) {
    self.at = at
    self.attempt = attempt
    self.progress = progress
  }
}

/// How a scan has come to where it is, for plots and programs: its samples with the rates between them.
package struct ProgressHistory: Sendable, Hashable, Encodable {
  package struct Point: Sendable, Hashable, Encodable {
    package var at: Timestamp
    package var attempt: Int
    package var step: String
    package var done: Int64
    package var total: Int64?
    /// 0 to 100; `nil` while the total is unknown.
    package var percentage: Int?
    package var bytes: Int64
    /// Units a second since the point before; `nil` for the first of an attempt.
    package var ratePerSecond: Double?
    package var bytesPerSecond: Double?

    enum CodingKeys: String, CodingKey {
      case at, attempt, step, done, total, percentage, bytes
      case ratePerSecond = "rate_per_second"
      case bytesPerSecond = "bytes_per_second"
    }
  }

  package var scanID: ScanID
  package var number: Int64
  /// What is counted: `entries`, `pages`, `files`.
  package var unit: String
  /// Oldest first.
  package var items: [Point]

  enum CodingKeys: String, CodingKey {
    case number, unit, items
    case scanID = "scan_id"
  }

  /// - Parameter samples: oldest first. Where the scan stands now is the last point.
  package init(of scan: Scan, _ samples: [ProgressSample]) {
    var samples = samples
    if let progress = scan.progress, let at = scan.progressAt,
      samples.last.map({ $0.at < at && progress.isBeyond($0.progress) }) ?? true
    {
      samples.append(ProgressSample(at: at, attempt: scan.attempt, progress: progress))
    }
    scanID = scan.id
    number = scan.number
    unit = samples.last?.progress.unit ?? Progress().unit
    var before: ProgressSample?
    items = samples.map { sample in
      defer { before = sample }
      return Point(sample, after: before)
    }
  }
}

extension ProgressHistory.Point {
  fileprivate init(_ sample: ProgressSample, after before: ProgressSample?) {
    let progress = sample.progress
    self.init(
      at: sample.at, attempt: sample.attempt, step: progress.step, done: progress.done,
      total: progress.total, percentage: progress.percentage, bytes: progress.bytes)
    guard let before, before.attempt == sample.attempt else { return }
    let seconds = sample.at.seconds(since: before.at)
    guard seconds > 0 else { return }
    ratePerSecond = Double(max(0, progress.done - before.progress.done)) / seconds
    bytesPerSecond = Double(max(0, progress.bytes - before.progress.bytes)) / seconds
  }
}

extension Progress {
  fileprivate func isBeyond(_ earlier: Progress) -> Bool {
    done != earlier.done || bytes != earlier.bytes || step != earlier.step
  }
}
