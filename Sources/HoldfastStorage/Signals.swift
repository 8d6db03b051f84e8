import Synchronization

/// Who listens to which channel within this process.
final class SignalHub: Sendable {
  private let listeners = Mutex<[SignalChannel: [Int: AsyncStream<Void>.Continuation]]>([:])
  private let nextID = Atomic(0)

  /// A stream of ticks; ticks that nobody has taken yet become one.
  func stream(_ channel: SignalChannel) -> AsyncStream<Void> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
      let id = nextID.add(1, ordering: .relaxed).newValue
      listeners.withLock { $0[channel, default: [:]][id] = continuation }
      continuation.onTermination = { [weak self] _ in
        self?.listeners.withLock { _ = $0[channel]?.removeValue(forKey: id) }
      }
    }
  }

  func tick(_ channel: SignalChannel) {
    let continuations = listeners.withLock { Array(($0[channel] ?? [:]).values) }
    for continuation in continuations { continuation.yield() }
  }

  func tickAll() {
    for channel in SignalChannel.allCases { tick(channel) }
  }

  /// Ends all streams.
  func finish() {
    let all = listeners.withLock { listeners in
      defer { listeners = [:] }
      return listeners.values.flatMap(\.values)
    }
    for continuation in all { continuation.finish() }
  }
}
