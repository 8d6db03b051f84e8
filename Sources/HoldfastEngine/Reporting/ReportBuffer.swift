package import HoldfastCore

/// What attempts have said and nobody has written yet: one queue for each lease, merged as far as that loses nothing.
///
/// Ends, checkpoints and waits are due at once; items after a moment in which more of them come together; progress at most once a
/// second for each scan, the newest in place of all before it.
package struct ReportBuffer {
  package typealias Instant = ContinuousClock.Instant

  /// A report and where it stands in its attempt's sequence.
  package struct Entry: Sendable, Equatable {
    package var report: AttemptReport
    /// The newest of the attempt's reports that are merged in this one.
    package var sequence: Int64
    package var bytes: Int
    package var dueAt: Instant
    var isFull: Bool {
      bytes >= ReportBuffer.maxEntryBytes || report.items.count >= ReportBuffer.maxEntryItems
    }
  }

  static let maxEntryBytes = 1 << 20
  static let maxEntryItems = 2000
  static let itemDelay = Duration.milliseconds(100)
  static let progressInterval = Duration.seconds(1)

  package init() {}

  private var queues: [Lease: [Entry]] = [:]
  private var lastProgressAt: [Lease: Instant] = [:]
  /// The bytes that its reports came in.
  private(set) var bytes = 0

  package var isEmpty: Bool { queues.isEmpty }

  package mutating func add(_ report: AttemptReport, sequence: Int64, bytes: Int, now: Instant) {
    let lease = report.lease
    var report = report
    report.sequence = sequence
    let due = dueTime(of: report, now: now)
    var queue = queues[lease] ?? []
    if var last = queue.last, !last.isFull {
      last.report.merge(report)
      last.sequence = sequence
      last.bytes += bytes
      last.dueAt = last.isFull ? now : min(last.dueAt, due)
      queue[queue.count - 1] = last
    } else {
      queue.append(Entry(report: report, sequence: sequence, bytes: bytes, dueAt: due))
    }
    queues[lease] = queue
    self.bytes += bytes
  }

  /// Makes all that a lease has waiting due at once.
  package mutating func expedite(_ lease: Lease, now: Instant) {
    guard var queue = queues[lease] else { return }
    for index in queue.indices { queue[index].dueAt = min(queue[index].dueAt, now) }
    queues[lease] = queue
  }

  package mutating func expediteAll(now: Instant) {
    for lease in queues.keys { expedite(lease, now: now) }
  }

  /// Takes what is due, at most one report for each lease, the longest due first.
  package mutating func take(now: Instant, maxReports: Int = 500, maxBytes: Int = 4 << 20)
    -> [Entry]
  {
    let due = queues.compactMap { lease, queue in
      queue.first.flatMap { $0.dueAt <= now ? (lease: lease, dueAt: $0.dueAt) : nil }
    }
    var batch: [Entry] = []
    var room = maxBytes
    for (lease, _) in due.sorted(by: Self.isBefore).prefix(maxReports) where room > 0 {
      guard var queue = queues[lease] else { continue }
      let entry = queue.removeFirst()
      queues[lease] = queue.isEmpty ? nil : queue
      if entry.report.progress != nil { lastProgressAt[lease] = now }
      bytes -= entry.bytes
      room -= entry.bytes
      batch.append(entry)
    }
    return batch
  }

  /// Of what is due at the same time, the older scan's comes first: the order is that of the reports, and of no hash.
  private static func isBefore(
    _ left: (lease: Lease, dueAt: Instant), _ right: (lease: Lease, dueAt: Instant)
  ) -> Bool {
    guard left.dueAt == right.dueAt else { return left.dueAt < right.dueAt }
    return left.lease.scanID == right.lease.scanID
      ? left.lease.token < right.lease.token : left.lease.scanID < right.lease.scanID
  }

  /// When the next report is due; `nil` if none waits.
  package var nextDue: Instant? { queues.values.compactMap(\.first?.dueAt).min() }

  /// Forgets when an attempt that is over last wrote; what it still has waiting is written.
  package mutating func closed(_ lease: Lease) {
    lastProgressAt[lease] = nil
  }

  /// Drops all of a lease that no longer holds.
  package mutating func forget(_ lease: Lease) {
    for entry in queues.removeValue(forKey: lease) ?? [] { bytes -= entry.bytes }
    lastProgressAt[lease] = nil
  }

  private func dueTime(of report: AttemptReport, now: Instant) -> Instant {
    if report.end != nil || report.checkpoint != nil || report.waitingFor != nil
      || report.diagnosis != nil || report.doubt != nil
    {
      return now
    }
    if !report.items.isEmpty || !report.errors.isEmpty || !report.baselineWrites.isEmpty {
      return now + Self.itemDelay
    }
    return lastProgressAt[report.lease].map { max(now, $0 + Self.progressInterval) } ?? now
  }
}

extension AttemptReport {
  /// Adds a later report of the same attempt. Items may then be written together with an older checkpoint, which is
  /// harmless: an attempt that resumes from it reports them again, and they are upserted.
  mutating func merge(_ later: AttemptReport) {
    sequence = later.sequence ?? sequence
    items += later.items
    errors += later.errors
    baselineWrites += later.baselineWrites
    checkpoint = later.checkpoint ?? checkpoint
    progress = later.progress ?? progress
    progressMessage = later.progressMessage ?? progressMessage
    if let waiting = later.waitingFor { (waitingFor, waitSeconds) = (waiting, later.waitSeconds) }
    diagnosis = later.diagnosis ?? diagnosis
    doubt = later.doubt ?? doubt
    rhythm = later.rhythm ?? rhythm
    end = later.end ?? end
  }
}
