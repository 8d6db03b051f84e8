import FoundationEssentials
import Glibc
package import HoldfastCore

/// What tells one process of this machine from every other, before and after it.
package struct LinuxProcess: Sendable, Hashable {
  package var host: String
  /// Changes with every boot: a process id means nothing beyond it.
  package var bootID: String
  package var processID: Int32
  /// Clock ticks from boot to the process's start; tells a process id from its next use.
  package var startTicks: UInt64

  package init(host: String, bootID: String, processID: Int32, startTicks: UInt64) {
    self.host = host
    self.bootID = bootID
    self.processID = processID
    self.startTicks = startTicks
  }

  /// This process.
  package static func current() -> LinuxProcess {
    LinuxProcess(
      host: hostName(), bootID: bootID(), processID: getpid(),
      startTicks: startTicks(of: getpid()) ?? 0)
  }

  /// Whether the process of an earlier life is surely gone, seen from this one. A life of another host cannot be judged from
  /// here, so it counts as there.
  package func isGone(_ record: WorkerRecord) -> Bool {
    guard record.host == host else { return false }
    guard record.bootID == bootID else { return true }
    guard let ticks = Self.startTicks(of: record.processID) else { return true }
    return ticks != record.processStartTicks
  }

  /// Field 22 of `/proc/PID/stat`; `nil` if there is no such process.
  package static func startTicks(of processID: Int32) -> UInt64? {
    readSmallFile("/proc/\(processID)/stat").flatMap(startTicks(inStat:))
  }

  /// Whether the process has ended and nobody has reaped it yet.
  static func isZombie(_ processID: Int32) -> Bool {
    guard let line = readSmallFile("/proc/\(processID)/stat"),
      let close = line.lastIndex(of: ")")
    else { return false }
    return line[line.index(after: close)...].hasPrefix(" Z")
  }

  /// The second field is the program's name in parentheses and may hold spaces and parentheses itself; the fields after the
  /// last closing one are safe to count.
  static func startTicks(inStat line: String) -> UInt64? {
    guard let close = line.lastIndex(of: ")") else { return nil }
    let fields = line[line.index(after: close)...].split(separator: " ")
    return fields.count > 19 ? UInt64(fields[19]) : nil
  }

  private static func bootID() -> String {
    readSmallFile("/proc/sys/kernel/random/boot_id")?.split(separator: "\n").first
      .map(String.init) ?? "unknown"
  }

  private static func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func readSmallFile(_ path: String) -> String? {
    // A process that has ended has no such file; that is an answer here, not an error.
    guard let bytes = try? Data(contentsOf: URL(filePath: path)) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}
