package import HoldfastCore

extension SQLStore {
  package func registerWorker(
    _ worker: WorkerRegistration
  ) async throws(StoreError) -> WorkerLife {
    // Unique for each life, unlike the name: a restart under the same name must not inherit leases.
    let life = WorkerLife(
      id: worker.life ?? makeID().description, name: worker.name, host: worker.host)
    return try await unbound.write { [scope] (connection) throws(StoreError) in
      try connection.run(
        WorkerSQL.insert,
        [
          .text(life.id), .text(worker.name), .text(worker.host), .text(worker.bootID),
          .int(Int64(worker.processID)),
          .int(Int64(bitPattern: worker.processStartTicks)), .int(Int64(worker.slots)),
          .json(JSONValue.array(worker.kinds.map(JSONValue.string)).serialized),
          .text(worker.version), .double(worker.heartbeatIntervalSeconds), .text(scope.name),
        ])
      return life
    }
  }

  package func retireWorker(_ life: WorkerLife) async throws(StoreError) {
    try await unbound.write { (connection) throws(StoreError) in
      try connection.run(WorkerSQL.end, [.text(life.id), .text("retired")])
      let held = try Requeueing.heldLeases(of: [life.id], connection)
      _ = try Requeueing.requeue(
        held, reason: .workerDrained, message: "its worker \(life.name) has stopped", connection)
    }
  }

  package func beat(
    _ life: WorkerLife, pulses: [Pulse], running: Int
  ) async throws(StoreError) -> BeatOutcome {
    try await unbound.write { [scope] (connection) throws(StoreError) in
      try connection.run(WorkerSQL.beat, [.text(life.id), .int(Int64(running))])
      let foreign = try connection.scans(pulses.map(\.lease.scanID), outOf: scope)
      // By lease and not by scan: a worker that was given a scan again holds its earlier attempt, too, until that is told.
      var held: Set<Lease> = []
      var requests: [ScanID: RequestedAction] = [:]
      var orders: [ScanID: RecoveryOrder] = [:]
      var looks: Set<ScanID> = []
      // Always in the order of ids, as every statement that locks several scans, so that none waits on another in a circle.
      let sorted = pulses.filter { !foreign.contains($0.lease.scanID) }
        .sorted { $0.lease.scanID < $1.lease.scanID }
      try connection.run(
        WorkerSQL.renew, [],
        rows: Recordset(
          .uuids(sorted.map(\.lease.scanID)), .ints(sorted.map(\.lease.token)),
          .bools(sorted.map(\.isActive)), .bools(sorted.map(\.hasAnswered)))
      ) { (row: any SQLRow) throws(StoreError) in
        let id = row.uuid(0)
        held.insert(Lease(scanID: id, token: row.int(3)))
        if let action = row.optionalText(1).flatMap(RequestedAction.init(rawValue:)) {
          requests[id] = action
        }
        if let order = row.optionalJSON(2).flatMap(RecoveryOrder.init(json:)) {
          orders[id] = order
        }
        if row.bool(4) { looks.insert(id) }
      }
      try Requeueing.requeueUnacknowledged(life, connection)
      return BeatOutcome(
        lost: pulses.map(\.lease).filter { !held.contains($0) }, requests: requests,
        orders: orders, looks: looks)
    }
  }

  package func recoverEarlierLives(
    of life: WorkerLife, isGone: @Sendable @escaping (WorkerRecord) -> Bool
  ) async throws(StoreError) -> [Scan] {
    // Of the same tenant: what another calls its workers is nobody's business.
    let earlier = try await unbound.read { [scope] (connection) throws(StoreError) in
      try connection.all(
        WorkerSQL.earlier,
        [.text(life.name), .text(life.host), .text(life.id), .text(scope.name)],
        WorkerSQL.decode)
    }
    // A process that is gone stays gone, so that asking outside the transaction is safe.
    let gone = earlier.filter(isGone).map(\.id)
    guard !gone.isEmpty else { return [] }
    return try await unbound.write { (connection) throws(StoreError) in
      for id in gone { try connection.run(WorkerSQL.end, [.text(id), .text("gone")]) }
      let held = try Requeueing.heldLeases(of: gone, connection)
      return try Requeueing.requeue(
        held, reason: .workerRestarted, message: "its worker \(life.name) was started again",
        connection)
    }
  }

  package func knowsWorker(life id: String) async throws(StoreError) -> Bool {
    try await worker(life: id) != nil
  }

  package func worker(life id: String) async throws(StoreError) -> WorkerRecord? {
    let worker = try await database.read { (connection) throws(StoreError) in
      try connection.first(WorkerSQL.one, [.text(id)], WorkerSQL.decode)
    }
    return worker.flatMap { isVisible($0) ? $0 : nil }
  }

