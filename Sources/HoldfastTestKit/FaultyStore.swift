package import HoldfastCore
package import HoldfastStorage
import Synchronization

/// A real store whose answers a test can take away: everything goes through to the store beneath, unless a fault is set for
/// that operation.
package final class FaultyStore: ScanStore {
  package enum Operation: String, Sendable, CaseIterable {
    case submit, registerWorker, retireWorker, claim, beat, report, recover, baseline, settle
    case act, read, settings
  }

  private struct State {
    var faults: [Operation: StoreError] = [:]
    var calls: [Operation: Int] = [:]
    var reports: [AttemptReport] = []
    var refuses: @Sendable (AttemptReport) -> Bool = { _ in false }
  }

  private let base: any ScanStore
  private let state = Mutex(State())

  package init(_ base: any ScanStore) {
    self.base = base
  }

  /// From now on, these operations throw; all of them if none is named.
  package func fail(_ operations: [Operation] = Operation.allCases, with error: StoreError) {
    state.withLock { state in for operation in operations { state.faults[operation] = error } }
  }

  package func recover() {
    state.withLock { $0.faults = [:] }
  }

  /// From now on, a batch that holds such a report is refused, as where somebody has changed the schema.
  package func refuseReports(where refuses: @escaping @Sendable (AttemptReport) -> Bool) {
    state.withLock { $0.refuses = refuses }
  }

  /// How often an operation was called, failures included.
  package func calls(_ operation: Operation) -> Int {
    state.withLock { $0.calls[operation, default: 0] }
  }

  /// All reports that reached the store beneath, in their order.
  package var reports: [AttemptReport] { state.withLock { $0.reports } }

  private func enter(_ operation: Operation) throws(StoreError) {
    let fault = state.withLock { state in
      state.calls[operation, default: 0] += 1
      return state.faults[operation]
    }
    if let fault { throw fault }
  }
}

extension FaultyStore {
  /// The faults stay the same for everybody; whose rows they are is no question of a worker's.
  package func seen(by caller: Caller) -> FaultyStore { self }
}

// MARK: What a worker calls

extension FaultyStore {
  package func submit(_ requests: [ScanRequest]) async throws(StoreError) -> [Submission] {
    try enter(.submit)
    return try await base.submit(requests)
  }

  package func registerWorker(
    _ worker: WorkerRegistration
  ) async throws(StoreError) -> WorkerLife {
    try enter(.registerWorker)
    return try await base.registerWorker(worker)
  }

  package func retireWorker(_ life: WorkerLife) async throws(StoreError) {
    try enter(.retireWorker)
    try await base.retireWorker(life)
  }

  package func claim(
    for life: WorkerLife, kinds: [String]?, limit: Int
  ) async throws(StoreError) -> [Claim] {
    try enter(.claim)
    return try await base.claim(for: life, kinds: kinds, limit: limit)
  }

  package func claim(_ id: ScanID, for life: WorkerLife) async throws(StoreError) -> Claim? {
    try enter(.claim)
    return try await base.claim(id, for: life)
  }

  package func beat(
    _ life: WorkerLife, pulses: [Pulse], running: Int
  ) async throws(StoreError) -> BeatOutcome {
    try enter(.beat)
    return try await base.beat(life, pulses: pulses, running: running)
  }

  package func report(_ reports: [AttemptReport]) async throws(StoreError) -> [ReportOutcome] {
    try enter(.report)
    if reports.contains(where: state.withLock({ $0.refuses })) {
      throw .statement("refused by the test")
    }
    let outcomes = try await base.report(reports)
    state.withLock { $0.reports += reports }
    return outcomes
  }

  package func recoverEarlierLives(
    of life: WorkerLife, isGone: @Sendable @escaping (WorkerRecord) -> Bool
  ) async throws(StoreError) -> [Scan] {
    try enter(.recover)
    return try await base.recoverEarlierLives(of: life, isGone: isGone)
  }

  package func beatMinimally(
    _ life: WorkerLife, leases: [Lease]
  ) async throws(StoreError) -> BeatOutcome {
    try enter(.beat)
    return try await base.beatMinimally(life, leases: leases)
  }

  package func reportMinimally(
    _ report: AttemptReport
  ) async throws(StoreError) -> ReportOutcome {
    try enter(.report)
    return try await base.reportMinimally(report)
  }

  package func refreshSchema() async throws(StoreError) {
    try enter(.settings)
    try await base.refreshSchema()
  }

