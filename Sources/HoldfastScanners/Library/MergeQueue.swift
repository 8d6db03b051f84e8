import HoldfastCore

/// Folders that differ from the baseline and wait for their old listings. Walking goes on meanwhile, until too much waits.
final class MergeQueue: Sendable {
  private struct State {
    var waiting: [FolderMerge] = []
    /// Bytes held by what waits and by what is being merged.
    var cost = 0
    var isEnded = false
    var isCancelled = false
  }

  private let state = Monitor(State())

  private static let maxCost = 12 << 20
  /// Of one request: folders, and bytes that their listings have, about.
  private static let maxBatch = 128
  private static let maxBatchCost = 4 << 20

  /// Waits while too much waits already.
  func add(_ merge: FolderMerge) {
    let cost = merge.cost
    _ = state.wait { $0.cost < Self.maxCost || $0.isCancelled ? true : nil }
    state.signal { state in
      state.waiting.append(merge)
      state.cost += cost
    }
  }

  /// The next folders to ask about; `nil` at the end.
  func next() -> [FolderMerge]? {
    state.wait { state -> [FolderMerge]?? in
      if state.isCancelled { return .some(nil) }
      if state.waiting.isEmpty { return state.isEnded ? .some(nil) : nil }
      var cost = 0
      var count = 0
      while count < state.waiting.count, count < Self.maxBatch, cost < Self.maxBatchCost {
        cost += state.waiting[count].cost
        count += 1
      }
      defer { state.waiting.removeFirst(count) }
      return Array(state.waiting.prefix(count))
    }
  }

  func release(cost: Int) { state.signal { $0.cost -= cost } }

  /// Waits until everything that was added is merged.
  func drain() {
    state.wait { $0.cost == 0 || $0.isCancelled ? () : nil }
  }

  /// No more will be added.
  func end() { state.signal { $0.isEnded = true } }

  func cancel() { state.signal { $0.isCancelled = true } }
}

/// Asks for old listings and hands them to those who wait for them.
struct PartFetcher {
  let session: ScanSession
  let context: LibraryContext

  /// Fetches the parts, and finishes each consumer as soon as its last segment is consumed.
  ///
  /// - Returns: how many bytes came, or `nil` if the scan is to stop.
  func fetch(_ consumers: [(id: Baseline.PartID, consumer: any PartConsumer)]) -> Int? {
    session.send(
      .readBaselineParts(ids: consumers.map { Base64.encode($0.id.bytes) }))
    var open = Dictionary(consumers.map { ($0.id, $0.consumer) }) { first, _ in first }
    var current: Baseline.PartID?
    var bytes = 0
    func finish(_ id: Baseline.PartID?) {
      if let id, let consumer = open.removeValue(forKey: id) { consumer.finish() }
    }
    while let reply = nextReply() {
      for part in reply.parts {
        if part.id != current { finish(current) }
        current = part.id
        bytes += part.content.count
        open[part.id]?.consume(part.content)
      }
      guard reply.isLast else { continue }
      finish(current)
      for consumer in consumers { finish(consumer.id) }
      return context.shouldStop ? nil : bytes
    }
    return nil
  }

  private func nextReply() -> ScanSession.PartsReply? {
    session.inbox.wait { inbox -> ScanSession.PartsReply?? in
      if inbox.isClosed || context.shouldStop { return .some(nil) }
      // Not `isEmpty ? nil : …`: that `nil` would be the inner one, and end the wait.
      if inbox.replies.isEmpty { return nil }
      return .some(inbox.replies.removeFirst())
    }
  }
}
