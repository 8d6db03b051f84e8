package import HoldfastCore

extension SQLStore {
  package func claim(
    for life: WorkerLife, kinds: [String]?, limit: Int
  ) async throws(StoreError) -> [Claim] {
    guard limit > 0 else { return [] }
    return try await unbound.write { [scope] (connection) throws(StoreError) in
      var claimed: [Scan] = []
      var queue = QueueGroups(kinds: kinds, scope: scope)
      while claimed.count < limit, let level = try queue.next(connection) {
        for (kind, share) in try level.shares(of: limit - claimed.count, connection) {
          claimed += try Claiming.take(
            share, kind: kind, priority: level.priority, of: scope, for: life, connection)
        }
      }
      guard !claimed.isEmpty else { return [] }
      claimed.sort { ($1.priority, $0.runAt, $0.number) < ($0.priority, $1.runAt, $1.number) }
      try connection.write(claimed.map { Claiming.event($0, life) })
      return claimed.map(Claim.init(scan:))
    }
  }
}

extension SQLStore {
  package func claim(
    _ id: ScanID, for life: WorkerLife
  ) async throws(StoreError) -> Claim? {
    try await unbound.write { [scope] (connection) throws(StoreError) in
      guard try connection.isScan(id, of: scope) else { return nil }
      let due = try connection.all(Claiming.dueByID, [.uuid(id)], Claiming.decode)
      guard let claimed = try Claiming.start(due, for: life, connection).first else { return nil }
      try connection.write([Claiming.event(claimed, life)])
      return Claim(scan: claimed)
    }
  }
}

/// The queue by its (priority, kind) groups. Going from group to group by the index and taking from each only what is due
/// makes a claim cost what it takes: neither scans of other kinds nor those that are delayed are read past.
private struct QueueGroups {
  private let kinds: Set<String>?
  private let scope: TenantScope
  private var last: (priority: Int64, kind: String)?
  /// The first group of the next level, met while looking for the end of the previous one.
  private var ahead: (priority: Int64, kind: String)?
  /// Set once the last group has been passed; without it the next step would begin again at the first.
  private var hasEnded = false

  init(kinds: [String]?, scope: TenantScope) {
    self.kinds = kinds.map(Set.init)
    self.scope = scope
  }

  /// One priority with the kinds that are pending in it.
  struct Level {
    var priority: Int64
    var kinds: [String]
    var scope: TenantScope

    /// How many scans to take of each kind, so that the oldest are taken first across all of them.
    func shares(
      of limit: Int, _ connection: any SQLConnection
    ) throws(StoreError) -> [(kind: String, count: Int)] {
      if kinds.count == 1 { return [(kinds[0], limit)] }
      var due: [(runAt: Timestamp, number: Int64, kind: Int)] = []
      for (index, kind) in kinds.enumerated() {
        due += try Claiming.peek.all(
          [.int(priority), .text(kind), .int(Int64(limit))], of: scope, connection
        ) { (row: any SQLRow) throws(StoreError) in (row.time(0), row.int(1), index) }
      }
      due.sort { ($0.runAt, $0.number) < ($1.runAt, $1.number) }
      var counts = Array(repeating: 0, count: kinds.count)
      for entry in due.prefix(limit) { counts[entry.kind] += 1 }
      return zip(kinds, counts).filter { $0.1 > 0 }.map { (kind: $0.0, count: $0.1) }
    }
  }

  /// The next lower priority at which a wanted kind is pending.
  mutating func next(_ connection: any SQLConnection) throws(StoreError) -> Level? {
    var level: Level?
    while true {
      let group: (priority: Int64, kind: String)?
      if let ahead {
        group = ahead
        self.ahead = nil
      } else {
        group = try step(connection)
      }
      guard let group else { return level }
      if let level, level.priority != group.priority {
        ahead = group
        return level
      }
      if kinds?.contains(group.kind) ?? (group.kind != KindCatalog.attached) {
        level = level ?? Level(priority: group.priority, kinds: [], scope: scope)
        level?.kinds.append(group.kind)
      }
    }
  }

  private mutating func step(
    _ connection: any SQLConnection
  ) throws(StoreError) -> (priority: Int64, kind: String)? {
    guard !hasEnded else { return nil }
    let decode: (any SQLRow) throws(StoreError) -> (Int64, String) = { ($0.int(0), $0.text(1)) }
    if let last {
      self.last = try Claiming.nextGroup.all(
        [.int(last.priority), .text(last.kind)], of: scope, connection, decode
      ).first
    } else {
      last = try Claiming.firstGroup.all([], of: scope, connection, decode).first
    }
    hasEnded = last == nil
    return last
  }
}

private enum Claiming {
  /// A scan that is due, and the time of the transaction.
  struct Due {
    var scan: Scan
    var now: Timestamp
  }

  static func take(
    _ count: Int, kind: String, priority: Int64, of scope: TenantScope, for life: WorkerLife,
    _ connection: any SQLConnection
  ) throws(StoreError) -> [Scan] {
    let due = try dueOfGroup.all(
      [.int(priority), .text(kind), .int(Int64(count))], of: scope, connection, decode)
    return try start(due, for: life, connection)
  }

