import HoldfastCore

/// The table of file locks, `/proc/locks`.
///
///     2: FLOCK  ADVISORY  WRITE 23663 fe:00:16228922 0 EOF
///     2: -> FLOCK  ADVISORY  WRITE 23700 fe:00:16228922 0 EOF
///
/// An arrow marks who waits for the lock with the same number.
struct FileLocks {
  struct Line: Hashable {
    var number: Int
    var isWaiting: Bool
    var kind: String
    var access: String
    /// -1 for a lock that belongs to an open file and not to a process.
    var processID: Int32
    var inode: UInt64
  }

  let lines: [Line]

  init(text: String) {
    lines = text.split(separator: "\n").compactMap(Self.line)
  }

  static func read() -> FileLocks {
    // A kernel without the table, or one that hides it: then nothing is known of locks.
    FileLocks(text: (try? ProcFolder.shared.text("locks", limit: 4 * 1024 * 1024)) ?? "")
  }

  private static func line(_ text: Substring) -> Line? {
    var fields = text.split(separator: " ", omittingEmptySubsequences: true)[...]
    guard let number = fields.popFirst().flatMap({ Int($0.prefix { $0 != ":" }) }) else {
      return nil
    }
    let isWaiting = fields.first == "->"
    if isWaiting { fields = fields.dropFirst() }
    let rest = Array(fields)
    guard rest.count >= 5, let processID = Int32(rest[3]),
      let inode = rest[4].split(separator: ":").last.flatMap({ UInt64($0) })
    else { return nil }
    return Line(
      number: number, isWaiting: isWaiting, kind: String(rest[0]), access: String(rest[2]),
      processID: processID, inode: inode)
  }

  /// The locks of a process, those it waits for first.
  ///
  /// - Parameters:
  ///   - files: the paths of its open files by inode.
  ///   - name: what a process is called.
  func locks(
    of processID: Int32, files: [UInt64: String], name: (Int32) -> String
  ) -> [ProcessFacts.Lock] {
    let own = lines.filter { $0.processID == processID }
    return (own.filter(\.isWaiting) + own.filter { !$0.isWaiting }).map { line in
      let holders = line.isWaiting ? holders(of: line) : []
      return ProcessFacts.Lock(
        kind: line.kind, access: line.access, file: files[line.inode], isWaiting: line.isWaiting,
        holders: holders.map { .init(processID: $0, name: name($0)) })
    }
  }

  private func holders(of wait: Line) -> [Int32] {
    lines.filter {
      $0.number == wait.number && !$0.isWaiting && $0.processID > 0
        && $0.processID != wait.processID
    }.map(\.processID)
  }
}
