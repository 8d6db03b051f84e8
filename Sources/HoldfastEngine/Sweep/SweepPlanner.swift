package import HoldfastCore
package import HoldfastStorage

/// Makes recovery plans from what the database holds: for the sweep, and for the operator who wants to see one first.
package struct SweepPlanner: Sendable {
  /// A plan with what it was made from.
  package struct Planned: Sendable {
    package var plan: RecoveryPlan
    package var rows: [DuePage.Row]
    package var now: Timestamp
  }

  private let store: any SupervisionStore
  private let policy: @Sendable (_ kind: String, _ target: String) -> Policy
  private let rhythms: RhythmLibrary?
  private let process = LinuxProcess.current()

  /// How many scans are looked at in one statement.
  package static let pageSize = 500

  package init(
    store: any SupervisionStore, rhythms: RhythmLibrary? = nil,
    policy: @escaping @Sendable (_ kind: String, _ target: String) -> Policy
  ) {
    self.store = store
    self.rhythms = rhythms
    self.policy = policy
  }

  /// The same planner over another view of the database.
  package func asking(_ store: any SupervisionStore) -> SweepPlanner {
    SweepPlanner(store: store, rhythms: rhythms, policy: policy)
  }

  /// Plans for all that is due now, and for what a sweep has found stuck before and looks at again only in a while. Nothing else is
  /// read, in pages, so that it costs what is stuck and not what is stored.
  ///
  /// - Throws: ``StoreError``.
  package func plan(
    filter: RecoveryPlan.Filter = .init(), limits: RecoveryPlan.Limits = .init(),
    request: CleanupLimits = .init()
  ) async throws(StoreError) -> Planned {
    let fleet = try await store.fleet()
    var rows: [DuePage.Row] = []
    var now = fleet.now
    if request == CleanupLimits() {
      var cursor: DueCursor?
      repeat {
        let page = try await store.due(after: cursor, limit: Self.pageSize)
        rows += page.rows
        now = page.now
        cursor = page.rows.count < Self.pageSize ? nil : page.next
      } while cursor != nil
      let seen = Set(rows.map(\.snapshot.scanID))
      (rows, now) = try await all(after: rows, now: now) { after throws(StoreError) in
        try await self.store.foundStuck(after: after, limit: Self.pageSize)
      } where: {
        !seen.contains($0.snapshot.scanID)
      }
    } else {
      // Limits of the operator's own: what is due by them is not what the index holds.
      (rows, now) = try await all(after: [], now: now) { after throws(StoreError) in
        try await self.store.active(after: after, limit: Self.pageSize)
      }
    }
    return planned(rows, fleet: fleet, now: now, filter: filter, limits: limits, request: request)
  }

  /// Every page of a list by number, after rows that are known already.
  private func all(
    after known: [DuePage.Row], now: Timestamp,
    _ page: (Int64) async throws(StoreError) -> DuePage,
    where isWanted: (DuePage.Row) -> Bool = { _ in true }
  ) async throws(StoreError) -> ([DuePage.Row], Timestamp) {
    var (rows, now, after) = (known, now, Int64(0))
    while true {
      let next = try await page(after)
      rows += next.rows.filter(isWanted)
      now = next.now
      guard next.rows.count == Self.pageSize, let last = next.rows.last else { return (rows, now) }
      after = last.snapshot.number
    }
  }

  /// Plans for these rows alone.
  package func planned(
    _ rows: [DuePage.Row], fleet: Fleet, now: Timestamp, filter: RecoveryPlan.Filter = .init(),
    limits: RecoveryPlan.Limits = .init(), request: CleanupLimits = .init(),
    clockSteps: [ScanSnapshot.ClockStep] = []
  ) -> Planned {
    let rows = rows.map { complete($0, fleet, clockSteps) }
    let plan = RecoveryPlan.make(
      rows.map(\.snapshot), policy: { self.effective($0) }, now: now, filter: filter,
      limits: limits, request: request)
    return Planned(plan: plan, rows: rows, now: now)
  }

  /// What to hold of this scan, whether it is due or not.
  package func verdict(of row: DuePage.Row, fleet: Fleet, now: Timestamp) -> Verdict {
    let snapshot = complete(row, fleet).snapshot
    return Supervision.verdict(snapshot, policy: effective(snapshot), now: now)
  }

  /// What holds for a kind's target.
  package func effective(kind: String, target: String) -> Policy { policy(kind, target) }

  /// What holds for a scan.
  package func effective(_ snapshot: ScanSnapshot) -> Policy {
    policy(snapshot.kind, snapshot.target)
  }

  /// See ``HoldfastCore/Supervision/orderPatienceSeconds(_:policy:)``.
  package func orderPatienceSeconds(_ snapshot: ScanSnapshot) -> Double {
    Supervision.orderPatienceSeconds(snapshot, policy: effective(snapshot))
  }

  /// Adds what no row tells: the queue that a pending scan stands in, and the second channel to a silent worker, its process
  /// on this machine.
  private func complete(
    _ row: DuePage.Row, _ fleet: Fleet, _ clockSteps: [ScanSnapshot.ClockStep] = []
  ) -> DuePage.Row {
    var row = row
    row.snapshot.clockSteps = clockSteps
    switch row.snapshot.status {
    case .pending:
      row.snapshot.queue = fleet.queue(for: row.snapshot.kind, of: row.tenantID)
      if policy(row.snapshot.kind, row.snapshot.target).exclusivity != .none {
        row.snapshot.queue?.scopeHolder = row.scopeHolder
      }
    case .running:
      let usual = rhythms?.usualRatePerSecond(
        kind: row.snapshot.kind, target: row.snapshot.target)
      if let usual {
        row.snapshot.learned = row.snapshot.learned ?? .init()
        row.snapshot.learned?.usualRatePerSecond = usual
      }
    default: break
    }
    if row.snapshot.worker?.secondOpinion == .unknown,
      let worker = fleet.workers.first(where: { $0.record.id == row.workerID })
    {
      row.snapshot.worker?.secondOpinion = secondOpinion(on: worker)
    }
    return row
  }

  /// What the kernel says of a worker on this machine.
  func secondOpinion(on worker: Fleet.Worker) -> ScanSnapshot.Worker.SecondOpinion {
    process.hasEnded(worker.record).map { $0 ? .gone : .alive } ?? .unknown
  }
}
