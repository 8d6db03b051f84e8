package import HoldfastCore

/// The history of progress. All operations throw ``StoreError``.
package protocol ProgressStore: Sendable {
  /// This store as one caller sees it.
  func seen(by caller: Caller) -> Self
  /// The samples that are kept of a scan, 500 at most, oldest first; none of what the caller may not see.
  func progressSamples(of id: ScanID) async throws(StoreError) -> [ProgressSample]
}

extension SQLStore: ProgressStore {
  package func progressSamples(
    of id: ScanID
  ) async throws(StoreError) -> [ProgressSample] {
    try await database.read {
      [scope] (connection) throws(StoreError) -> [ProgressSample] in
      guard try connection.isScan(id, of: scope) else { return [] }
      return try connection.all(ProgressReading.samples, [.uuid(id)]) {
        (row: any SQLRow) throws(StoreError) in
        ProgressSample(
          at: row.time(0), attempt: Int(row.int(1)),
          progress: Progress(
            done: row.int(2), total: row.optionalInt(3), unit: row.text(6), bytes: row.int(4),
            step: row.text(5)))
      }
    }
  }
}

private enum ProgressReading {
  static let samples = Statement(
    """
    SELECT created_at, attempt, done, total, bytes, step, unit FROM scan_progress
    WHERE scan_id = (SELECT number FROM scans WHERE id = $1) ORDER BY sequence
    """)
}
