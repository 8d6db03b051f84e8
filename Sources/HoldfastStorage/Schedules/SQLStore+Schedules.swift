package import HoldfastCore

extension SQLStore: ScheduleStore {
  package func add(_ draft: ScheduleDraft) async throws(StoreError) -> ScheduleAddition {
    var draft = draft
    // Whoever has one tenant adds to that alone, whatever the draft says.
    if let tenant = scope.tenant { draft.tenantID = tenant }
    return try await database.write { [caller, draft] (connection) throws(StoreError) in
      let key: [SQLValue] = [.text(draft.tenantID), .text(draft.name)]
      func found() throws(StoreError) -> ScheduleAddition? {
        try connection.first(Schedules.named, key, Schedules.decode).map {
          draft.isSame(as: $0) ? .existing($0) : .nameTaken($0)
        }
      }
      let action = "schedule.add"
      let scope = TenantScope.only(draft.tenantID)
      switch try Idempotency.claim(
        draft.idempotency, for: action, of: scope, object: draft.name, connection)
      {
      case .new: break
      case .otherRequest: return .keyUsed
      case .seen:
        guard case .existing(let made) = try found() else { return .keyUsed }
        return .existing(made)
      }
      if let found = try found() {
        if case .nameTaken = found {
          try Idempotency.release(draft.idempotency, for: action, of: scope, connection)
        }
        return found
      }
      let now = try connection.now()
      let made = try connection.first(
        Schedules.insert,
        key + [
          .text(draft.kind), .text(draft.target), .json(draft.params.serialized),
          .int(Int64(draft.priority)), .text(draft.cron), .text(draft.zone),
          .int(draft.everySeconds), .text(draft.missed.rawValue), .text(draft.createdBy),
          .time(now), .time(try Self.first(draft, after: now)),
        ], Schedules.decode)
      if let made {
        try connection.audit(.schedule("add", before: nil, after: made), caller)
        return .created(made)
      }
      // Somebody was quicker.
      guard let found = try found() else {
        throw .statement("a schedule was neither made nor found")
      }
      if case .nameTaken = found {
        try Idempotency.release(draft.idempotency, for: action, of: scope, connection)
      }
      return found
    }
  }

  private static func first(
    _ draft: ScheduleDraft, after now: Timestamp
  ) throws(StoreError) -> Timestamp? {
    guard let offset = Zones.offset(of: draft.zone) else {
      throw .statement("there is no zone “\(draft.zone)”")
    }
    do {
      return try draft.rule(madeAt: now).next(after: now, offset: offset)
    } catch {
      throw .statement("\(error)")
    }
  }

  package func schedules(tenantID: String) async throws(StoreError) -> [Schedule] {
    guard scope.includes(tenantID) else { return [] }
    return try await database.read { (connection) throws(StoreError) in
      try connection.all(Schedules.list, [.text(tenantID)], Schedules.decode)
    }
  }

