import HoldfastCore

extension SQLStore {
  package func lead(
    _ name: String, as holder: String, forSeconds seconds: Double
  ) async throws(StoreError) -> Bool {
    try await database.write { (connection) throws(StoreError) in
      let leader = try connection.first(
        Supervising.lead, [.text(name), .text(holder), .double(seconds)]
      ) { (row: any SQLRow) throws(StoreError) in row.text(0) }
      return leader == holder
    }
  }

  package func resign(_ name: String, as holder: String) async throws(StoreError) {
    try await database.write { (connection) throws(StoreError) -> Void in
      try connection.run(Supervising.resign, [.text(name), .text(holder)])
    }
  }

  package func leader(of name: String) async throws(StoreError) -> String? {
    try await database.read { (connection) throws(StoreError) in
      try connection.first(Supervising.leader, [.text(name)]) { $0.text(0) }
    }
  }

  package func markGone(_ lives: [String]) async throws(StoreError) -> Int {
    guard !lives.isEmpty else { return 0 }
    return try await database.write { (connection) throws(StoreError) in
      var marked = 0
      for life in lives.sorted() {
        marked += try connection.run(Supervising.markGone, [.text(life)])
        try connection.run(Supervising.dueAtOnce, [.text(life)])
      }
      if marked > 0 { try connection.notify(.sweep) }
      return marked
    }
  }

  package func rearm(_ checks: [NextCheck]) async throws(StoreError) {
    guard !checks.isEmpty else { return }
    let checks = checks.sorted { $0.scanID < $1.scanID }
    try await database.write { (connection) throws(StoreError) -> Void in
      try connection.run(
        Supervising.rearm, [],
        rows: Recordset(
          .uuids(checks.map(\.scanID)), .texts(checks.map(\.status.rawValue)),
          .ints(checks.map(\.leaseToken)), .times(checks.map(\.at)), .bools(checks.map(\.isStuck))))
    }
  }

  package func record(_ verdicts: [JudgedScan]) async throws(StoreError) {
    guard !verdicts.isEmpty else { return }
    let verdicts = verdicts.sorted { $0.scanID < $1.scanID }
    try await database.write { (connection) throws(StoreError) in
      var changed: [EventDraft] = []
      for judged in verdicts {
        let before = try connection.first(
          Supervising.verdict, [.uuid(judged.scanID), .int(judged.leaseToken)]
        ) { (row: any SQLRow) throws(StoreError) in row.json(0) }
        guard let before else { continue }
        try connection.run(
          Supervising.recordVerdict,
          [.uuid(judged.scanID), .int(judged.leaseToken), .json(judged.verdict.json.serialized)])
        if judged.verdict.isNews(after: before) { changed.append(Supervising.event(judged)) }
      }
      try connection.write(changed)
    }
  }

  package func markLost(_ workers: [Fleet.Worker]) async throws(StoreError) {
    guard !workers.isEmpty else { return }
    try await database.write { (connection) throws(StoreError) in
      for worker in workers {
        try connection.run(
          Supervising.markLost,
          [.text(worker.record.id), .time(worker.record.lastHeartbeatAt)])
      }
    }
  }
}

private enum Supervising {
  static func event(_ judged: JudgedScan) -> EventDraft {
    let verdict = judged.verdict
    var data = JSONObjectText()
    data.add("verdict", verdict.kind.rawValue)
    data.add("reason", verdict.reason?.rawValue)
    data.add("cause", verdict.cause?.name)
    data.add("message", verdict.sentence)
    return EventDraft(
      scanID: judged.scanID, tenantID: judged.tenantID, type: .verdict, data: data.finish())
  }

  /// Returns who leads after it: a term that lasts is only renewed by its holder.
  static let lead = Statement { dialect in
    """
    INSERT INTO leaderships (name, holder, term, acquired_at, expires_at)
    VALUES ($1, $2, 1, \(dialect.now), \(dialect.now(plus: "$3")))
    ON CONFLICT (name) DO UPDATE SET
      term = leaderships.term + CASE WHEN leaderships.holder = excluded.holder THEN 0 ELSE 1 END,
      acquired_at = CASE WHEN leaderships.holder = excluded.holder
        THEN leaderships.acquired_at ELSE excluded.acquired_at END,
      expires_at = excluded.expires_at,
      holder = excluded.holder
    WHERE leaderships.holder = excluded.holder OR leaderships.expires_at <= \(dialect.now)
    RETURNING holder
    """
  }

  static let resign = Statement { dialect in
    "UPDATE leaderships SET expires_at = \(dialect.now) WHERE name = $1 AND holder = $2"
  }

  static let rearm = Statement { dialect in
    let shape = RowShape(
      ("id", .uuid), ("status", .text), ("token", .int), ("at", .time), ("stuck", .bool))
    return """
      UPDATE scans SET check_at = r.at,
        found_stuck_at = CASE WHEN r.stuck THEN coalesce(scans.found_stuck_at, \(dialect.now)) END
      FROM \(dialect.rows(shape, from: 1))
      WHERE scans.id = r.id AND scans.status = r.status AND scans.lease_token = r.token
      """
  }

  static let verdict = Statement { dialect in
    """
    SELECT coalesce(scans.verdict, '{}') FROM scans
    WHERE scans.id = $1 AND scans.lease_token = $2
      AND \(isActive("scans")) \(dialect.locking("scans"))
    """
  }

  static let recordVerdict = Statement { dialect in
    """
    UPDATE scans SET verdict = $3, verdict_at = \(dialect.now)
    WHERE id = $1 AND lease_token = $2
    """
  }

  static let leader = Statement { dialect in
    "SELECT holder FROM leaderships WHERE name = $1 AND expires_at >= \(dialect.now)"
  }

  /// What it held stays told: whether one of several scans is to blame for its death depends on it.
  static let markGone = Statement { dialect in
    """
    UPDATE workers SET status = 'gone', ended_at = \(dialect.now)
    WHERE id = $1 AND status IN ('alive', 'lost')
    """
  }

  static let dueAtOnce = Statement { dialect in
    """
    UPDATE scans SET check_at = \(dialect.now)
    WHERE scans.worker_id = $1 AND scans.status = 'running'
    """
  }

  static let markLost = Statement { dialect in
    let beaten =
      dialect == .postgres
      ? "date_trunc('milliseconds', last_heartbeat_at)" : "last_heartbeat_at"
    return """
      UPDATE workers SET status = 'lost' WHERE id = $1 AND status = 'alive' AND \(beaten) = $2
      """
  }
}

extension Verdict {
  /// Whether it says something else than the one stored before.
  func isNews(after stored: JSONValue) -> Bool {
    if stored["verdict"] == nil, reason == nil, kind != .slow { return false }
    return stored["verdict"]?.stringValue != kind.rawValue
      || stored["reason"]?.stringValue != reason?.rawValue
      || stored["cause"]?.stringValue != cause?.name
  }
}
