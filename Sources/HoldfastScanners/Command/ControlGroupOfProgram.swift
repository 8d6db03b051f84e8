import CHoldfastSystem
import Glibc
import HoldfastCore

/// The control group in which a program runs, where the system lets this process make one: all that the program starts is in it, whatever
/// it does to get away, one write kills it, and the kernel counts what it uses together.
struct ControlGroupOfProgram {
  let path: String

  /// `nil` where none may be made: a guard that adopts orphans does the same without one.
  init?() {
    var folder = [CChar](repeating: 0, count: Int(HF_GROUP_PATH_BYTES))
    guard hf_group_path(getpid(), &folder) == 0, hf_group_make(folder) == 0 else { return nil }
    path = String(decoding: folder.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func kill() { _ = hf_group_kill(path) }

  /// Ends what is left in it, and removes it.
  func end() { hf_group_end(getpid()) }

  /// What the kernel has counted for the group takes the place of what was counted process by process.
  func add(to usage: inout ProgramUsage) {
    var counted = hf_group_usage()
    hf_group_read_usage(path, &counted)
    // Of a program that could not be moved into it, nothing was counted.
    guard counted.cpu_microseconds > 0 else { return }
    usage.cpuSeconds = Double(counted.cpu_microseconds) / 1e6
    if counted.memory_peak_bytes > 0 { usage.maxMemoryBytes = counted.memory_peak_bytes }
    if counted.memory_kills >= 0 { usage.memoryKills = counted.memory_kills }
    usage.readBytes = max(usage.readBytes, counted.disk_read_bytes)
    usage.writtenBytes = max(usage.writtenBytes, counted.disk_written_bytes)
  }
}