  package func schedules(
    tenantID: String, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<Schedule> {
    var conditions = PageConditions(limit: limit)
    try conditions.begin(after: cursor) { "name > \($0)" }
    conditions.add(.text(tenantID)) { "tenant_id = \($0)" }
    guard scope.includes(tenantID) else { return Page(items: [], nextCursor: nil) }
    let rows = try await database.read { [conditions] (connection) throws(StoreError) in
      try connection.all(Schedules.page(conditions), conditions.parameters, Schedules.decode)
    }
    return Page(rows, limit: limit) { Cursor.encode($0.name) }
  }

  package func schedule(
    named name: String, tenantID: String
  ) async throws(StoreError) -> Schedule? {
    guard scope.includes(tenantID) else { return nil }
    return try await database.read { (connection) throws(StoreError) in
      try connection.first(Schedules.named, [.text(tenantID), .text(name)], Schedules.decode)
    }
  }

  package func removeSchedule(
    named name: String, tenantID: String
  ) async throws(StoreError) -> Schedule? {
    guard scope.includes(tenantID) else { return nil }
    return try await database.write { [caller] (connection) throws(StoreError) in
      let removed = try connection.first(
        Schedules.remove, [.text(tenantID), .text(name)], Schedules.decode)
      if let removed {
        try connection.audit(.schedule("remove", before: removed, after: nil), caller)
      }
      return removed
    }
  }

  package func dueSchedules(
    limit: Int
  ) async throws(StoreError) -> (due: [Schedule], now: Timestamp) {
    let rows = try await database.read { (connection) throws(StoreError) in
      try connection.all(Schedules.due, [.int(Int64(limit))]) {
        (row: any SQLRow) throws(StoreError) in
        (try Schedules.decode(row), row.time(Schedules.columns))
      }
    }
    guard let now = rows.first?.1 else { return ([], Timestamp(unixMilliseconds: 0)) }
    return (rows.map(\.0), now)
  }

  package func advance(
    _ schedule: Schedule, _ step: ScheduleStep
  ) async throws(StoreError) -> Bool {
    try await database.write { (connection) throws(StoreError) in
      try connection.run(
        Schedules.advance,
        [
          .int(schedule.id), .time(schedule.handledAt), .time(step.handled), .time(step.next),
          .time(step.run), .uuid(step.scanID), .text(step.outcome), .int(Int64(step.missed)),
        ]) > 0
    }
  }
}

extension AuditEntry {
  /// What somebody did to a schedule; one of the two is `nil`.
  fileprivate static func schedule(
    _ action: String, before: Schedule?, after: Schedule?
  ) -> AuditEntry {
    func shown(_ schedule: Schedule?) -> JSONValue {
      guard let schedule else { return .null }
      return [
        "kind": .string(schedule.kind), "target": .string(schedule.target),
        "cron": schedule.cron.map(JSONValue.string) ?? .null, "zone": .string(schedule.zone),
        "every_seconds": schedule.everySeconds.map(JSONValue.int) ?? .null,
      ]
    }
    let schedule = before ?? after
    return AuditEntry(
      tenant: schedule?.tenantID ?? TenantScope.defaultTenant, action: "schedule.\(action)",
      object: "schedule \(schedule?.name ?? "")", before: shown(before), after: shown(after))
  }
}

private enum Schedules {
  private static let names = [
    "id", "name", "tenant_id", "kind", "target", "params", "priority", "cron", "zone",
    "every_seconds", "missed", "created_at", "created_by", "handled_at", "next_at",
    "last_run_at", "last_scan_id", "last_outcome", "missed_runs",
  ]
  private static let selected = names.joined(separator: ", ")
  static let columns = names.count

  static func decode(_ row: any SQLRow) throws(StoreError) -> Schedule {
    Schedule(
      id: row.int(0), name: row.text(1), tenantID: row.text(2), kind: row.text(3),
      target: row.text(4), params: row.json(5), priority: Int(row.int(6)),
      cron: row.optionalText(7), zone: row.text(8), everySeconds: row.optionalInt(9),
      missed: MissedRuns(rawValue: row.text(10)) ?? .once, createdAt: row.time(11),
      createdBy: row.optionalText(12), handledAt: row.time(13), nextAt: row.optionalTime(14),
      lastRunAt: row.optionalTime(15), lastScanID: row.isNull(16) ? nil : row.uuid(16),
      lastOutcome: row.optionalText(17), missedRuns: row.int(18))
  }

  /// `created_at` is the anchor of an interval: exactly the time from which the first run was counted.
  static let insert = Statement(
    """
    INSERT INTO schedules (
      tenant_id, name, kind, target, params, priority, cron, zone, every_seconds, missed,
      created_by, created_at, handled_at, next_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13)
    ON CONFLICT DO NOTHING RETURNING \(selected)
    """)

  static let list = Statement(
    "SELECT \(selected) FROM schedules WHERE tenant_id = $1 ORDER BY name")
  static func page(_ conditions: PageConditions) -> Statement {
    Statement("SELECT \(selected) FROM schedules WHERE \(conditions.text) ORDER BY name LIMIT $1")
  }
  static let named = Statement(
    "SELECT \(selected) FROM schedules WHERE tenant_id = $1 AND name = $2")
  static let remove = Statement(
    "DELETE FROM schedules WHERE tenant_id = $1 AND name = $2 RETURNING \(selected)")

  static let due = Statement { dialect in
    """
    SELECT \(selected), \(dialect.now) FROM schedules WHERE next_at <= \(dialect.now)
    ORDER BY next_at, id LIMIT $1
    """
  }

  static let advance = Statement(
    """
    UPDATE schedules SET handled_at = $3, next_at = $4, last_run_at = coalesce($5, last_run_at),
      last_scan_id = coalesce($6, last_scan_id), last_outcome = $7,
      missed_runs = missed_runs + $8
    WHERE id = $1 AND handled_at = $2
    """)
}
