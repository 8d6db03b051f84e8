import HoldfastCore
import Synchronization

/// The folders still to be read, the deepest first, shared by the walking threads; and the account of what is done: the two are
/// changed under one lock, so that a checkpoint taken from here is always consistent.
final class WorkList: Sendable {
  /// The rest of one folder's folders.
  struct Frame: Sendable, Hashable {
    var path: [UInt8]
    /// Sorted, each followed by a zero byte.
    var names: [UInt8]
    var position = 0
    /// The folder that was taken last.
    var last: [UInt8] = []
  }

  private struct State {
    var frames: [Frame] = []
    var resumed: [FolderTask] = []
    var active: [UInt64: FolderTask] = [:]
    /// Active tasks that may still add folders.
    var readers = 0
    var nextToken: UInt64 = 1
    var tally = Tally()
    var seen: SlotSet
    var current: [UInt8] = []
    var isCancelled = false
  }

  private let state: Monitor<State>

  /// - Parameter slots: how many folders the baseline has.
  init(slots: Int) {
    state = Monitor(State(seen: SlotSet(count: slots)))
  }

  /// Starts with the root.
  func begin() {
    state.signal { $0.resumed = [FolderTask(token: 0, path: [])] }
  }

  /// Goes on where a checkpoint was taken.
  func resume(_ frontier: Frontier, frames: [Frame], tally: Tally, seen: [UInt8]) {
    state.signal { state in
      state.frames = frames
      state.resumed = frontier.tasks
      state.tally = tally
      state.seen.restore(seen)
    }
  }

  /// The next folder, once there is one; `nil` when all folders are taken and no more can come, or the scan is to stop.
  func take() -> FolderTask? {
    state.wait { state -> FolderTask?? in
      if state.isCancelled { return .some(nil) }
      if let task = Self.next(&state) { return task }
      return state.readers == 0 ? .some(nil) : nil
    }
  }

  private static func next(_ state: inout State) -> FolderTask? {
    var task: FolderTask
    if let resumed = state.resumed.popLast() {
      task = resumed
    } else if let top = state.frames.indices.last {
      let start = state.frames[top].position
      let names = state.frames[top].names
      guard let end = names[start...].firstIndex(of: 0) else { return nil }
      let name = names[start..<end]
      task = FolderTask(token: 0, path: joined(state.frames[top].path, name))
      if end + 1 == names.count {
        state.frames.removeLast()
      } else {
        state.frames[top].position = end + 1
        state.frames[top].last = Array(name)
      }
    } else {
      return nil
    }
    task.token = state.nextToken
    state.nextToken += 1
    state.active[task.token] = task
    if task.stage == .unread { state.readers += 1 }
    state.current = task.keyPath
    return task
  }

  /// Adds the folders found in one that is not done yet itself.
  func found(_ names: [UInt8], in task: FolderTask) {
    state.signal { state in
      guard state.active[task.token]?.stage == .unread else { return }
      state.active[task.token]?.stage = .filesOnly
      state.readers -= 1
      if !names.isEmpty { state.frames.append(Frame(path: task.path, names: names)) }
    }
  }

  /// Counts a folder that is done, after everything about it has been handed to the output.
  ///
  /// - Parameters:
  ///   - slot: its place in the baseline, if it was found as a folder there.
  ///   - names: the folders in it, if they are not in the list yet.
  func complete(_ task: FolderTask, tally: Tally, slot: Int?, names: [UInt8] = []) {
    state.signal { state in
      if let active = state.active.removeValue(forKey: task.token), active.stage == .unread {
        state.readers -= 1
        if !names.isEmpty { state.frames.append(Frame(path: task.path, names: names)) }
      }
      state.tally += tally
      if let slot { state.seen.insert(slot) }
    }
  }

  func cancel() {
    state.signal { $0.isCancelled = true }
  }

  /// Folders of the baseline that nobody has come past.
  var unseenSlots: [Int] { state.read { $0.seen.missing } }
  /// Folders that nobody has read yet or that are not done; 0 at the end of a walk.
  var remaining: Int {
    state.read { $0.frames.count + $0.resumed.count + $0.active.count }
  }
  var tally: Tally { state.read { $0.tally } }
  var current: [UInt8] { state.read { $0.current } }

  /// Everything that a checkpoint needs, of one moment.
  var account: (frontier: Frontier, tally: Tally, seen: [UInt8]) {
    state.read { state in
      (
        Frontier(
          frames: state.frames.map { .init(path: $0.path, last: $0.last) },
          tasks: state.resumed + state.active.values.sorted { $0.token < $1.token }),
        state.tally, state.seen.bytes
      )
    }
  }
}

/// A set of small whole numbers: which folders of the baseline were come past.
struct SlotSet: Sendable {
  private(set) var bytes: [UInt8]
  private let count: Int

  init(count: Int) {
    self.count = count
    bytes = [UInt8](repeating: 0, count: (count + 7) / 8)
  }

  /// Takes the bytes of an earlier set of the same size; leaves the set as it is if they are not.
  mutating func restore(_ saved: [UInt8]) {
    if saved.count == bytes.count { bytes = saved }
  }

  mutating func insert(_ slot: Int) { bytes[slot >> 3] |= 1 << UInt8(slot & 7) }

  var missing: [Int] {
    (0..<count).filter { bytes[$0 >> 3] & 1 << UInt8($0 & 7) == 0 }
  }
}
