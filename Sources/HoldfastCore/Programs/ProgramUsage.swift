/// What a program and all that it started have used, as the operating system counted it.
package struct ProgramUsage: Sendable, Hashable {
  package var cpuSeconds: Double
  /// Of the largest single process, or of all of them together where they had a control group that counts memory.
  package var maxMemoryBytes: Int64
  /// From and to disks; what came out of memory is not in it.
  package var readBytes: Int64
  package var writtenBytes: Int64
  /// How many of its processes the kernel killed for want of memory; `nil` where nobody counted.
  package var memoryKills: Int64?

  package init(
    cpuSeconds: Double = 0, maxMemoryBytes: Int64 = 0, readBytes: Int64 = 0,
    writtenBytes: Int64 = 0, memoryKills: Int64? = nil
  ) {
    self.cpuSeconds = cpuSeconds
    self.maxMemoryBytes = maxMemoryBytes
    self.readBytes = readBytes
    self.writtenBytes = writtenBytes
    self.memoryKills = memoryKills
  }

  init(json: JSONValue) {
    self.init(
      cpuSeconds: json["cpu_seconds"]?.doubleValue ?? 0,
      maxMemoryBytes: json["max_memory_bytes"]?.intValue ?? 0,
      readBytes: json["disk_read_bytes"]?.intValue ?? 0,
      writtenBytes: json["disk_written_bytes"]?.intValue ?? 0,
      memoryKills: json["out_of_memory_kills"]?.intValue)
  }

  var members: [String: JSONValue] {
    var members: [String: JSONValue] = [
      "cpu_seconds": .double(cpuSeconds), "max_memory_bytes": .int(maxMemoryBytes),
      "disk_read_bytes": .int(readBytes), "disk_written_bytes": .int(writtenBytes),
    ]
    if let memoryKills { members["out_of_memory_kills"] = .int(memoryKills) }
    return members
  }
}
