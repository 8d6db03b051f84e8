import Foundation
import HoldfastStorage

/// A million scans as an installation has them after years: nearly all completed, some not, the last ones active.
struct ServiceRows {
  let scans: Int

  var active: Int { min(1000, scans / 10) }

  private var columns: String {
    """
    id, kind, target, status, created_at, updated_at, run_at, claimed_at, started_at,
    last_activity_at, progress_at, ended_at, attempt, lease_token, worker_id, worker_name,
    check_at, max_runtime_minutes, progress, params, summary, items_added, message
    """
  }

  /// - Parameters:
  ///   - id: an expression for a new UUID.
  ///   - ago: an expression for a time so many seconds ago.
  ///   - numbers: a table with a column `n`, the numbers of a range.
  private func rows(
    id: String, ago: (String) -> String, numbers: (Int, Int) -> String
  ) -> String {
    let kind = "CASE WHEN n % 10 < 6 THEN 'library' WHEN n % 10 < 9 THEN 'site' ELSE 'portal' END"
    let status = """
      CASE WHEN n % 200 = 1 THEN 'failed' WHEN n % 333 = 2 THEN 'partial'
        WHEN n % 500 = 3 THEN 'cancelled' ELSE 'completed' END
      """
    let progress = "'{\"done\": 1250, \"total\": 1250, \"unit\": \"files\", \"step\": \"done\"}'"
    // The oldest is a year old, the newest of history two days.
    let then = ago("172800 + (\(scans) - n) * 30")
    let live = ago("\(scans) - n")
    return """
      INSERT INTO scans (\(columns))
      SELECT \(id), \(kind), '/srv/library/' || n % 100000, \(status), \(then), \(then), \(then),
        \(then), \(then), \(then), \(then), \(then), 1, 1, 'w', 'w', \(then), 30, \(progress),
        '{"hash": false}', '{"categories_found": 5, "courses_found": 20}', 1250, 'Scanned 1250 files'
      FROM \(numbers(1, scans - active));
      INSERT INTO scans (\(columns))
      SELECT \(id), \(kind), '/srv/active/' || n, CASE n % 2 WHEN 0 THEN 'running' ELSE 'pending' END,
        \(live), \(live), \(live), CASE n % 2 WHEN 0 THEN \(live) END,
        CASE n % 2 WHEN 0 THEN \(live) END, CASE n % 2 WHEN 0 THEN \(ago("0")) END,
        CASE n % 2 WHEN 0 THEN \(ago("0")) END, NULL, n % 2, 1, 'w', 'w', \(ago("-7200")), 600,
        \(progress), '{"hash": false}', '{}', 0, NULL
      FROM \(numbers(scans - active + 1, scans));
      """
  }

  var postgres: String {
    """
    ALTER TABLE scans DISABLE TRIGGER USER;
    \(rows(
      id: "gen_random_uuid()", ago: { "now() - (\($0)) * interval '1 second'" },
      numbers: { "generate_series(\($0), \($1)) AS numbers(n)" }))
    ALTER TABLE scans ENABLE TRIGGER USER;
    VACUUM ANALYZE;
    """
  }

  var sqlite: String {
    let id = """
      lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
        || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))
      """
    return """
      PRAGMA synchronous = OFF;
      PRAGMA cache_size = -400000;
      BEGIN;
      \(rows(
        id: id,
        ago: { "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', -(\($0)) || ' seconds')" },
        numbers: {
          """
          (WITH RECURSIVE series(n) AS (
            SELECT \($0) UNION ALL SELECT n + 1 FROM series WHERE n < \($1)) SELECT n FROM series) AS numbers
          """
        }))
      COMMIT;
      """
  }
}
