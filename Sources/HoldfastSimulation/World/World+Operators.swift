import HoldfastCore
import HoldfastEngine
import HoldfastStorage

/// What people do, who know nothing of each other or of the sweep.
extension World {
  /// An operator's terminal is on the database's own machine: what it asks is done at once.
  func asOperator(
    _ request: Request, _ body: @escaping @Sendable (SQLStore) async throws(StoreError) -> Void
  ) {
    let store = store(over: operatorLink)
    scheduler.start("operator") {
      await Request.$current.withValue(request) {
        do throws(StoreError) {
          try await body(store)
        } catch {
          self.note("operator", "\(request.name) ✗ \(error)")
        }
      }
    }
  }

  private func chosenScan(_ fault: Fault) -> ScanID? {
    let known = submitted.keys.sorted()
    return known.isEmpty ? nil : submitted[known[fault.choice % known.count]]
  }

  func act(_ action: OperatorAction, _ fault: Fault) {
    guard let id = chosenScan(fault) else { return }
    asOperator(.act(action)) { (store) throws(StoreError) in
      _ = try await store.act(action, on: id, by: "operator", reason: nil)
    }
  }

  func unlock(_ fault: Fault) {
    guard let id = chosenScan(fault), let scan = scansByID[id],
      let scope = Scenario.policy(scan.kind, scan.target)
        .scope(kind: scan.kind, target: scan.target)
    else { return }
    asOperator(.unlock) { (store) throws(StoreError) in
      _ = try await store.unlock(
        scope: scope, tenantID: "default", by: "operator", reason: "it is in the way")
    }
  }

  /// As the runbooks print it.
  func byHand(_ status: String, _ fault: Fault) {
    guard let id = chosenScan(fault) else { return }
    for runner in runners[id] { runner.isOvertaken = true }
    let sources = status == "pending" ? "'running', 'failed'" : "'running', 'pending'"
    let statement = Statement(
      "UPDATE scans SET status = '\(status)' WHERE id = $1 AND status IN (\(sources))")
    asOperator(.sql) { [operatorLink] (_) throws(StoreError) in
      try await operatorLink.write { (connection) throws(StoreError) -> Void in
        try connection.run(statement, [.uuid(id)])
      }
    }
  }

  /// A dry run, and the real run at the same instant.
  func rehearse() {
    asOperator(.dryRun) { (store) throws(StoreError) in
      let planner = SweepPlanner(store: store, policy: { Scenario.policy($0, $1) })
      let before = self.totalChanges
      let rehearsal = try await planner.plan()
      if self.defect == .dryRunWrites { await self.apply(rehearsal, planner, store) }
      let changes = self.totalChanges - before
      let result = await Request.$current.withValue(.sweep) {
        () async -> Result<[RecoveryApplier.Result], StoreError> in
        do throws(StoreError) {
          return .success(await self.apply(try await planner.plan(), planner, store))
        } catch {
          return .failure(error)
        }
      }
      let done = try result.get().filter { $0.outcome == .recovered || $0.outcome == .ordered }
      let planned = rehearsal.plan.entries.filter { $0.decision.action.changes }
      self.tell(
        .rehearsed(
          planned: Set(planned.map(\.scanID)), done: Set(done.map(\.entry.scanID)),
          changesOfRehearsal: changes))
    }
  }

  @discardableResult
  private func apply(
    _ planned: SweepPlanner.Planned, _ planner: SweepPlanner, _ store: SQLStore
  ) async -> [RecoveryApplier.Result] {
    await RecoveryApplier(store: store, actor: "operator", logger: World.silent).apply(
      planned, patienceSeconds: planner.orderPatienceSeconds,
      jitter: { 0.5 })
  }

  /// Rows changed since the database was opened.
  private var totalChanges: Int64 {
    look { (connection) throws(StoreError) in
      try connection.first(Self.countChanges, []) { $0.int(0) }
    }.flatMap { $0 } ?? 0
  }

  private static let countChanges = Statement("SELECT total_changes()")

  func submitAgain(_ fault: Fault) {
    guard !scenario.scans.isEmpty else { return }
    var copy = scenario.scans[fault.choice % scenario.scans.count]
    // Of its own: what was submitted is known by it.
    copy.index = max(1000, scenario.scans.count) + scansByID.count
    submit(copy)
  }

  func submit(_ scan: Scenario.SimScan) {
    let id = ids.make()
    let policy = Scenario.policy(scan.kind, scan.target)
    let request = ScanRequest(id: id, kind: scan.kind, target: scan.target, policy: policy)
    scansByID[id] = scan
    asOperator(.submit) { (store) throws(StoreError) in
      do throws(StoreError) {
        switch try await store.submit([request]).first {
        case .created: self.submitted[scan.index] = id
        case .scopeHeld(let holder):
          self.tell(.refused(scope: request.scope, holder: holder, error: nil))
        default: break
        }
      } catch {
        self.tell(.refused(scope: request.scope, holder: nil, error: error))
        throw error
      }
    }
  }
}
