/// What a worker has to say of one attempt since it last said anything: applied whole, in this order, in one transaction,
/// if the lease still holds.
package struct AttemptReport: Sendable, Hashable, Codable {
  package var lease: Lease
  /// Where it stands among the reports of its lease, from 1. The store passes over one that is not newer than what it has applied
  /// under that lease: a repetition, or an older one that was long on its way. One without it is applied in any case.
  package var sequence: Int64?
  package var items: [Item]
  package var errors: [ItemError]
  package var baselineWrites: [Baseline.Write]
  /// The newest checkpoint; covers everything above and before.
  package var checkpoint: JSONValue?
  /// The newest progress.
  package var progress: Progress?
  package var progressMessage: String?
  /// What the attempt waits for; an empty text ends a wait.
  package var waitingFor: String?
  /// How long it said that it would wait at most.
  package var waitSeconds: Double
  /// Why its process did what it did, or how it ended, as its worker found out.
  package var diagnosis: JSONValue?
  /// What its worker suspects of it, or does no more.
  package var doubt: AttemptDoubt?
  /// What it teaches about scans like it, with an end in good health.
  package var rhythm: AttemptRhythm?
  package var end: AttemptEnd?

  package init(
    lease: Lease, sequence: Int64? = nil, items: [Item] = [], errors: [ItemError] = [],
    baselineWrites: [Baseline.Write] = [], checkpoint: JSONValue? = nil,
    progress: Progress? = nil, progressMessage: String? = nil, waitingFor: String? = nil,
    waitSeconds: Double = 0, diagnosis: JSONValue? = Optional<JSONValue>.none,
    doubt: AttemptDoubt? = nil, rhythm: AttemptRhythm? = nil,
    end: AttemptEnd? = nil
  ) {
    self.lease = lease
    self.sequence = sequence
    self.items = items
    self.errors = errors
    self.baselineWrites = baselineWrites
    self.checkpoint = checkpoint
    self.progress = progress
    self.progressMessage = progressMessage
    self.waitingFor = waitingFor
    self.waitSeconds = waitSeconds
    self.diagnosis = diagnosis
    self.doubt = doubt
    self.rhythm = rhythm
    self.end = end
  }
}

/// What the store did with a report.
package enum ReportOutcome: Sendable, Hashable {
  /// It is in the database, from this call or an earlier one.
  case applied
  /// The lease is superseded or the scan has ended: nothing was changed, and the attempt must stop.
  case superseded
}

/// One scan handed to a worker: everything that an attempt needs.
package struct Claim: Sendable, Hashable {
  package var scan: Scan
  package var lease: Lease { Lease(scanID: scan.id, token: scan.leaseToken) }

  package init(scan: Scan) {
    self.scan = scan
  }
}
