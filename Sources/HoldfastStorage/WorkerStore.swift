package import HoldfastCore

/// What a worker and its attempts ask of whoever holds the scans: the database itself (``ScanStore``), or a server that is asked over
/// HTTP. All operations throw ``StoreError``; ``StoreError/unavailable(_:)`` means that the same call may succeed later.
package protocol WorkerStore: Sendable {
  // MARK: A worker's life

  /// Writes the row of a worker's new life and returns its unique id.
  func registerWorker(_ worker: WorkerRegistration) async throws(StoreError) -> WorkerLife
  /// Marks the worker's life as ended. The scans it still holds are requeued as `worker_drained`.
  func retireWorker(_ life: WorkerLife) async throws(StoreError)
  /// Hands out up to `limit` pending scans that are due, the highest priority first, the oldest first within one; each becomes
  /// a new attempt with a larger lease token, recorded as held by this worker.
  ///
  /// - Parameter kinds: the kinds to take; `nil` for any but ``KindCatalog/attached``.
  func claim(
    for life: WorkerLife, kinds: [String]?, limit: Int
  ) async throws(StoreError) -> [Claim]
  /// Hands out this one scan in the same way; `nil` if it is not pending, not due yet, or gone to another worker. An embedded
  /// worker takes the scan that was submitted with it, and no other.
  func claim(_ id: ScanID, for life: WorkerLife) async throws(StoreError) -> Claim?
  /// Renews all leases and the worker's own row in one statement each.
  func beat(
    _ life: WorkerLife, pulses: [Pulse], running: Int
  ) async throws(StoreError) -> BeatOutcome
  /// Applies reports of many attempts in one transaction: one outcome for each, in order.
  func report(_ reports: [AttemptReport]) async throws(StoreError) -> [ReportOutcome]
  /// Requeues (or cancels and pauses, where an operator had asked) the running scans of earlier lives of a worker of the same name
  /// on this host whose boot or process is gone, with the reason `worker_restarted`.
  ///
  /// - Parameter isGone: whether the process of an earlier life is gone. It is asked with that life's row.
  func recoverEarlierLives(
    of life: WorkerLife, isGone: @Sendable @escaping (WorkerRecord) -> Bool
  ) async throws(StoreError) -> [Scan]

  /// Renews the leases in the smallest statement that there is, for when a changed schema refuses ``beat(_:leases:running:)``. It
  /// asks for no operator's wishes.
  func beatMinimally(_ life: WorkerLife, leases: [Lease]) async throws(StoreError) -> BeatOutcome
  /// Writes an attempt's end as status, reason and token, or as much of that as the schema takes; nothing of a report without one.
  func reportMinimally(_ report: AttemptReport) async throws(StoreError) -> ReportOutcome
  /// Tells whoever keeps a copy of the schema (PostgREST's schema cache) to read it anew.
  func refreshSchema() async throws(StoreError)
  /// Keeps what was found out about an attempt's process, with its event; also where the attempt is over. A later attempt's
  /// diagnosis stays.
  ///
  /// - Returns: whether the scan is there.
  func recordDiagnosis(
    _ diagnosis: JSONValue, of lease: Lease, attempt: Int
  ) async throws(StoreError) -> Bool
  /// Whether this database has, or had, a worker's life with this id.
  func knowsWorker(life id: String) async throws(StoreError) -> Bool

  // MARK: Baselines

  /// What the previous finished scan of the same tenant, kind and target left; `nil` if there was none.
  func baselineSummary(for lease: Lease) async throws(StoreError) -> Baseline.Summary?
  /// The next up to `limit` entries after `after`, ascending by id.
  func baselineEntries(
    for lease: Lease, after: Baseline.PartID?, limit: Int
  ) async throws(StoreError) -> [Baseline.Entry]
  /// The contents of these parts, ascending by id and segment.
  func baselineContents(
    for lease: Lease, ids: [Baseline.PartID]
  ) async throws(StoreError) -> [WorkerMessage.BaselineContent]
  /// Turns this scan's missing items into `moved` (of an added item with the same identity, whose row becomes the moved one
  /// with `data.from`) and `removed`. Changes nothing, and says so, if more than `removalLimit` would be removed, or
  /// (`nil`) without a limit. Fenced; `nil` if the lease is superseded.
  func settle(
    _ lease: Lease, removalLimit: Int64?
  ) async throws(StoreError) -> WorkerMessage.Settlement?

  // MARK: Notification

  /// Ticks whenever some process changed what `channel` stands for, as soon as it has. A tick may come without a change, and
  /// several changes may share one; a listener looks, then waits for the next tick, and looks now and then anyway.
  func signals(_ channel: SignalChannel) -> AsyncStream<Void>
}