  package func presentWorkers() async throws(StoreError) -> [WorkerRecord] {
    let workers = try await database.read { (connection) throws(StoreError) in
      try connection.all(WorkerSQL.present, [], WorkerSQL.decode)
    }
    return workers.filter(isVisible)
  }

  package func workers(
    cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<WorkerRecord> {
    var conditions = PageConditions(limit: limit)
    try conditions.begin(after: cursor) { "id < \($0)" }
    conditions.add(scope.tenant.map { .text($0) }) { "tenant_id IN ('*', \($0))" }
    let rows = try await database.read { [conditions] (connection) throws(StoreError) in
      try connection.all(
        WorkerSQL.page(conditions), conditions.parameters, WorkerSQL.decode)
    }
    return Page(rows, limit: limit) { Cursor.encode($0.id) }
  }

  /// The installation's workers are everybody's, and a tenant's are its own.
  private func isVisible(_ worker: WorkerRecord) -> Bool {
    worker.scope == .all || scope.includes(worker.scope)
  }
}

extension SQLConnection {
  /// Those of these scans that are none of the scope's. A scan never changes its tenant, so that nothing comes between this and what
  /// is done with the others.
  func scans(_ ids: [ScanID], outOf scope: TenantScope) throws(StoreError) -> Set<ScanID> {
    guard case .only(let tenant) = scope, !ids.isEmpty else { return [] }
    var foreign = Set(ids)
    try run(WorkerSQL.ownScans, [.text(tenant)], rows: Recordset(.uuids(Array(foreign)))) {
      (row: any SQLRow) throws(StoreError) in foreign.remove(row.uuid(0))
    }
    return foreign
  }
}

/// Scans whose worker cannot go on with them go back into the queue, or where an operator had wished them to go.
enum Requeueing {
  static func heldLeases(
    of workers: [String], _ connection: any SQLConnection
  ) throws(StoreError) -> [Lease] {
    var held: [Lease] = []
    for worker in workers {
      held += try connection.all(heldBy, [.text(worker)]) {
        (row: any SQLRow) throws(StoreError) in Lease(scanID: row.uuid(0), token: row.int(1))
      }
    }
    return held.sorted { $0.scanID < $1.scanID }
  }

  /// Fenced by status and token like an attempt's own end; returns the scans as they are then.
  static func requeue(
    _ leases: [Lease], reason: Reason, message: String, _ connection: any SQLConnection
  ) throws(StoreError) -> [Scan] {
    guard !leases.isEmpty else { return [] }
    let ends = leases.map {
      AttemptReport(
        lease: $0,
        end: .requeued(reason: reason, message: message, delaySeconds: 0, countsAsCrash: false))
    }
    if reason != .workerDrained {
      try connection.run(
        recoveryInfo, [.text(reason.rawValue), .text(message)],
        rows: Recordset(.uuids(leases.map(\.scanID)), .ints(leases.map(\.token))))
    }
    let applied = try Ending.apply(ends, connection)
    return try connection.all(
      scansByID, [], rows: Recordset(.uuids(leases.map(\.scanID).filter(applied.contains)))
    ) { (row: any SQLRow) throws(StoreError) in ScanColumns.decode(row) }
  }

  /// A claim whose answer was lost leaves scans that this worker holds and does not know of. It lists what it holds in every
  /// beat; what it has neither listed nor reported on for as long as its lease lasts since the claim, it will never run.
  static func requeueUnacknowledged(
    _ life: WorkerLife, _ connection: any SQLConnection
  ) throws(StoreError) {
    let lost = try connection.all(neverMentioned, [.text(life.id)]) {
      (row: any SQLRow) throws(StoreError) in Lease(scanID: row.uuid(0), token: row.int(1))
    }
    _ = try requeue(
      lost.sorted { $0.scanID < $1.scanID }, reason: .workerLost,
      message: "\(life.name) was given it and never learned of it", connection)
  }

  /// As the stuck-audit prevention prints it; written before the end, while the row still tells what it was.
  private static let recoveryInfo = Statement { dialect in
    let shape = RowShape(("id", .uuid), ("token", .int))
    let (object, progress) =
      dialect == .postgres
      ? ("json_build_object", "scans.progress") : ("json_object", "json(scans.progress)")
    return """
      UPDATE scans SET recovery_info = \(object)(
        'recovered_at', \(dialect.now), 'reason', CAST($1 AS TEXT), 'action', 'resume',
        'message', CAST($2 AS TEXT), 'by', 'worker', 'original_status', \(object)(
          'status', scans.status, 'attempt', scans.attempt, 'progress', \(progress),
          'worker_id', scans.worker_name, 'last_worker_update', scans.last_activity_at))
      FROM \(dialect.rows(shape, from: 3))
      WHERE scans.id = r.id AND scans.lease_token = r.token AND scans.status = 'running'
      """
  }

