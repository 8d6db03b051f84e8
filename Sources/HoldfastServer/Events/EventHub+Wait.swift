import HoldfastCore
import HoldfastStorage
import ServiceLifecycle

extension EventHub {
  /// Waits for the end of a scan without asking the database again and again.
  ///
  /// Where there is no place left among the listeners, or the place is lost, it does ask, now and
  /// then: who waits for an end must not be answered sooner because others listen.
  ///
  /// - Returns: the scan at its end, or as it is when the time is over or the server stops.
  /// - Throws: ``StoreError``.
  func end(of scan: Scan, within time: Duration) async throws -> Scan {
    let deadline = ContinuousClock.now + time
    if let subscription = try await place(for: scan) {
      defer { leave(subscription) }
      if let ended = try await heardEnd(of: scan, subscription, within: time) { return ended }
    }
    while true {
      let now = try await store.scan(.id(scan.id)) ?? scan
      let isEnough =
        now.status.isTerminal || ContinuousClock.now >= deadline || Task.isCancelled
        || Task.isShuttingDownGracefully
      if isEnough { return now }
      // Cancelling ends the pause and, above, the loop.
      try? await Task.sleep(for: min(.milliseconds(250), deadline - ContinuousClock.now))
    }
  }

  /// A place among those who hear of the scan; `nil` if there is none left.
  private func place(for scan: Scan) async throws -> Subscription? {
    do {
      return try await subscribe(scan: scan.id, of: .only(scan.tenantID))
    } catch is Problem {
      return nil
    }
  }

  /// `nil` when the time is over or the stream ends before the scan does.
  private func heardEnd(
    of scan: Scan, _ subscription: Subscription, within time: Duration
  ) async throws -> Scan? {
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
      return try await group.next() ?? nil
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
