/// The control group that counts a process's memory, of either version.
struct ControlGroup: Sendable {
  private let folder: String
  private let root: String
  private let isUnified: Bool

  /// `nil` where the group's files cannot be found: a container shows its own root only, which is
  /// tried last.
  init?(of processID: Int32) {
    guard let text = try? ProcFolder.shared.text("\(processID)/cgroup") else { return nil }
    self.init(lines: text)
  }

  init?(lines: String) {
    for line in lines.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3, !fields[2].contains("..") else { continue }
      let isUnified = fields[0] == "0"
      guard isUnified || fields[1].split(separator: ",").contains("memory") else { continue }
      let roots =
        isUnified ? ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] : ["/sys/fs/cgroup/memory"]
      let file = isUnified ? "memory.events" : "memory.oom_control"
      for root in roots {
        for path in [String(fields[2]), "/"] where Self.isReadable("\(root)\(path)/\(file)") {
          folder = path == "/" ? root : root + path
          self.root = root
          self.isUnified = isUnified
          return
        }
      }
    }
    return nil
  }

  /// The smallest limit of the group and those above it.
  var limitBytes: Int64? {
    var limit: Int64?
    var path = folder
    while path.hasPrefix(root) {
      let name = isUnified ? "memory.max" : "memory.limit_in_bytes"
      if let text = Self.read("\(path)/\(name)"),
        let bytes = Int64(text.prefix { $0.isNumber }), bytes < 1 << 60
      {
        limit = min(limit ?? bytes, bytes)
      }
      guard let slash = path.lastIndex(of: "/") else { break }
      path = String(path[..<slash])
    }
    return limit
  }

  /// Memory that the kernel cannot take back by dropping caches.
  var usedBytes: Int64? {
    guard let text = Self.read("\(folder)/memory.stat") else { return nil }
    return MemorySigns.number(in: text, after: isUnified ? "anon " : "total_rss ")
  }

  /// Kills for want of memory in the group and below it.
  var kills: Int? {
    let name = isUnified ? "memory.events" : "memory.oom_control"
    guard let text = Self.read("\(folder)/\(name)") else { return nil }
    return MemorySigns.number(in: text, after: "oom_kill ").map { Int($0) }
  }

  private static func isReadable(_ path: String) -> Bool { read(path) != nil }

  private static func read(_ path: String) -> String? {
    // Absent or forbidden: the caller then knows nothing of it, and says so by a missing figure.
    try? ProcFolder.shared.text(path)
  }
}