  private static let heldBy = Statement(
    """
    SELECT scans.id, scans.lease_token FROM scans
    WHERE scans.worker_id = $1 AND scans.status = 'running'
    """)

  private static let neverMentioned = Statement { dialect in
    """
    SELECT scans.id, scans.lease_token FROM scans
    WHERE scans.worker_id = $1 AND scans.status = 'running'
      AND scans.last_activity_at = scans.claimed_at
      AND scans.claimed_at < \(dialect.now(plus: "-(\(Checks.leaseSeconds(of: "scans")))"))
    """
  }

  private static let scansByID = Statement { dialect in
    """
    SELECT \(ScanColumns.list) FROM \(dialect.rows(RowShape(("id", .uuid)), from: 1))
    JOIN scans ON scans.id = r.id
    """
  }
}

private enum WorkerSQL {
  static let insert = Statement { dialect in
    """
    INSERT INTO workers (
      id, name, host, boot_id, process_id, process_start_ticks, slots, kinds, version,
      heartbeat_interval_seconds, tenant_id, started_at, last_heartbeat_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \(dialect.now), \(dialect.now))
    """
  }

  static let end = Statement { dialect in
    """
    UPDATE workers SET status = $2, running = 0, ended_at = \(dialect.now)
    WHERE id = $1 AND status = 'alive'
    """
  }

  static let beat = Statement { dialect in
    """
    UPDATE workers SET last_heartbeat_at = \(dialect.now), running = $2, status = 'alive'
    WHERE id = $1 AND status <> 'retired'
    """
  }

  private static let pulse = RowShape(
    ("id", .uuid), ("token", .int), ("active", .bool), ("answered", .bool))

  static let renew = Statement(forEach: pulse) { dialect in
    """
    UPDATE scans SET last_activity_at = \(dialect.now),
      activity_at = CASE WHEN r.active THEN \(dialect.now) ELSE scans.activity_at END,
      answered_at = CASE WHEN r.answered THEN \(dialect.now) ELSE scans.answered_at END
    \(dialect.each(pulse))
    WHERE scans.id = r.id AND scans.lease_token = r.token AND scans.status = 'running'
    RETURNING scans.id, scans.requested_action,
      CASE WHEN scans.ordered_at IS NULL THEN NULL ELSE scans.ordered_recovery END,
      scans.lease_token, scans.diagnosis_wanted_at IS NOT NULL
    """
  }

  private static let columns = """
    id, name, host, boot_id, process_id, slots, kinds, status, version, running, started_at,
    last_heartbeat_at, heartbeat_interval_seconds, process_start_ticks, tenant_id
    """

  static let ownScans = Statement { dialect in
    """
    SELECT scans.id FROM \(dialect.rows(RowShape(("id", .uuid)), from: 2))
    JOIN scans ON scans.id = r.id
    WHERE scans.tenant_id = $1
    """
  }

  static let one = Statement("SELECT \(columns) FROM workers WHERE id = $1")

  static let present = Statement(
    "SELECT \(columns) FROM workers WHERE status <> 'retired' ORDER BY started_at, id")

  /// The ids of lives begin with the time at which they were made.
  static func page(_ conditions: PageConditions) -> Statement {
    Statement("SELECT \(columns) FROM workers WHERE \(conditions.text) ORDER BY id DESC LIMIT $1")
  }

  static let earlier = Statement(
    """
    SELECT \(columns) FROM workers
    WHERE name = $1 AND host = $2 AND id <> $3 AND tenant_id = $4
      AND (status = 'alive' OR EXISTS (
        SELECT 1 FROM scans WHERE scans.worker_id = workers.id AND scans.status = 'running'))
    ORDER BY started_at, id
    """)

  static func decode(_ row: any SQLRow) throws(StoreError) -> WorkerRecord {
    WorkerRecord(
      id: row.text(0), name: row.text(1), host: row.text(2), bootID: row.text(3),
      processID: Int32(truncatingIfNeeded: row.int(4)), slots: Int(row.int(5)),
      kinds: (row.json(6).arrayValue ?? []).compactMap(\.stringValue), status: row.text(7),
      version: row.text(8), running: Int(row.int(9)), startedAt: row.time(10),
      lastHeartbeatAt: row.time(11), heartbeatIntervalSeconds: row.double(12),
      processStartTicks: UInt64(bitPattern: row.int(13)),
      tenant: TenantScope(name: row.text(14)).tenant)
  }
}
