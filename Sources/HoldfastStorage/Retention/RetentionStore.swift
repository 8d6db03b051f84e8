package import HoldfastCore

/// Deletes what has been kept for long enough. All operations throw ``StoreError``.
///
/// Whatever it is told, it never deletes anything of an active scan, of the newest scan (its number would be given out again), of
/// one that a baseline or a schedule names, or of the last that completed for its kind and target; of these only the events go.
package protocol RetentionStore: Sendable {
  /// Scans by number, beginning after `number`, whatever their status.
  func storedScans(after number: Int64, limit: Int) async throws(StoreError) -> [StoredScan]
  /// Deletes in one short transaction, in order, until so many rows are gone.
  ///
  /// - Returns: how many of `due` need not be asked for again, and what was deleted.
  func expire(
    _ due: [Expiry], mostRows: Int
  ) async throws(StoreError) -> (finished: Int, deleted: ExpiredRows)
}
