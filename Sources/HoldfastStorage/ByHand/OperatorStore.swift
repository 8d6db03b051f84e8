package import HoldfastCore

/// What operators ask of a database beside ``ScanStore``: all operations throw ``StoreError``.
package protocol OperatorStore: Sendable {
  /// Submits a scan only where the check ahead of it allows, and carries out what the check says instead, in one transaction:
  /// two submitters never both start.
  ///
  /// - Parameter decide: the answer to what the scan's scope holds; asked again if that changes hands meanwhile. It only computes.
  func submitIfSafe(
    _ request: ScanRequest, by actor: String,
    decide: @escaping @Sendable (DuePage) -> PreScanAnswer
  ) async throws(StoreError) -> SafeSubmission

  /// The failed scans that a reset would put back, the newest of each target, and those that it would pass over.
  func resettable(
    tenantID: String, limit: Int
  ) async throws(StoreError) -> [ResetCandidate]

  /// Removes an ended scan with its items and errors; its events stay, and one more tells who removed it. Nothing else in
  /// Holdfast deletes a scan.
  ///
  /// - Returns: `.done` with the scan as it was, `.notAllowed` if it is active.
  func delete(
    _ id: ScanID, by actor: String, reason: String?
  ) async throws(StoreError) -> ActionOutcome
}

/// What is to be done ahead of a new scan, decided from the scan in the way.
package struct PreScanAnswer: Sendable {
  package var check: PreScanCheck
  /// How the scan in the way is resumed or cleaned; `nil` where nothing is.
  package var entry: RecoveryPlan.Entry?
  /// A worker is there to end its process first.
  package var isWorkerThere: Bool
  package var delaySeconds: Double

  package init(
    check: PreScanCheck, entry: RecoveryPlan.Entry? = nil, isWorkerThere: Bool = false,
    delaySeconds: Double = 0
  ) {
    self.check = check
    self.entry = entry
    self.isWorkerThere = isWorkerThere
    self.delaySeconds = delaySeconds
  }
}

/// What became of a safe submission, in the shape that the API and `submit --if-safe --json` tell it.
package struct SafeSubmission: Sendable, Encodable {
  package enum Outcome: String, Sendable, Codable {
    /// A new scan is in the queue.
    case started
    /// The same request had made this scan before.
    case existing
    /// The unfinished one is back in the queue.
    case resumed
    /// Its worker was asked to end the unfinished one's process; it goes back into the queue, or out of the way, after that.
    case ordered
    case waiting
  }

  package var outcome: Outcome
  package var check: PreScanCheck
  /// The new scan, or the one in the way.
  package var scan: Scan
  /// The number of the dead one that was cleaned first.
  package var cleaned: Int64?
}

/// A failed scan and whether a reset puts it back.
package struct ResetCandidate: Sendable, Hashable {
  package var scan: Scan
  /// A later scan of the same kind and target, which makes running this one again pointless; `nil` if there is none.
  package var supersededBy: Int64?

  package init(scan: Scan, supersededBy: Int64?) {
    self.scan = scan
    self.supersededBy = supersededBy
  }
}
