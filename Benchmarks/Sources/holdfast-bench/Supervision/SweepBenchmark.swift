import Foundation
import HoldfastCore
import HoldfastEngine
import HoldfastStorage
import HoldfastTestKit
import Logging

/// What a sweep costs where nearly everything is history: millions of scans stored, of which a hundredth runs and a hundred are
/// stuck. Beside it, in the same database, the query by which the runbook of stuck website scans looks for them.
struct SweepBenchmark {
  static let stuck = 100

  let scans: Int
  let databases: BenchDatabases

  private var running: Int { scans / 100 }

  func run(into table: inout Table) async throws {
    for kind in BenchDatabases.Kind.allCases {
      say("Sweep on \(kind.rawValue): \(scans) scans, \(running) running, \(Self.stuck) stuck")
      let url = try await databases.make(kind)
      let store = try await databases.open(url)
      let time = try await seconds { try await fill(kind, url) }
      say("  filled in \(Int(time)) s")
      let naive = try await naive(kind, url)
      let found = try await naiveCount(kind, url)
      let look = try await look(store)
      let plan = try await plan(store)
      await store.close()
      if case .sqlite(let path) = url { try FileManager.default.removeItem(atPath: path) }
      let size = "\(scans / 1_000_000) million scans, \(kind.rawValue)"
      table.add(
        Row("the runbook's query over \(size)", naive, "ms", .lowerIsBetter))
      table.add(Row("  rows that it returns", Double(found), "rows", .lowerIsBetter))
      table.add(
        Row(
          "sweep: finds what is due in \(size)", look, "ms", target: naive / 100, .lowerIsBetter,
          reference: ("the runbook's query", naive)))
      table.add(
        Row(
          "  a whole dry run: verdicts and plan", plan, "ms", .lowerIsBetter,
          reference: ("the runbook's query", naive)))
    }
  }

  // MARK: Ours

  private func look(_ store: SQLStore) async throws -> Double {
    var times: [Double] = []
    for _ in 0..<21 {
      var rows = 0
      times.append(
        try await seconds {
          rows = try await store.due(after: nil, limit: SweepPlanner.pageSize).rows.count
        } * 1000)
      guard rows == Self.stuck else { throw BenchFailure("\(rows) scans are due") }
    }
    return times.median
  }

  private func plan(_ store: SQLStore) async throws -> Double {
    let planner = SweepPlanner(store: store) { kind, _ in .default(for: kind) }
    var times: [Double] = []
    for _ in 0..<21 {
      var entries = 0
      times.append(
        try await seconds { entries = try await planner.plan().plan.entries.count } * 1000)
      guard entries == Self.stuck else { throw BenchFailure("\(entries) scans are planned for") }
    }
    return times.median
  }

  // MARK: The runbook's

  /// "Find potentially stuck scans", as it is printed.
  private func query(_ kind: BenchDatabases.Kind) -> String {
    switch kind {
    case .postgres:
      """
      SELECT id, status, created_at, last_activity_at, progress_message,
        EXTRACT(EPOCH FROM (NOW() - created_at))/60 as runtime_minutes,
        EXTRACT(EPOCH FROM (NOW() - last_activity_at))/60 as heartbeat_age_minutes,
        max_runtime_minutes, heartbeat_interval_seconds
      FROM scans
      WHERE status = 'running'
        AND (created_at < NOW() - INTERVAL '15 minutes'
          OR last_activity_at < NOW() - INTERVAL '5 minutes')
      ORDER BY created_at DESC;
      """
    case .sqlite:
      """
      SELECT id, status, created_at, last_activity_at, progress_message,
        (julianday('now') - julianday(created_at)) * 1440 as runtime_minutes,
        (julianday('now') - julianday(last_activity_at)) * 1440 as heartbeat_age_minutes,
        max_runtime_minutes, heartbeat_interval_seconds
      FROM scans
      WHERE status = 'running'
        AND (created_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-15 minutes')
          OR last_activity_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-5 minutes'))
      ORDER BY created_at DESC;
      """
    }
  }

  /// As the databases' own shells time it, without the shell's start; the median of nine.
  private func naive(_ kind: BenchDatabases.Kind, _ url: DatabaseURL) async throws -> Double {
    let times: [Double]
    switch url {
    case .postgres:
      let script =
        "\\timing on\n\\o /dev/null\n" + String(repeating: query(kind) + "\n", count: 9)
      times = try await databases.server.psql(script, url: url).split(separator: "\n")
        .filter { $0.hasPrefix("Time:") }
        .compactMap { $0.split(separator: " ").dropFirst().first.flatMap { Double($0) } }
    case .sqlite(let path):
      let script =
        ".output /dev/null\n.timer on\n" + String(repeating: query(kind) + "\n", count: 9)
      times = try await shell(script, path: path).split(separator: "\n")
        .filter { $0.hasPrefix("Run Time:") }
        .compactMap { line in
          let words = line.split(separator: " ")
          return words.firstIndex(of: "real").flatMap { Double(words[$0 + 1]) }.map { $0 * 1000 }
        }
    }
    guard times.count == 9 else { throw BenchFailure("\(times.count) of 9 queries were timed") }
    return times.median
  }

