import CHoldfastSystem

/// All processes of the machine at one moment, and who belongs to whom.
///
/// One pass over `/proc` serves any number of trees, and finds what `/proc/PID/task/*/children`
/// does not: a process whose parent has ended is nobody's child any more, but stays in the session
/// and the process group it was born in.
struct ProcessCensus {
  private(set) var processes: [Int32: hf_process] = [:]
  private var children: [Int32: [Int32]] = [:]
  private var sessions: [Int32: [Int32]] = [:]
  private var groups: [Int32: [Int32]] = [:]

  init(_ all: [hf_process]) {
    processes.reserveCapacity(all.count)
    for process in all {
      processes[process.pid] = process
      children[process.parent, default: []].append(process.pid)
      sessions[process.session, default: []].append(process.pid)
      groups[process.group, default: []].append(process.pid)
    }
  }

  static func read() throws(ProcError) -> ProcessCensus {
    ProcessCensus(try ProcFolder.shared.all())
  }

  /// Whether the process is there and is that one, not a later one under its number.
  func contains(_ identity: ProcessIdentity) -> Bool {
    processes[identity.processID]?.start_ticks == identity.startTicks
  }

  /// The tree of a runner, the root first: its descendants, whoever is in the session or process
  /// group that it leads, their descendants, and those of `known` (seen in it before) that still
  /// live. The last finds a process that made itself a session of its own and then lost its parent,
  /// if it was seen in between.
  func tree(of root: ProcessIdentity, known: Set<ProcessIdentity> = []) -> [hf_process] {
    var found: [hf_process] = []
    var seen: Set<Int32> = []
    var open: [Int32] = []
    func visit(_ processID: Int32) {
      guard let process = processes[processID], seen.insert(processID).inserted else { return }
      found.append(process)
      open.append(processID)
    }
    if contains(root) { visit(root.processID) }
    // A leader that has ended leaves its number to its session for as long as the session has
    // members; once another process has the number, the session under it is that one's.
    let number = root.processID
    if processes[number].map({ $0.start_ticks == root.startTicks }) ?? true {
      for member in sessions[number] ?? [] where isLater(member, than: root) { visit(member) }
      for member in groups[number] ?? [] where isLater(member, than: root) { visit(member) }
    }
    for member in known.sorted(by: { $0.processID < $1.processID }) where contains(member) {
      visit(member.processID)
    }
    while let next = open.popLast() { children[next]?.sorted().forEach(visit) }
    return found
  }

  private func isLater(_ processID: Int32, than root: ProcessIdentity) -> Bool {
    (processes[processID]?.start_ticks ?? 0) >= root.startTicks
  }
}
