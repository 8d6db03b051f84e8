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
    return hasEnded(record.processID, startTicks: record.processStartTicks)
  }

  /// Whether the process of a life has surely ended: a proof by the kernel that both run on, for a recovery that waits for
  /// nothing else. `nil` where this process cannot tell: another host, another boot, another container with the same name.
  package func hasEnded(_ record: WorkerRecord) -> Bool? {
    guard record.host == host, record.bootID == bootID else { return nil }
    return hasEnded(record.processID, startTicks: record.processStartTicks)
  }

  /// The same for one that called itself by its ``name``.
  package func hasEnded(named name: String) -> Bool? {
    let parts = name.split(separator: "/")
    guard parts.count == 4, parts[0] == host, parts[1] == bootID, let processID = Int32(parts[2]),
      let ticks = UInt64(parts[3])
    else { return nil }
    return hasEnded(processID, startTicks: ticks)
  }

  /// Unique for each life: host, boot, process id, start.
  package var name: String { "\(host)/\(bootID)/\(processID)/\(startTicks)" }

  private func hasEnded(_ processID: Int32, startTicks: UInt64) -> Bool {
    guard let ticks = Self.startTicks(of: processID) else { return true }
    // A zombie beats no more, however long its parent leaves it there.
    return ticks != startTicks || Self.isZombie(processID)
  }

  /// Field 22 of `/proc/PID/stat`; `nil` if there is no such process.
  package static func startTicks(of processID: Int32) -> UInt64? {
    readSmallFile("/proc/\(processID)/stat").flatMap(startTicks(inStat:))
  }

  /// Whether the process has ended and nobody has reaped it yet.
  static func isZombie(_ processID: Int32) -> Bool { state(of: processID) == "Z" }

  /// Whether somebody has stopped the process (SIGSTOP, a terminal, a debugger).
  static func isStopped(_ processID: Int32) -> Bool {
    state(of: processID).map { "Tt".contains($0) } ?? false
  }

  /// Field 3 of `/proc/PID/stat`; `nil` if there is no such process.
  private static func state(of processID: Int32) -> Character? {
    guard let line = readSmallFile("/proc/\(processID)/stat"),
      let close = line.lastIndex(of: ")")
    else { return nil }
    return line[line.index(after: close)...].dropFirst().first
  }

  /// The second field is the program's name in parentheses and may hold spaces and parentheses itself; the fields after the
  /// last closing one are safe to count.
  static func startTicks(inStat line: String) -> UInt64? {
    guard let close = line.lastIndex(of: ")") else { return nil }
    let fields = line[line.index(after: close)...].split(separator: " ")
    return fields.count > 19 ? UInt64(fields[19]) : nil
  }

  /// Containers of one machine share its boot and may share a host name, but number their processes each for themselves: their
  /// boot is told together with their process ids' namespace.
  private static func bootID() -> String {
    let boot =
      readSmallFile("/proc/sys/kernel/random/boot_id")?.split(separator: "\n").first
      .map(String.init) ?? "unknown"
    guard let namespace = try? ProcFolder.shared.link("self/ns/pid"), namespace != firstNamespace
    else { return boot }
    return "\(boot) \(namespace)"
  }

  /// Of the machine itself (`PROC_PID_INIT_INO` of the kernel).
  private static let firstNamespace = "pid:[4026531836]"

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
