extension WorkerRecord {
  /// Whose scans it runs.
  package var scope: TenantScope { tenant.map { .only($0) } ?? .all }

  /// After how many of its heartbeat intervals without a beat a worker counts as silent: with one, every beat that is a moment
  /// late would be a death.
  package static let silentAfterIntervals = 3.0

  /// - Parameter seconds: since its last heartbeat, by the database's clock.
  package func isSilent(for seconds: Double) -> Bool {
    seconds > heartbeatIntervalSeconds * Self.silentAfterIntervals
  }
}
