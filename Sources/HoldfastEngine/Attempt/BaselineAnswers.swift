import FoundationEssentials
import HoldfastCore
import HoldfastStorage

/// Something a runner asked of the store.
struct BaselineRequest: Sendable {
  enum Kind: Sendable {
    case index
    /// Base64 of 16 bytes each.
    case parts([String])
    case settle(removalLimit: Int64?)
  }

  var kind: Kind
  var runner: RunnerProcess
}

/// Answers what runners ask about the previous scan. While the database is away, the answer waits.
struct BaselineAnswers: Sendable {
  let store: any WorkerStore
  let lease: Lease
  let inbox: AsyncStream<AttemptSession.Event>.Continuation

  /// 32 bytes each: 768 KiB, and 1 MiB in base64.
  private static let entriesPerMessage = 24_576
  private static let contentBytesPerMessage = 1 << 20
  private static let partsPerQuery = 512

  /// `nil` if the attempt ended before the database answered.
  func summary() async -> Baseline.Summary?? {
    await persistently { () async throws(StoreError) in
      try await store.baselineSummary(for: lease)
    }
  }

  /// Answers one request after the other.
  func answer(_ requests: AsyncStream<BaselineRequest>) async {
    for await request in requests {
      switch request.kind {
      case .index: await sendIndex(to: request.runner)
      case .parts(let ids): await sendParts(ids, to: request.runner)
      case .settle(let limit):
        let settlement = await persistently { () async throws(StoreError) in
          try await store.settle(lease, removalLimit: limit)
        }
        guard let settlement else { return }
        inbox.yield(.input(.settled(settlement)))
      }
      if case .settle = request.kind { continue }
      inbox.yield(.input(.answered))
    }
  }

  private func sendIndex(to runner: RunnerProcess) async {
    var after: Baseline.PartID?
    while true {
      let from = after
      let found = await persistently { () async throws(StoreError) in
        try await store.baselineEntries(for: lease, after: from, limit: Self.entriesPerMessage)
      }
      guard let found else { return }
      let isLast = found.count < Self.entriesPerMessage
      var bytes = Data(capacity: found.count * 32)
      for entry in found {
        bytes.append(contentsOf: entry.id.bytes)
        bytes.append(contentsOf: entry.fingerprint.bytes)
      }
      let message = WorkerMessage.baselineIndex(
        entries: bytes.base64EncodedString(), isLast: isLast)
      guard await runner.writeAndWait(RunnerCodec.line(message)), !isLast else { return }
      after = found.last?.id
    }
  }

  private func sendParts(_ ids: [String], to runner: RunnerProcess) async {
    let parts = ids.compactMap { Data(base64Encoded: $0).flatMap { Baseline.PartID(bytes: $0) } }
    guard parts.count == ids.count else {
      inbox.yield(.input(.unreadable("an id of a baseline part is not 16 bytes in base64")))
      return
    }
    var message: [WorkerMessage.BaselineContent] = []
    var size = 0
    for start in stride(from: 0, to: parts.count, by: Self.partsPerQuery) {
      let some = Array(parts[start..<min(start + Self.partsPerQuery, parts.count)])
      let found = await persistently { () async throws(StoreError) in
        try await store.baselineContents(for: lease, ids: some)
      }
      guard let found else { return }
      for content in found {
        if size + content.content.utf8.count > Self.contentBytesPerMessage, !message.isEmpty {
          guard await send(message, isLast: false, to: runner) else { return }
          (message, size) = ([], 0)
        }
        message.append(content)
        size += content.content.utf8.count
      }
    }
    _ = await send(message, isLast: true, to: runner)
  }

  private func send(
    _ parts: [WorkerMessage.BaselineContent], isLast: Bool, to runner: RunnerProcess
  ) async -> Bool {
    await runner.writeAndWait(RunnerCodec.line(.baselineParts(parts, isLast: isLast)))
  }

  /// Asks until the database answers; `nil` if the attempt ends before, or the question itself is refused.
  private func persistently<Answer: Sendable>(
    _ ask: () async throws(StoreError) -> Answer
  ) async -> Answer? {
    var seconds = 0.1
    while !Task.isCancelled {
      do throws(StoreError) {
        return try await ask()
      } catch .statement(let why) {
        inbox.yield(.input(.stop(.faulty("the database refused a question of this scan: \(why)"))))
        return nil
      } catch {
        // Cancelling ends the pause and the loop.
        try? await Task.sleep(for: .seconds(seconds))
        seconds = min(5, seconds * 2)
      }
    }
    return nil
  }
}
