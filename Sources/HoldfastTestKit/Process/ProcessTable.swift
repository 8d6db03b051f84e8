import Foundation

/// What the kernel tells of processes, from `/proc`. A process that is gone has nothing: empty answers, not errors.
package enum ProcessTable {
  /// The processes whose parent is `parent`, zombies left out. The kernel lists them by the thread that made them.
  package static func children(of parent: Int32) -> [Int32] {
    let threads =
      (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(parent)/task")) ?? []
    return threads.flatMap { thread in
      (read(parent, "task/\(thread)/children") ?? "").split(separator: " ").compactMap { Int32($0) }
    }.filter(isAlive)
  }

  package static func isChild(_ process: Int32, of parent: Int32) -> Bool {
    guard let fields = stat(of: process), fields.count > 1 else { return false }
    return fields[0] != "Z" && fields[1] == "\(parent)"
  }

  /// The fields of `/proc/PID/stat` from the state on (the third).
  private static func stat(of process: Int32) -> [String]? {
    guard let text = read(process, "stat"), let name = text.lastIndex(of: ")") else { return nil }
    return text[text.index(after: name)...].split(separator: " ").map(String.init)
  }

  /// Whether it exists and is no zombie.
  package static func isAlive(_ process: Int32) -> Bool {
    stat(of: process).map { $0.first != "Z" } ?? false
  }

  package static func processGroup(of process: Int32) -> Int32? {
    stat(of: process).flatMap { $0.count > 2 ? Int32($0[2]) : nil }
  }

  package static func session(of process: Int32) -> Int32? {
    stat(of: process).flatMap { $0.count > 3 ? Int32($0[3]) : nil }
  }

  package static func arguments(of process: Int32) -> [String] { list(process, "cmdline") }

  package static func environment(of process: Int32) -> [String: String] {
    Dictionary(
      list(process, "environ").map { entry in
        let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
      }
    ) { first, _ in first }
  }

  /// What each open descriptor refers to.
  package static func descriptors(of process: Int32) -> [Int32: String] {
    let folder = "/proc/\(process)/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    var targets: [Int32: String] = [:]
    for name in names {
      // A descriptor can be closed between the listing and this line.
      guard let number = Int32(name),
        let target = try? FileManager.default.destinationOfSymbolicLink(
          atPath: "\(folder)/\(name)")
      else { continue }
      targets[number] = target
    }
    return targets
  }

  /// A line of `/proc/PID/status`: `NoNewPrivs`, `VmRSS`, …
  package static func status(_ name: String, of process: Int32) -> String? {
    read(process, "status")?.split(separator: "\n")
      .first { $0.hasPrefix("\(name):") }
      .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
  }

  /// The soft limit of a line of `/proc/PID/limits`; `nil` where it is unlimited.
  package static func limit(_ name: String, of process: Int32) -> UInt64? {
    read(process, "limits")?.split(separator: "\n").first { $0.hasPrefix(name) }
      .flatMap { $0.dropFirst(name.count).split(separator: " ").first }
      .flatMap { UInt64($0) }
  }

  private static func read(_ process: Int32, _ file: String) -> String? {
    // A process that has just ended has no files to read.
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/\(file)")) else {
      return nil
    }
    return String(decoding: data, as: UTF8.self)
  }

  private static func list(_ process: Int32, _ file: String) -> [String] {
    (read(process, file) ?? "").split(separator: "\0").map(String.init)
  }
}

extension HoldfastProcess {
  /// The runners that this process has started, the spare one included.
  package var runners: [Int32] {
    ProcessTable.children(of: processID).filter {
      ProcessTable.arguments(of: $0).dropFirst().first == "runner"
    }
  }

  /// The runner that works beneath `root`: it has a folder or file of it open.
  package func runner(scanning root: String) -> Int32? {
    runners.first { runner in
      ProcessTable.descriptors(of: runner).values.contains {
        $0 == root || $0.hasPrefix(root + "/")
      }
    }
  }
}
