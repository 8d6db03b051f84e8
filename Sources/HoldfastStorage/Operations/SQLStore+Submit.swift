package import HoldfastCore

extension SQLStore {
  package func submit(_ requests: [ScanRequest]) async throws(StoreError) -> [Submission] {
    guard !requests.isEmpty else { return [] }
    let requests = owned(requests)
    return try await database.write { [caller] (connection) throws(StoreError) in
      var outcomes: [Submission?] = Array(repeating: nil, count: requests.count)
      // A scope's holder can end between the refused insert and the look at it; then the insert is tried again.
      for _ in 0..<8 {
        let open = outcomes.indices.filter { outcomes[$0] == nil }
        if open.isEmpty { break }
        try Submitting.insert(requests, open, into: &outcomes, connection)
        try Submitting.findHolders(requests, into: &outcomes, connection)
      }
      let complete = outcomes.compactMap { $0 }
      for case .created(let scan) in complete {
        try connection.audit(.scan("submit", before: nil, after: scan), caller)
      }
      guard complete.count == requests.count else {
        throw .unavailable("an exclusive scope changes hands faster than it can be looked at")
      }
      return complete
    }
  }

  /// What a tenant submits is the tenant's, whatever the request says.
  func owned(_ requests: [ScanRequest]) -> [ScanRequest] {
    guard let tenant = scope.tenant else { return requests }
    return requests.map { request in
      var request = request
      request.tenantID = tenant
      return request
    }
  }
}

enum Submitting {
  /// Inserts what collides with nothing, with its event.
  static func insert(
    _ requests: [ScanRequest], _ indices: [Int], into outcomes: inout [Submission?],
    _ connection: any SQLConnection
  ) throws(StoreError) {
    struct Row {
      var number: Int64
      var createdAt: Timestamp
      var runAt: Timestamp
    }
    var inserted: [ScanID: Row] = [:]
    let batch = indices.map { requests[$0] }
    try connection.run(insertion, [], rows: recordset(batch)) {
      (row: any SQLRow) throws(StoreError) in
      inserted[row.uuid(0)] = Row(
        number: row.int(1), createdAt: row.time(2), runAt: row.time(3))
    }
    guard !inserted.isEmpty else { return }
    var events: [EventDraft] = []
    events.reserveCapacity(inserted.count)
    for index in indices {
      let request = requests[index]
      // The same id twice in one call: the first is created, the second finds it.
      guard let row = inserted.removeValue(forKey: request.id) else { continue }
      outcomes[index] = .created(
        Scan(request, number: row.number, createdAt: row.createdAt, runAt: row.runAt))
      var data = JSONObjectText()
      data.add("kind", request.kind)
      data.add("by", request.createdBy)
      events.append(
        EventDraft(
          scanID: request.id, tenantID: request.tenantID, type: .submitted,
          data: data.finish()))
    }
    try connection.write(events)
    try connection.notify(.queue)
  }

  /// Finds what stood in the way of the others.
  static func findHolders(
    _ requests: [ScanRequest], into outcomes: inout [Submission?],
    _ connection: any SQLConnection
  ) throws(StoreError) {
    for (search, isSame) in [(byID, true), (byKey, true), (byScope, false)] {
      let open = outcomes.indices.filter { outcomes[$0] == nil }
      if open.isEmpty { return }
      let batch = open.map { requests[$0] }
      try connection.run(
        search, [],
        rows: Recordset(
          .ints(open.map { Int64($0) }), .uuids(batch.map(\.id)), .texts(batch.map(\.tenantID)),
          .texts(batch.map(\.idempotencyKey)), .texts(batch.map { $0.scope.map(indexKey) }))
      ) { (row: any SQLRow) throws(StoreError) in
        let scan = ScanColumns.decode(row)
        let index = Int(row.int(ScanColumns.count))
        outcomes[index] = isSame ? .existing(scan) : .scopeHeld(by: scan)
      }
    }
  }

  /// The scan that this request, or one with its key, has made before.
  static func known(
    _ request: ScanRequest, _ connection: any SQLConnection
  ) throws(StoreError) -> Scan? {
    for search in [byID, byKey] {
      let found = try connection.all(
        search, [],
        rows: Recordset(
          .ints([0]), .uuids([request.id]), .texts([request.tenantID]),
          .texts([request.idempotencyKey]), .texts([nil]))
      ) { (row: any SQLRow) throws(StoreError) in ScanColumns.decode(row) }
      if let scan = found.first { return scan }
    }
    return nil
  }

