import CHoldfastSystem

/// Takes one census after the other, and reads again only the processes that have run since the
/// last.
///
/// `stat` costs up to 20 µs a process, its processor clock 0.5 µs. A process whose clock stands
/// still has neither changed its session nor collected a child nor ended, and nobody else has its
/// number: another's clock would show another time. Only its parent may have ended meanwhile, so
/// one without its parent is read again.
struct CensusTaker {
  private struct Known {
    var process: hf_process
    var cpuNanoseconds: Int64
  }

  private var known: [Int32: Known] = [:]

  mutating func take() throws(ProcError) -> ProcessCensus {
    var now: [Int32: Known] = [:]
    var unchanged: [Int32] = []
    now.reserveCapacity(known.count)
    for processID in try processIDs() {
      let clock = hf_process_cpu_ns(processID)
      // A clock at zero, or none, tells nothing.
      if let old = known[processID], clock > 0, clock == old.cpuNanoseconds {
        now[processID] = old
        unchanged.append(processID)
      } else {
        now[processID] = Self.read(processID, clock)
      }
    }
    for processID in unchanged where !Self.hasParent(processID, in: now) {
      now[processID] = Self.read(processID, hf_process_cpu_ns(processID))
    }
    known = now
    return ProcessCensus(now.values.map(\.process))
  }

  private func processIDs() throws(ProcError) -> [Int32] {
    var room = known.count + known.count / 4 + 256
    while true {
      let list = try ProcFolder.shared.numbers(".", most: room)
      if list.count <= room { return list.numbers }
      room = list.count + list.count / 4
    }
  }

  /// Whether its parent is still who it was: no older process can have a younger parent.
  private static func hasParent(_ processID: Int32, in now: [Int32: Known]) -> Bool {
    guard let process = now[processID]?.process, process.parent != 0 else { return true }
    guard let parent = now[process.parent]?.process else { return false }
    return parent.start_ticks <= process.start_ticks
  }

  private static func read(_ processID: Int32, _ clock: Int64) -> Known? {
    // One that has ended since the listing is no part of the census.
    guard let process = try? ProcFolder.shared.process(processID) else { return nil }
    return Known(process: process, cpuNanoseconds: clock)
  }
}