  private func naiveCount(_ kind: BenchDatabases.Kind, _ url: DatabaseURL) async throws -> Int {
    let sql = "SELECT count(*) FROM (\(query(kind).dropLast(1))) AS found;"
    let text =
      switch url {
      case .postgres: try await databases.server.psql(sql, url: url)
      case .sqlite(let path): try await shell(sql, path: path)
      }
    return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
  }

  // MARK: Rows

  /// History first, then what runs: half of it older than the runbook's 15 minutes and in good order, as on any busy day.
  private func fill(_ kind: BenchDatabases.Kind, _ url: DatabaseURL) async throws {
    switch url {
    case .postgres:
      _ = try await databases.server.psql(postgresRows, url: url)
      try databases.server.administer("ANALYZE", database: try name(of: url))
    case .sqlite(let path): _ = try await shell(sqliteRows, path: path)
    }
  }

  private func name(of url: DatabaseURL) throws -> String {
    guard case .postgres(let uri) = url, let name = uri.split(separator: "/").last else {
      throw BenchFailure("not PostgreSQL")
    }
    return String(name)
  }

  private var columns: String {
    """
    id, kind, target, status, created_at, updated_at, run_at, claimed_at, started_at,
    last_activity_at, progress_at, ended_at, attempt, lease_token, worker_id, worker_name,
    check_at, max_runtime_minutes, progress
    """
  }

  private var postgresRows: String {
    """
    ALTER TABLE scans DISABLE TRIGGER USER;
    INSERT INTO scans (\(columns))
    SELECT gen_random_uuid(), 'site', 'https://example.com/' || n % 100000, 'completed', t, t, t, t,
      t, t, t, t + interval '3 minutes', 1, 1, 'w', 'w', t + interval '30 seconds', 15, NULL
    FROM (SELECT n, now() - n * interval '7 seconds' - interval '1 day' AS t
      FROM generate_series(1, \(scans - running)) AS n) AS history;
    INSERT INTO scans (\(columns))
    SELECT gen_random_uuid(), 'site', 'https://example.org/' || n, 'running', t, t, t, t, t,
      beat, beat, NULL, 1, 1, 'w', 'w',
      CASE WHEN n <= \(Self.stuck) THEN now() - interval '1 minute'
        ELSE now() + interval '2 hours' END, 1000, '{"done": 5, "step": "page"}'
    FROM (SELECT n, now() - (n % 1200) * interval '1 second' - interval '10 minutes' AS t,
        now() - CASE WHEN n <= \(Self.stuck) THEN interval '10 minutes'
          ELSE (n % 20) * interval '1 second' END AS beat
      FROM generate_series(1, \(running)) AS n) AS live;
    ALTER TABLE scans ENABLE TRIGGER USER;
    \(workers.replacingOccurrences(of: "NOW", with: "now()"))
    """
  }

  private var sqliteRows: String {
    let format = "'%Y-%m-%dT%H:%M:%fZ'"
    func ago(_ seconds: String) -> String {
      "strftime(\(format), 'now', '-' || (\(seconds)) || ' seconds')"
    }
    // Two random halves with the version and variant of a UUID, as text.
    let id = """
      lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
        || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))
      """
    return """
      PRAGMA synchronous = OFF;
      PRAGMA cache_size = -400000;
      BEGIN;
      WITH RECURSIVE series(n) AS (
        SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < \(scans - running)),
      history AS (SELECT n, \(ago("n * 7 + 86400")) AS t FROM series)
      INSERT INTO scans (\(columns))
      SELECT \(id), 'site', 'https://example.com/' || n % 100000, 'completed', t, t, t, t, t, t, t,
        t, 1, 1, 'w', 'w', t, 15, NULL FROM history;
      WITH RECURSIVE series(n) AS (
        SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < \(running)),
      live AS (SELECT n, \(ago("n % 1200 + 600")) AS t,
        \(ago("CASE WHEN n <= \(Self.stuck) THEN 600 ELSE n % 20 END")) AS beat FROM series)
      INSERT INTO scans (\(columns))
      SELECT \(id), 'site', 'https://example.org/' || n, 'running', t, t, t, t, t, beat, beat, NULL,
        1, 1, 'w', 'w',
        CASE WHEN n <= \(Self.stuck) THEN \(ago("60"))
          ELSE strftime(\(format), 'now', '+2 hours') END,
        1000, '{"done": 5, "step": "page"}' FROM live;
      \(workers.replacingOccurrences(of: "NOW", with: ago("0")))
      COMMIT;
      ANALYZE;
      """
  }

  private var workers: String {
    """
    INSERT INTO workers (id, name, host, boot_id, process_id, process_start_ticks, slots, kinds,
      version, heartbeat_interval_seconds, started_at, last_heartbeat_at)
    VALUES ('w', 'w', 'elsewhere', 'b', 1, 1, \(running), '[]', 'bench', 30, NOW, NOW);
    """
  }

  private func shell(_ script: String, path: String) async throws -> String {
    let file = databases.folder.path("script.sql")
    try Data(script.utf8).write(to: URL(fileURLWithPath: file))
    return try await holdfast_bench.run("sqlite3", ["-bail", "-batch", path, ".read \(file)"])
      .output
  }
}
