import Glibc
import HoldfastCore
import Synchronization

/// The runner's standard output: whole lines, written by any of its threads.
///
/// Items, item errors and baseline writes are gathered and leave in few messages; whatever is gathered leaves before any
/// other message does, so that a checkpoint always comes after what it covers.
package final class RunnerOutput: Sendable {
  private struct State {
    var items = JSONWriter()
    var errors = JSONWriter()
    var writes = JSONWriter()
    var outgoing = JSONWriter()
    var isClosed = false
  }

  /// What a scanner gathers: one JSON object after the other, each followed by a comma.
  enum List { case items, errors, writes }

  private let state = Mutex(State())
  private let descriptor: Int32
  private let batchBytes: Int

  /// - Parameter batchBytes: how many bytes of one list are gathered before they leave as one message.
  package init(descriptor: Int32, batchBytes: Int = 64 * 1024) {
    self.descriptor = descriptor
    self.batchBytes = batchBytes
  }

  /// Whether the worker has stopped reading: nothing will be heard any more.
  var isClosed: Bool { state.withLock { $0.isClosed } }

  func append(_ objects: [UInt8], to list: List) {
    guard !objects.isEmpty else { return }
    state.withLock { state in
      switch list {
      case .items: state.items.raw(objects)
      case .errors: state.errors.raw(objects)
      case .writes: state.writes.raw(objects)
      }
      let size = state.items.bytes.count + state.errors.bytes.count + state.writes.bytes.count
      guard size >= batchBytes else { return }
      Self.gather(&state)
      write(&state)
    }
  }

  func send(_ message: RunnerMessage) {
    state.withLock { state in
      Self.gather(&state)
      state.outgoing.line(message)
      write(&state)
    }
  }

  func flush() {
    state.withLock { state in
      Self.gather(&state)
      write(&state)
    }
  }

  private static func gather(_ state: inout State) {
    move(&state.items, "{\"type\":\"items\",\"items\":[", &state.outgoing)
    move(&state.errors, "{\"type\":\"item_errors\",\"errors\":[", &state.outgoing)
    move(&state.writes, "{\"type\":\"write_baseline\",\"parts\":[", &state.outgoing)
  }

  private static func move(_ list: inout JSONWriter, _ head: StaticString, _ line: inout JSONWriter)
  {
    guard !list.bytes.isEmpty else { return }
    line.raw(head)
    line.raw(list.bytes.dropLast())
    line.raw("]}\n")
    list.removeAll()
  }

  /// Blocks while the pipe is full: that is how a worker slows a runner down.
  private func write(_ state: inout State) {
    defer { state.outgoing.removeAll() }
    guard !state.isClosed else { return }
    state.outgoing.bytes.withUnsafeBytes { bytes in
      var start = 0
      while start < bytes.count {
        let count = Glibc.write(
          descriptor, bytes.baseAddress.map { $0 + start }, bytes.count - start)
        if count > 0 {
          start += count
        } else if errno != EINTR {
          state.isClosed = true
          return
        }
      }
    }
  }
}
