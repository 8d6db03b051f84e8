import HoldfastCore
import HoldfastStorage
import ServiceLifecycle

extension EventHub {
  /// Listens to all scans while `body` runs.
  func watch<Value: Sendable>(_ body: (ScanWatch) async throws -> Value) async throws -> Value {
    let subscription = try await subscribe(scan: nil)
    defer { leave(subscription) }
    return try await body(ScanWatch(store: store, messages: subscription.messages))
  }
}

/// Waits for the end of a scan without asking the database again and again.
struct ScanWatch: Sendable {
  let store: any ScanStore
  let messages: AsyncStream<EventHub.Message>

  /// The scan at its end, or as it is when the time is over or the server stops.
  func end(of scan: Scan, within time: Duration) async throws -> Scan {
    guard !scan.status.isTerminal else { return scan }
    return try await withThrowingTaskGroup(of: Scan?.self) { group in
      group.addTask(name: "wait for scan \(scan.number)") { try await nextEnd(of: scan) }
      group.addTask(name: "wait no longer than \(time)") {
        // Cancelled as soon as the other is done.
        try? await Task.sleep(for: time)
        return nil
      }
      defer { group.cancelAll() }
      if let ended = try await group.next() ?? nil { return ended }
      return try await store.scan(.id(scan.id)) ?? scan
    }
  }

  /// `nil` when the stream ends before the scan does.
  private func nextEnd(of scan: Scan) async throws -> Scan? {
    for await message in messages.cancelOnGracefulShutdown() {
      // A heartbeat stands in for an event that was lost.
      switch message {
      case .progress: continue
      case .event(let event, _): guard event.scanID == scan.id else { continue }
      case .heartbeat: break
      }
      if let now = try await store.scan(.id(scan.id)), now.status.isTerminal { return now }
    }
    return nil
  }
}
