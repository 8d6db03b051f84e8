import CHoldfastSystem

/// Adds up what one tree does, from one look at it to the next.
///
/// Sums over whoever lives would fall when a process ends. So each process's growth is added
/// instead, and what a child had already shown is taken off again where its parent inherits it: the
/// kernel adds a collected child's times to its parent's “reaped” times, and its bytes to its
/// parent's bytes.
struct TreeActivity {
  /// One process as a look finds it.
  struct Member {
    var identity: ProcessIdentity
    var parent: Int32
    var cpuNanoseconds: Int64
    var reapedNanoseconds: Int64
    /// `nil` where the kernel does not tell.
    var io: hf_process_io?
    /// Inodes of its open sockets.
    var sockets: [UInt64] = []
    /// What could not be read.
    var gaps: Set<ActivitySample.Gap> = []
  }

  struct Traffic: Hashable {
    var received: Int64
    var sent: Int64
  }

  private(set) var counters = ActivityCounters()
  private var members: [Int32: Member] = [:]
  private var connections: [UInt64: Traffic] = [:]
  private var hasBegun = false

  var known: Set<ProcessIdentity> { Set(members.values.map(\.identity)) }

  func member(_ identity: ProcessIdentity) -> Member? {
    members[identity.processID].flatMap { $0.identity == identity ? $0 : nil }
  }

  mutating func add(_ look: [Member], connections found: [UInt64: Traffic]) {
    let now = Dictionary(look.map { ($0.identity.processID, $0) }) { first, _ in first }
    if hasBegun {
      addProcesses(now)
      addConnections(found)
    }
    hasBegun = true
    members = now
    connections = found
  }

  private mutating func addProcesses(_ now: [Int32: Member]) {
    var inherited: [Int32: Inheritance] = [:]
    for (processID, old) in members where now[processID]?.identity != old.identity {
      counters.changes += 1
      inherited[old.parent, default: Inheritance()].add(old)
    }
    for (processID, new) in now {
      let before = member(new.identity)
      if before == nil { counters.changes += 1 }
      add(new, since: before, without: inherited[processID] ?? Inheritance())
    }
  }

  /// What ended children had already shown before their parent inherited it.
  private struct Inheritance {
    var cpuNanoseconds: Int64 = 0
    var io = hf_process_io()

    mutating func add(_ child: Member) {
      cpuNanoseconds += child.cpuNanoseconds + child.reapedNanoseconds
      guard let bytes = child.io else { return }
      io.read_any &+= bytes.read_any
      io.written_any &+= bytes.written_any
      io.read_disk &+= bytes.read_disk
      io.written_disk &+= bytes.written_disk
    }
  }

  private mutating func add(_ new: Member, since old: Member?, without shown: Inheritance) {
    counters.cpuNanoseconds += max(0, new.cpuNanoseconds - (old?.cpuNanoseconds ?? 0))
    counters.cpuNanoseconds += max(
      0, new.reapedNanoseconds - (old?.reapedNanoseconds ?? 0) - shown.cpuNanoseconds)
    guard let io = new.io else { return }
    // A process that could not be looked at before has no growth to tell yet.
    if old != nil, old?.io == nil { return }
    func growth(_ field: KeyPath<hf_process_io, UInt64>) -> Int64 {
      let before = (old?.io?[keyPath: field] ?? 0) &+ shown.io[keyPath: field]
      let now = io[keyPath: field]
      return now > before ? Int64(clamping: now - before) : 0
    }
    counters.readBytes += growth(\.read_any)
    counters.writtenBytes += growth(\.written_any)
    counters.diskReadBytes += growth(\.read_disk)
    counters.diskWrittenBytes += growth(\.written_disk)
  }

  private mutating func addConnections(_ found: [UInt64: Traffic]) {
    for inode in connections.keys where found[inode] == nil { counters.changes += 1 }
    for (inode, new) in found {
      let old = connections[inode]
      if old == nil { counters.changes += 1 }
      counters.receivedBytes += max(0, new.received - (old?.received ?? 0))
      counters.sentBytes += max(0, new.sent - (old?.sent ?? 0))
    }
  }
}
