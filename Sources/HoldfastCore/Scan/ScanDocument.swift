/// One scan in full, with the names under which the stuck-audit prevention shows progress beside Holdfast's own.
package struct ScanDocument: Encodable {
  private let scan: Scan

  package init(_ scan: Scan) { self.scan = scan }

  private enum Key: String, CodingKey {
    case progress
    case lastWorkerUpdate = "last_worker_update"
  }

  private enum ProgressKey: String, CodingKey {
    case step, percentage, heartbeat
    case completedTasks = "completed_tasks"
    case totalTasks = "total_tasks"
    case isRunning = "is_running"
    case lastUpdated = "last_updated"
    case workerID = "worker_id"
    case workerURL = "worker_url"
  }

  package func encode(to encoder: any Encoder) throws {
    try scan.encode(to: encoder)
    var document = encoder.container(keyedBy: Key.self)
    try document.encodeIfPresent(scan.lastActivityAt, forKey: .lastWorkerUpdate)
    guard scan.attempt > 0 else { return }
    // The members join those of the scan's own progress, if it has one.
    var progress = document.nestedContainer(keyedBy: ProgressKey.self, forKey: .progress)
    try progress.encode(
      scan.progress?.step ?? scan.progressMessage ?? "", forKey: .step)
    try progress.encodeIfPresent(scan.progress?.percentage, forKey: .percentage)
    try progress.encode(scan.progress?.done ?? 0, forKey: .completedTasks)
    try progress.encodeIfPresent(scan.progress?.total, forKey: .totalTasks)
    try progress.encode(scan.status == .running, forKey: .isRunning)
    try progress.encodeIfPresent(scan.progressAt, forKey: .lastUpdated)
    try progress.encodeIfPresent(scan.lastActivityAt, forKey: .heartbeat)
    try progress.encodeIfPresent(scan.workerName, forKey: .workerID)
    // A worker of Holdfast is reached through the database, and has no address.
    try progress.encodeNil(forKey: .workerURL)
  }
}
