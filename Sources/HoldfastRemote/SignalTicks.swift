import HoldfastStorage
import Synchronization

/// Who listens to which channel; ticks that nobody has taken yet become one.
final class SignalTicks: Sendable {
  private struct State {
    var listeners: [SignalChannel: [Int: AsyncStream<Void>.Continuation]] = [:]
    var nextID = 0
    var isFinished = false
  }

  private let state = Mutex(State())

  func stream(_ channel: SignalChannel) -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let id = state.withLock { state -> Int? in
      guard !state.isFinished else { return nil }
      state.nextID += 1
      state.listeners[channel, default: [:]][state.nextID] = continuation
      return state.nextID
    }
    guard let id else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.listeners[channel]?.removeValue(forKey: id) }
    }
    return stream
  }

  func tick(_ channel: SignalChannel) {
    let listeners = state.withLock { Array(($0.listeners[channel] ?? [:]).values) }
    for listener in listeners { listener.yield() }
  }

  func tickAll() {
    for channel in SignalChannel.allCases { tick(channel) }
  }

  func finish() {
    let all = state.withLock { state in
      defer { state.listeners = [:] }
      state.isFinished = true
      return state.listeners.values.flatMap(\.values)
    }
    for listener in all { listener.finish() }
  }
}
