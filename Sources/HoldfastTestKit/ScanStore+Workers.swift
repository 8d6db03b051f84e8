package import HoldfastCore
package import HoldfastStorage

extension ScanStore {
  /// Every life of a worker that a test has begun, the oldest first.
  package func workers() async throws(StoreError) -> [WorkerRecord] {
    try await workers(cursor: nil, limit: 10_000).items.sorted {
      ($0.startedAt, $0.id) < ($1.startedAt, $1.id)
    }
  }
}
