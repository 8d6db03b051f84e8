import HoldfastCore
import HoldfastStorage
import ServiceLifecycle

extension EventHub {
  /// Waits for the end of a scan without asking the database again and again.
  ///
  /// - Returns: the scan at its end, or as it is when the time is over, the server stops, or there
  ///   are too many listeners already.
  /// - Throws: ``StoreError``.
  func end(of scan: Scan, within time: Duration) async throws -> Scan {
    let subscription: Subscription
    do {
      subscription = try await subscribe(scan: scan.id)
    } catch is Problem {
      return scan
    }
    defer { leave(subscription) }
    // It may have ended before anybody listened.
    if let now = try await store.scan(.id(scan.id)), now.status.isTerminal { return now }
    return try await withThrowingTaskGroup(of: Scan?.self) { group in
      group.addTask(name: "wait for scan \(scan.number)") {
        try await self.nextEnd(of: scan.id, subscription.messages)
      }
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
  private func nextEnd(
    of id: ScanID, _ messages: AsyncStream<Message>
  ) async throws -> Scan? {
    for await message in messages.cancelOnGracefulShutdown() {
      if case .progress = message { continue }
      if let now = try await store.scan(.id(id)), now.status.isTerminal { return now }
    }
    return nil
  }
}
