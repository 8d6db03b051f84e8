import CHoldfastSystem
import HoldfastCore
import Synchronization

/// What is kept of one output of a program, however much it writes: how much it was, and its last bytes.
final class OutputFeed: Sendable {
  /// What came since the last look, as far as it is kept.
  struct News {
    var text: [UInt8] = []
    var bytes: Int64 = 0
    var lines: Int64 = 0
    var hasCome = false
    /// Whether `text` is all that has come.
    var isWhole = true
  }

  private struct State {
    var tail: [UInt8] = []
    var bytes: Int64 = 0
    var lines: Int64 = 0
    var looked: Int64 = 0
    var isWriting = false
    var isOver = false
  }

  /// Enough for the last lines of a report and for a progress bar between two looks.
  static let tailBytes = 16 * 1024

  private let state = Mutex(State())

  func append(_ bytes: UnsafeRawBufferPointer) {
    let lines = Int64(hf_count_lines(bytes.baseAddress, bytes.count))
    state.withLock { state in
      state.bytes += Int64(bytes.count)
      state.lines += lines
      state.isWriting = true
      if bytes.count >= Self.tailBytes { state.tail.removeAll(keepingCapacity: true) }
      state.tail.append(contentsOf: bytes.suffix(Self.tailBytes))
      if state.tail.count > 2 * Self.tailBytes {
        state.tail.removeFirst(state.tail.count - Self.tailBytes)
      }
    }
  }

  func passedOn() { state.withLock { $0.isWriting = false } }
  func end() { state.withLock { $0.isOver = true } }

  var isOver: Bool { state.withLock { $0.isOver } }
  /// Whether somebody who reads slowly holds it up.
  var isWriting: Bool { state.withLock { $0.isWriting } }

  func news() -> News {
    state.withLock { state in
      let new = Int(min(state.bytes - state.looked, Int64(Self.tailBytes)))
      let hasCome = state.bytes > state.looked
      let isWhole = state.bytes - state.looked <= Int64(new)
      state.looked = state.bytes
      return News(
        text: Array(state.tail.suffix(new)), bytes: state.bytes, lines: state.lines,
        hasCome: hasCome, isWhole: isWhole)
    }
  }

  var totalBytes: Int64 { state.withLock { $0.bytes } }

  var tail: [UInt8] { state.withLock { Array($0.tail.suffix(Self.tailBytes)) } }
}