  /// Starts an attempt of each of these scans, whose rows are locked: the row and the value, by the same rules.
  static func start(
    _ due: [Due], for life: WorkerLife, _ connection: any SQLConnection
  ) throws(StoreError) -> [Scan] {
    guard !due.isEmpty else { return [] }
    let count = try connection.run(
      begin, [.text(life.id), .text(life.name)],
      rows: Recordset(.ints(due.map(\.scan.number))))
    guard count == due.count else {
      throw .statement("\(due.count) scans were locked and \(count) could be claimed")
    }
    return due.map { due in
      var scan = due.scan
      scan.status = target
      scan.attempt += 1
      scan.leaseToken += 1
      scan.workerID = life.id
      scan.workerName = life.name
      scan.claimedAt = due.now
      scan.startedAt = scan.startedAt ?? due.now
      scan.lastActivityAt = due.now
      scan.updatedAt = due.now
      if scan.checkpoint == Optional<JSONValue>.none { scan.progress = nil }
      scan.progressMessage = nil
      scan.waitingFor = nil
      scan.verdict = Optional<JSONValue>.none
      scan.suspicion = Optional<JSONValue>.none
      scan.suspectedAt = nil
      return scan
    }
  }

  static func event(_ scan: Scan, _ life: WorkerLife) -> EventDraft {
    var data = JSONObjectText()
    data.add("attempt", Int64(scan.attempt))
    data.add("token", scan.leaseToken)
    data.add("worker", life.name)
    data.add("worker_id", life.id)
    return EventDraft(
      scanID: scan.id, tenantID: scan.tenantID, type: .claimed, data: data.finish())
  }

  static let firstGroup = Question(parameters: 0) { _, more in
    """
    SELECT priority, kind FROM scans WHERE status = 'pending'\(more)
    ORDER BY priority DESC, kind DESC LIMIT 1
    """
  }

  static let nextGroup = Question(parameters: 2) { _, more in
    """
    SELECT priority, kind FROM scans WHERE status = 'pending' AND (priority, kind) < ($1, $2)\(more)
    ORDER BY priority DESC, kind DESC LIMIT 1
    """
  }

  /// A statement about the queue or a group of it, for everybody's scans, for a tenant's, and for those of the tenant that is not in
  /// the index of tenants: each by itself, so that none is planned for another.
  struct Question {
    private let ofAll: Statement
    private let ofTenant: Statement
    private let ofDefault: Statement

    /// - Parameters:
    ///   - parameters: how many the statement has of its own; the tenant is the next.
    ///   - make: the statement with a condition more.
    init(parameters: Int, _ make: (Dialect, _ more: String) -> String) {
      let ofTenant = " AND tenant_id = $\(parameters + 1)"
      ofAll = Statement { make($0, "") }
      self.ofTenant = Statement { make($0, "\(ofTenant) AND \(isOfNamedTenant())") }
      ofDefault = Statement { make($0, ofTenant) }
    }

    func all<T>(
      _ parameters: [SQLValue], of scope: TenantScope, _ connection: any SQLConnection,
      _ decode: (any SQLRow) throws(StoreError) -> T
    ) throws(StoreError) -> [T] {
      guard case .only(let tenant) = scope else {
        return try connection.all(ofAll, parameters, decode)
      }
      let statement = tenant == TenantScope.defaultTenant ? ofDefault : ofTenant
      return try connection.all(statement, parameters + [.text(tenant)], decode)
    }
  }

  static let peek = Question(parameters: 3) { dialect, more in
    """
    SELECT run_at, number FROM scans
    WHERE status = 'pending' AND priority = $1 AND kind = $2 AND run_at <= \(dialect.now)\(more)
    ORDER BY run_at, number LIMIT $3
    """
  }

  static func decode(_ row: any SQLRow) throws(StoreError) -> Due {
    Due(scan: ScanColumns.decode(row), now: row.time(ScanColumns.count))
  }

  static let dueOfGroup = Question(parameters: 3) { dialect, more in
    """
    SELECT \(ScanColumns.list), \(dialect.now) FROM scans
    WHERE status = 'pending' AND priority = $1 AND kind = $2 AND run_at <= \(dialect.now)\(more)
    ORDER BY run_at, number LIMIT $3 \(dialect.skippingLocked)
    """
  }

  static let dueByID = Statement { dialect in
    """
    SELECT \(ScanColumns.list), \(dialect.now) FROM scans
    WHERE id = $1 AND status = 'pending' AND run_at <= \(dialect.now)
    \(dialect.skippingLocked)
    """
  }

  private static let shape = RowShape(("number", .int))
  private static let target = Lifecycle.status(after: .claim, from: .pending) ?? .running

  static let begin = Statement(forEach: shape, from: 3) { dialect in
    """
    UPDATE scans SET
      status = '\(target.rawValue)',
      transitions = scans.transitions + 1,
      attempt = scans.attempt + 1,
      lease_token = scans.lease_token + 1,
      report_sequence = 0,
      worker_id = $1,
      worker_name = $2,
      claimed_at = \(dialect.now),
      started_at = coalesce(scans.started_at, \(dialect.now)),
      last_activity_at = \(dialect.now),
      updated_at = \(dialect.now),
      progress = CASE WHEN scans.checkpoint IS NULL THEN NULL ELSE scans.progress END,
      progress_message = NULL,
      waiting_for = NULL,
      wait_since = NULL,
      waited_seconds = 0,
      done_at_claim = CASE WHEN scans.checkpoint IS NULL THEN 0
        ELSE \(dialect.done(of: "scans.progress")) END,
      furthest_done = \(dialect.larger("scans.furthest_done", dialect.done(of: "scans.progress"))),
      answered_at = NULL,
      activity_at = NULL,
      verdict = NULL,
      suspicion = NULL,
      suspected_at = NULL,
      check_at = \(dialect.now(plus: Checks.runningSeconds))
    \(dialect.each(shape, from: 3))
    WHERE scans.number = r.number AND scans.status IN (\(sources(of: .claim)))
    """
  }
}

/// The statuses from which `event` can happen, as a list of SQL literals. They come out of the lifecycle's one table.
func sources(of event: Lifecycle.Event) -> String {
  Lifecycle.sources(of: event).map { "'\($0.rawValue)'" }.joined(separator: ", ")
}