  private static func recordset(_ batch: [ScanRequest]) -> Recordset {
    Recordset(
      .uuids(batch.map(\.id)), .texts(batch.map(\.tenantID)), .texts(batch.map(\.kind)),
      .texts(batch.map(\.target)), .jsons(batch.map { $0.params.storedText }),
      .ints(batch.map { Int64($0.priority) }), .texts(batch.map { $0.scope.map(indexKey) }),
      .texts(batch.map(\.idempotencyKey)), .doubles(batch.map(\.delaySeconds)),
      .doubles(batch.map(\.maxRuntimeMinutes)),
      .doubles(batch.map(\.heartbeatIntervalSeconds)), .texts(batch.map(\.createdBy)),
      .doubles(batch.map(\.staleMultiple)))
  }

  private static let shape = RowShape(
    ("id", .uuid), ("tenant_id", .text), ("kind", .text), ("target", .text), ("params", .json),
    ("priority", .int), ("scope", .text), ("idempotency_key", .text), ("delay", .double),
    ("max_runtime", .double), ("heartbeat", .double), ("created_by", .text),
    ("stale", .double))

  private static let insertion = Statement(forEach: shape) { dialect in
    let now = dialect.now
    let values = """
      r.id, r.tenant_id, r.kind, r.target, r.params, r.priority, r.scope, r.idempotency_key,
      \(dialect.now(plus: "r.delay")), r.max_runtime, r.heartbeat, r.created_by, \(now), \(now),
      \(dialect.now(plus: "r.delay + \(Checks.pendingSeconds)")), r.stale
      """
    return """
      INSERT INTO scans (
        id, tenant_id, kind, target, params, priority, scope, idempotency_key, run_at,
        max_runtime_minutes, heartbeat_interval_seconds, created_by, created_at, updated_at,
        check_at, stale_multiple)
      \(dialect.values(values, of: shape))
      ON CONFLICT DO NOTHING
      RETURNING scans.id, scans.number, scans.created_at, scans.run_at
      """
  }

  private static let searchShape = RowShape(
    ("place", .int), ("id", .uuid), ("tenant_id", .text), ("idempotency_key", .text),
    ("scope", .text))

  private static func search(_ condition: String) -> Statement {
    Statement { dialect in
      """
      SELECT \(ScanColumns.list), r.place
      FROM \(dialect.rows(searchShape, from: 1)) JOIN scans ON \(condition)
      """
    }
  }

  private static let byID = search("scans.id = r.id")
  private static let byKey = search(
    "scans.tenant_id = r.tenant_id AND scans.idempotency_key = r.idempotency_key")
  private static let byScope = search(
    """
    scans.tenant_id = r.tenant_id AND scans.scope = r.scope
    AND \(isActive("scans"))
    """)
}

extension Scan {
  /// The scan that a request has just become.
  fileprivate init(
    _ request: ScanRequest, number: Int64, createdAt: Timestamp, runAt: Timestamp
  ) {
    self.init(
      id: request.id, number: number, tenantID: request.tenantID, kind: request.kind,
      target: request.target, params: request.params, status: .pending,
      priority: request.priority, scope: request.scope.map(indexKey),
      idempotencyKey: request.idempotencyKey, attempt: 0, leaseToken: 0, crashes: 0,
      workerID: nil, workerName: nil, createdAt: createdAt, updatedAt: createdAt, runAt: runAt,
      claimedAt: nil, startedAt: nil, lastActivityAt: nil, progressAt: nil, endedAt: nil,
      progress: nil, progressMessage: nil, waitingFor: nil, checkpoint: nil, checkpointAt: nil,
      counts: ItemCounts(), summary: .object([:]), message: nil, errorMessage: nil,
      cleanupReason: nil, recoveryInfo: nil, maxRuntimeMinutes: request.maxRuntimeMinutes,
      heartbeatIntervalSeconds: request.heartbeatIntervalSeconds, requestedAction: nil,
      requestedAt: nil, createdBy: request.createdBy,
      staleMultiple: request.staleMultiple)
  }
}

extension JSONValue {
  /// The text to store; most objects are empty.
  var storedText: String {
    if case .object(let members) = self, members.isEmpty { "{}" } else { serialized }
  }
}
