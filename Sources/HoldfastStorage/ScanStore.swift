package import HoldfastCore

/// Everything that Holdfast asks of a database. ``SQLStore`` is the one implementation, over two drivers; tests put a faulty
/// database beneath it rather than a second store beside it.
///
/// Time is always the database's own. Every change of a status writes its lifecycle event in the same transaction.
/// All operations throw ``StoreError``.
package protocol ScanStore: Sendable {
  /// This store as one caller sees it: scans of other tenants are not there, what is submitted belongs to the caller's tenant, and
  /// each action writes its line of the audit log in its own transaction.
  ///
  /// The tails that one reader follows for everybody (``events(after:limit:)``, ``scans(changedSince:limit:)``) are filtered too, so
  /// that a page of them can be empty before their end.
  func seen(by caller: Caller) -> Self

  // MARK: Submitting

  /// Puts scans into the queue, in one transaction and few statements. One outcome for each request, in order; a request whose
  /// scope is held, or whose idempotency key is known, does not stop the others.
  func submit(_ requests: [ScanRequest]) async throws(StoreError) -> [Submission]

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

  // MARK: Operators

  /// Carries out an operator's action, or records the wish for it where the scan runs and its worker must act first.
  func act(
    _ action: OperatorAction, on id: ScanID, by actor: String, reason: String?
  ) async throws(StoreError) -> ActionOutcome

  // MARK: Reading

  /// Finds a scan by its UUID or by its number.
  func scan(_ reference: ScanReference) async throws(StoreError) -> Scan?
  /// Each page goes on from the cursor of the page before it, under the same filter and in the same order.
  func scans(
    _ filter: ScanFilter, order: ScanOrder, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<Scan>
  /// Oldest first.
  func events(
    of id: ScanID, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<ScanEvent>
  /// Oldest first.
  func errors(
    of id: ScanID, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<ScanErrorRecord>
  /// By key.
  func items(
    of id: ScanID, change: Item.Change?, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<ScanItemRecord>
  /// Events of all scans after the event `after`, oldest first: the tail that streams follow.
  func events(after: Int64, limit: Int) async throws(StoreError) -> [ScanEvent]
  /// The id of the newest event; 0 if there is none.
  func lastEventID() async throws(StoreError) -> Int64
  /// Scans whose row changed (status, progress, activity excepted) since `since`, the oldest change first.
  func scans(
    changedSince since: Timestamp, limit: Int
  ) async throws(StoreError) -> [Scan]
  func workers() async throws(StoreError) -> [WorkerRecord]
  /// The database's clock.
  func now() async throws(StoreError) -> Timestamp
  /// How many scans have each status.
  func statusCounts() async throws(StoreError) -> [ScanStatus: Int64]
  /// The active scans by kind and status, counted from the index of what is active.
  func queueDepth() async throws(StoreError) -> [QueueDepth]

  // MARK: Settings and tokens

  /// A value kept by name (the hash of the admin token, say); `nil` if there is none.
  func setting(_ name: String) async throws(StoreError) -> String?
  func setSetting(_ name: String, to value: String) async throws(StoreError)

  // MARK: Notification

  /// Ticks whenever some process changed what `channel` stands for, as soon as it has. A tick may come without a change, and
  /// several changes may share one; a listener looks, then waits for the next tick, and looks now and then anyway.
  func signals(_ channel: SignalChannel) -> AsyncStream<Void>

  /// Ends connections and signals.
  func close() async
}

/// What a tick of ``ScanStore/signals(_:)`` tells.
package enum SignalChannel: String, Sendable, CaseIterable {
  /// A scan can be claimed.
  case queue
  /// A lifecycle event was written, or progress was.
  case events
  /// An operator asked something of a running scan.
  case control
  /// Something has been proven that the sweep need not wait for.
  case sweep
}

package struct WorkerRegistration: Sendable, Hashable {
  package var name: String
  package var host: String
  /// The kernel's boot id: a process id means nothing beyond it.
  package var bootID: String
  package var processID: Int32
  /// Clock ticks after boot at which the process started (`/proc/PID/stat`, field 22): a process id is used again.
  package var processStartTicks: UInt64
  package var slots: Int
  /// Empty for any.
  package var kinds: [String]
  package var version: String
  package var heartbeatIntervalSeconds: Double

  package init(
    name: String, host: String, bootID: String, processID: Int32, processStartTicks: UInt64,
    slots: Int, kinds: [String], version: String, heartbeatIntervalSeconds: Double
  ) {
    self.name = name
    self.host = host
    self.bootID = bootID
    self.processID = processID
    self.processStartTicks = processStartTicks
    self.slots = slots
    self.kinds = kinds
    self.version = version
    self.heartbeatIntervalSeconds = heartbeatIntervalSeconds
  }
}

/// One life of a worker.
package struct WorkerLife: Sendable, Hashable {
  package var id: String
  package var name: String
  package var host: String

  package init(id: String, name: String, host: String) {
    self.id = id
    self.name = name
    self.host = host
  }
}

extension ScanStore {
  /// The newest first.
  package func scans(
    _ filter: ScanFilter, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<Scan> {
    try await scans(filter, order: .newestFirst, cursor: cursor, limit: limit)
  }

  /// A beat of attempts of which nothing else is known.
  package func beat(
    _ life: WorkerLife, leases: [Lease], running: Int
  ) async throws(StoreError) -> BeatOutcome {
    try await beat(life, pulses: leases.map { Pulse(lease: $0) }, running: running)
  }
}

/// The signs of life of one attempt since the beat before.
package struct Pulse: Sendable, Hashable {
  package var lease: Lease
  /// Its process tree used processor time or moved bytes.
  package var isActive: Bool
  /// Its runner answered a ping.
  package var hasAnswered: Bool

  package init(lease: Lease, isActive: Bool = false, hasAnswered: Bool = false) {
    self.lease = lease
    self.isActive = isActive
    self.hasAnswered = hasAnswered
  }
}

/// What the database answers to a heartbeat.
package struct BeatOutcome: Sendable, Hashable {
  /// Leases that no longer hold: their attempts must stop, and what they report is refused.
  package var lost: [Lease]
  /// What operators have asked of the scans that do hold.
  package var requests: [ScanID: RequestedAction]

  /// Attempts that the sweep holds for stuck: their processes are to be ended, and this is to be reported.
  package var orders: [ScanID: RecoveryOrder]
  /// Scans of which somebody wants to know why they do what they do.
  package var looks: Set<ScanID>

  package init(
    lost: [Lease], requests: [ScanID: RequestedAction], orders: [ScanID: RecoveryOrder] = [:],
    looks: Set<ScanID> = []
  ) {
    self.looks = looks
    self.lost = lost
    self.requests = requests
    self.orders = orders
  }
}

/// What an operator can do to a scan.
package enum OperatorAction: String, Sendable, CaseIterable, Codable {
  case cancel
  case pause
  /// Lets a paused scan go on.
  case resume
  /// Runs an ended scan (failed, partial, cancelled) again under the same id, from its checkpoint if it has one.
  case retry
  /// Ends a pending or running scan as failed.
  case fail
  /// Starts a running or ended scan over from its beginning; what it produced in a running attempt stays and is written again.
  case requeue
  /// Takes back a cleanup that was wrong: the scan goes on as if it had not been failed.
  case revert
  /// Retry as one of many: every failed scan of its target's last try goes back to pending.
  case reset
}

package enum ActionOutcome: Sendable, Hashable {
  /// Done: the scan as it is now.
  case done(Scan)
  /// Asked of the worker that runs it.
  case requested(Scan)
  /// The scan's status does not allow it.
  case notAllowed(Scan)
  /// Another active scan holds its exclusive scope (retry).
  case scopeHeld(by: Scan)
  case notFound
}

/// How people and programs name a scan.
package enum ScanReference: Sendable, Hashable {
  case id(ScanID)
  case number(Int64)

  /// Reads `42` or a UUID.
  package init?(_ text: String) {
    if let number = Int64(text), number > 0 {
      self = .number(number)
    } else if let id = ScanID(text) {
      self = .id(id)
    } else {
      return nil
    }
  }
}

package struct ScanFilter: Sendable, Hashable {
  package var tenantID: String?
  package var statuses: [ScanStatus]
  package var kind: String?
  package var target: String?
  package var scope: String?
  /// Only those that a cleanup has failed (``Reason/cleanups``).
  package var onlyCleaned: Bool
  /// A part of the target, whatever its case, or the scan's number, with or without `#`.
  package var search: String?
  package var doubt: ScanDoubt?

  package init(
    tenantID: String? = nil, statuses: [ScanStatus] = [], kind: String? = nil,
    target: String? = nil, scope: String? = nil, onlyCleaned: Bool = false,
    search: String? = nil, doubt: ScanDoubt? = nil
  ) {
    self.tenantID = tenantID
    self.statuses = statuses
    self.kind = kind
    self.target = target
    self.scope = scope
    self.onlyCleaned = onlyCleaned
    self.search = search
    self.doubt = doubt
  }
}

/// What supervision holds of active scans, as a filter.
package enum ScanDoubt: Sendable, Hashable {
  case verdict(Verdict.Kind)
  /// Silent for longer than scans like it ever are.
  case suspected
  /// Stuck in one way or another, or suspected.
  case any

  /// The verdicts under which a scan is stuck.
  package static let stuck: [Verdict.Kind] = [
    .hung, .dead, .neverStarted, .stuckPending, .stuckCancelling, .poison,
  ]

  /// As addresses name it: `stuck`, `suspected`, or a verdict.
  package init?(_ name: String) {
    switch name {
    case "stuck": self = .any
    case "suspected": self = .suspected
    default:
      guard let kind = Verdict.Kind(rawValue: name), kind != .ended else { return nil }
      self = .verdict(kind)
    }
  }

  package var name: String {
    switch self {
    case .verdict(let kind): kind.rawValue
    case .suspected: "suspected"
    case .any: "stuck"
    }
  }

  /// Every name, the widest first.
  package static let names: [String] =
    ["stuck", "suspected"] + Verdict.Kind.allCases.filter { $0 != .ended }.map(\.rawValue)
}
