package import HoldfastCore

/// Everything that Holdfast asks of a database. ``SQLStore`` is the one implementation, over two drivers; tests put a faulty
/// database beneath it rather than a second store beside it.
///
/// Time is always the database's own. Every change of a status writes its lifecycle event in the same transaction.
/// All operations throw ``StoreError``.
package protocol ScanStore: WorkerStore {
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

  /// One life of a worker, which may have ended; `nil` if this database has had none with this id.
  func worker(life id: String) async throws(StoreError) -> WorkerRecord?

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
  /// Scans whose row changed (status, progress, activity excepted) since `since`, the oldest change first; of those that changed
  /// in the same millisecond as `since`, the ones with a number above `number` (0 for all).
  func scans(
    changedSince since: Timestamp, after number: Int64, limit: Int
  ) async throws(StoreError) -> [Scan]
  /// The lives of workers that have not ended in good order, the oldest first.
  func presentWorkers() async throws(StoreError) -> [WorkerRecord]
  /// Every life that there has been, the newest first.
  func workers(cursor: String?, limit: Int) async throws(StoreError) -> Page<WorkerRecord>
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

  /// Ends connections and signals.
  func close() async
}

/// What a tick of ``WorkerStore/signals(_:)`` tells.
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
}

extension WorkerStore {
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