  package func recordDiagnosis(
    _ diagnosis: JSONValue, of lease: Lease, attempt: Int
  ) async throws(StoreError) -> Bool {
    try enter(.recover)
    return try await base.recordDiagnosis(diagnosis, of: lease, attempt: attempt)
  }

  package func knowsWorker(life id: String) async throws(StoreError) -> Bool {
    try enter(.read)
    return try await base.knowsWorker(life: id)
  }

  package func worker(life id: String) async throws(StoreError) -> WorkerRecord? {
    try enter(.read)
    return try await base.worker(life: id)
  }

  package func baselineSummary(for lease: Lease) async throws(StoreError) -> Baseline.Summary? {
    try enter(.baseline)
    return try await base.baselineSummary(for: lease)
  }

  package func baselineEntries(
    for lease: Lease, after: Baseline.PartID?, limit: Int
  ) async throws(StoreError) -> [Baseline.Entry] {
    try enter(.baseline)
    return try await base.baselineEntries(for: lease, after: after, limit: limit)
  }

  package func baselineContents(
    for lease: Lease, ids: [Baseline.PartID]
  ) async throws(StoreError) -> [WorkerMessage.BaselineContent] {
    try enter(.baseline)
    return try await base.baselineContents(for: lease, ids: ids)
  }

  package func settle(
    _ lease: Lease, removalLimit: Int64?
  ) async throws(StoreError) -> WorkerMessage.Settlement? {
    try enter(.settle)
    return try await base.settle(lease, removalLimit: removalLimit)
  }
}

// MARK: What others call

extension FaultyStore {
  package func act(
    _ action: OperatorAction, on id: ScanID, by actor: String, reason: String?
  ) async throws(StoreError) -> ActionOutcome {
    try enter(.act)
    return try await base.act(action, on: id, by: actor, reason: reason)
  }

  package func scan(_ reference: ScanReference) async throws(StoreError) -> Scan? {
    try enter(.read)
    return try await base.scan(reference)
  }

  package func scans(
    _ filter: ScanFilter, order: ScanOrder, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<Scan> {
    try enter(.read)
    return try await base.scans(filter, order: order, cursor: cursor, limit: limit)
  }

  package func events(
    of id: ScanID, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<ScanEvent> {
    try enter(.read)
    return try await base.events(of: id, cursor: cursor, limit: limit)
  }

  package func errors(
    of id: ScanID, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<ScanErrorRecord> {
    try enter(.read)
    return try await base.errors(of: id, cursor: cursor, limit: limit)
  }

  package func items(
    of id: ScanID, change: Item.Change?, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<ScanItemRecord> {
    try enter(.read)
    return try await base.items(of: id, change: change, cursor: cursor, limit: limit)
  }

  package func events(after: Int64, limit: Int) async throws(StoreError) -> [ScanEvent] {
    try enter(.read)
    return try await base.events(after: after, limit: limit)
  }

  package func lastEventID() async throws(StoreError) -> Int64 {
    try enter(.read)
    return try await base.lastEventID()
  }

  package func scans(
    changedSince since: Timestamp, after number: Int64, limit: Int
  ) async throws(StoreError) -> [Scan] {
    try enter(.read)
    return try await base.scans(changedSince: since, after: number, limit: limit)
  }

  package func presentWorkers() async throws(StoreError) -> [WorkerRecord] {
    try enter(.read)
    return try await base.presentWorkers()
  }

  package func workers(
    cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<WorkerRecord> {
    try enter(.read)
    return try await base.workers(cursor: cursor, limit: limit)
  }

  package func now() async throws(StoreError) -> Timestamp {
    try enter(.read)
    return try await base.now()
  }

  package func statusCounts() async throws(StoreError) -> [ScanStatus: Int64] {
    try enter(.read)
    return try await base.statusCounts()
  }

  package func queueDepth() async throws(StoreError) -> [QueueDepth] {
    try enter(.read)
    return try await base.queueDepth()
  }

  package func setting(_ name: String) async throws(StoreError) -> String? {
    try enter(.settings)
    return try await base.setting(name)
  }

  package func setSetting(_ name: String, to value: String) async throws(StoreError) {
    try enter(.settings)
    try await base.setSetting(name, to: value)
  }

  package func signals(_ channel: SignalChannel) -> AsyncStream<Void> { base.signals(channel) }

  package func close() async { await base.close() }
}
