package import HoldfastCore
package import Logging

/// The store over a SQL database: what both databases are asked is written here once, over ``Database``.
package final class SQLStore: ScanStore {
  let logger: Logger

  init(logger: Logger) {
    self.logger = logger
  }

  /// What to do about a schema that is older than this program needs.
  package enum SchemaPolicy: Sendable {
    /// Migrate it.
    case migrate
    /// Refuse it with ``StoreError/olderSchema(found:known:)``.
    case require
  }

  /// Opens the database and sees to its schema.
  ///
  /// - Parameters:
  ///   - maxConnections: how many statements may run at once. SQLite has one writer whatever this says.
  ///   - clock: what SQLite takes for the time; a simulation drives it. PostgreSQL has its own clock and refuses one.
  /// - Throws: ``StoreError/newerSchema(found:known:)`` for a database that a newer program has migrated.
  package static func open(
    url: DatabaseURL, maxConnections: Int = 4, logger: Logger, schema: SchemaPolicy = .migrate,
    clock: (@Sendable () -> Timestamp)? = nil
  ) async throws(StoreError) -> SQLStore {
    throw .unavailable("not there yet")
  }

  /// Brings the schema up to date and returns the steps that did; none if it was. A dry run changes nothing (and makes no
  /// database file) and returns the steps that a real run would take.
  package static func migrate(
    url: DatabaseURL, dryRun: Bool, logger: Logger
  ) async throws(StoreError) -> [MigrationStep] {
    throw .unavailable("not there yet")
  }
}

extension SQLStore {
  package func submit(_ requests: [ScanRequest]) async throws(StoreError) -> [Submission] {
    throw .unavailable("not there yet")
  }
  package func registerWorker(_ worker: WorkerRegistration) async throws(StoreError) -> WorkerLife {
    throw .unavailable("not there yet")
  }
  package func retireWorker(_ life: WorkerLife) async throws(StoreError) {
    throw .unavailable("not there yet")
  }
  package func claim(for life: WorkerLife, kinds: [String]?, limit: Int) async throws(StoreError)
    -> [Claim]
  { throw .unavailable("not there yet") }
  package func claim(_ id: ScanID, for life: WorkerLife) async throws(StoreError) -> Claim? {
    throw .unavailable("not there yet")
  }
  package func beat(_ life: WorkerLife, leases: [Lease], running: Int) async throws(StoreError)
    -> BeatOutcome
  { throw .unavailable("not there yet") }
  package func report(_ reports: [AttemptReport]) async throws(StoreError) -> [ReportOutcome] {
    throw .unavailable("not there yet")
  }
  package func recoverEarlierLives(
    of life: WorkerLife, isGone: @Sendable @escaping (WorkerRecord) -> Bool
  ) async throws(StoreError) -> [Scan] { throw .unavailable("not there yet") }
  package func baselineSummary(for lease: Lease) async throws(StoreError) -> Baseline.Summary? {
    throw .unavailable("not there yet")
  }
  package func baselineEntries(for lease: Lease, after: Baseline.PartID?, limit: Int)
    async throws(StoreError) -> [Baseline.Entry]
  { throw .unavailable("not there yet") }
  package func baselineContents(for lease: Lease, ids: [Baseline.PartID]) async throws(StoreError)
    -> [WorkerMessage.BaselineContent]
  { throw .unavailable("not there yet") }
  package func settle(_ lease: Lease, removalLimit: Int64?) async throws(StoreError)
    -> WorkerMessage.Settlement?
  { throw .unavailable("not there yet") }
  package func act(_ action: OperatorAction, on id: ScanID, by actor: String, reason: String?)
    async throws(StoreError) -> ActionOutcome
  { throw .unavailable("not there yet") }
  package func scan(_ reference: ScanReference) async throws(StoreError) -> Scan? {
    throw .unavailable("not there yet")
  }
  package func scans(_ filter: ScanFilter, cursor: String?, limit: Int) async throws(StoreError)
    -> Page<Scan>
  { throw .unavailable("not there yet") }
  package func events(of id: ScanID, cursor: String?, limit: Int) async throws(StoreError) -> Page<
    ScanEvent
  > { throw .unavailable("not there yet") }
  package func errors(of id: ScanID, cursor: String?, limit: Int) async throws(StoreError) -> Page<
    ScanErrorRecord
  > { throw .unavailable("not there yet") }
  package func items(of id: ScanID, change: Item.Change?, cursor: String?, limit: Int)
    async throws(StoreError) -> Page<ScanItemRecord>
  { throw .unavailable("not there yet") }
  package func events(after: Int64, limit: Int) async throws(StoreError) -> [ScanEvent] {
    throw .unavailable("not there yet")
  }
  package func lastEventID() async throws(StoreError) -> Int64 {
    throw .unavailable("not there yet")
  }
  package func scans(changedSince since: Timestamp, limit: Int) async throws(StoreError) -> [Scan] {
    throw .unavailable("not there yet")
  }
  package func workers() async throws(StoreError) -> [WorkerRecord] {
    throw .unavailable("not there yet")
  }
  package func now() async throws(StoreError) -> Timestamp { throw .unavailable("not there yet") }
  package func statusCounts() async throws(StoreError) -> [ScanStatus: Int64] {
    throw .unavailable("not there yet")
  }
  package func setting(_ name: String) async throws(StoreError) -> String? {
    throw .unavailable("not there yet")
  }
  package func setSetting(_ name: String, to value: String) async throws(StoreError) {
    throw .unavailable("not there yet")
  }
  package func signals(_ channel: SignalChannel) -> AsyncStream<Void> { AsyncStream { _ in } }
  package func close() async {}
}
