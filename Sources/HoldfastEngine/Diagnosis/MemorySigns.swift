import CHoldfastSystem
import HoldfastCore

/// Counts the kernel's kills for want of memory from the beginning of an attempt: taken while its
/// runner lives, asked when it has ended.
package struct OutOfMemoryWatch: Sendable {
  private let group: ControlGroup?
  private let before: Int?

  /// Watches the control group of a process; the whole machine where the group does not tell.
  ///
  /// The reads may block for a moment, so not for the cooperative pool.
  package init(near processID: Int32) {
    let group = ControlGroup(of: processID)
    if let kills = group?.kills {
      self.group = group
      before = kills
    } else {
      self.group = nil
      before = MemorySigns.machineKills()
    }
  }

  /// Kills since then, of this runner or of others in its group; 0 where nothing tells.
  func kills() -> Int {
    guard let before else { return 0 }
    let now = group.map(\.kills) ?? MemorySigns.machineKills()
    return now.map { max(0, $0 - before) } ?? 0
  }
}

/// How near a process tree is to a limit of its memory.
enum MemorySigns {
  /// The limit that the tree is nearest to, as used and allowed bytes.
  static func memory(of tree: [hf_process], kills: Int) -> DiagnosisEvidence.Memory {
    let resident = tree.reduce(0) {
      $0 + Int64(clamping: $1.resident_pages) * ProcFolder.pageBytes
    }
    var limits = tree.prefix(64).flatMap { processLimits($0.pid) }
    if let group = tree.first.flatMap({ ControlGroup(of: $0.pid) }), let limit = group.limitBytes {
      limits.append((max(group.usedBytes ?? 0, resident), limit))
    }
    let nearest = limits.max {
      Double($0.used) / Double($0.limit) < Double($1.used) / Double($1.limit)
    }
    return DiagnosisEvidence.Memory(
      residentBytes: nearest?.used ?? resident, limitBytes: nearest?.limit, kills: kills)
  }

  /// What one process may use of data and of addresses (`RLIMIT_DATA`, `RLIMIT_AS`), where that is
  /// limited.
  private static func processLimits(_ processID: Int32) -> [(used: Int64, limit: Int64)] {
    guard let limits = try? ProcFolder.shared.text("\(processID)/limits"),
      let status = try? ProcFolder.shared.text("\(processID)/status")
    else { return [] }
    let pairs = [("Max data size", "VmData:"), ("Max address space", "VmSize:")]
    return pairs.compactMap { limitName, usedName in
      guard let limit = number(in: limits, after: limitName), limit > 0,
        let used = number(in: status, after: usedName)
      else { return nil }
      return (used * 1024, limit)
    }
  }

  /// The first number of the line that begins with `name`; `nil` for “unlimited”.
  static func number(in text: String, after name: String) -> Int64? {
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      return line.dropFirst(name.count).split { $0 == " " || $0 == "\t" }.first.flatMap {
        Int64($0)
      }
    }
    return nil
  }

  static func machineKills() -> Int? {
    guard let text = try? ProcFolder.shared.text("vmstat") else { return nil }
    return number(in: text, after: "oom_kill ").map { Int($0) }
  }
}
