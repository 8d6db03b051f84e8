import HoldfastCore

/// Who runs what at this moment. All operations throw ``StoreError``.
package protocol RunningStore: Sendable {
  /// The running scans, the newest first: nothing of them but what tells a worker's own, however large their checkpoints are.
  func runningScans(limit: Int) async throws(StoreError) -> [RunningScan]
}

package struct RunningScan: Sendable, Hashable {
  package var number: Int64
  /// The life of a worker; `nil` where somebody has changed the row by hand.
  package var workerID: String?
}

extension SQLStore: RunningStore {
  package func runningScans(limit: Int) async throws(StoreError) -> [RunningScan] {
    try await database.read { [scope] (connection) throws(StoreError) in
      try connection.all(
        RunningSQL.list, [.int(Int64(limit)), .text(scope.tenant)]
      ) { (row: any SQLRow) throws(StoreError) in
        RunningScan(number: row.int(0), workerID: row.optionalText(1))
      }
    }
  }
}

private enum RunningSQL {
  static let list = Statement { dialect in
    """
    SELECT number, worker_id FROM scans \(dialect.byIndex("scans_of_worker"))
    WHERE status = 'running' AND ($2 IS NULL OR tenant_id = $2)
    ORDER BY number DESC LIMIT $1
    """
  }
}
