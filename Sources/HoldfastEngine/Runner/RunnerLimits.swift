/// What one runner may use. The runner sets these limits on itself before it reads anything untrusted; the worker tells
/// them through its environment. `nil` leaves a limit as it is.
package struct RunnerLimits: Sendable, Hashable {
  /// Of address space, data and stack.
  package var memoryBytes: UInt64?
  package var cpuSeconds: UInt64?
  /// The largest file it may write.
  package var fileSizeBytes: UInt64?
  package var openFiles: UInt64?

  package init(
    memoryBytes: UInt64? = nil, cpuSeconds: UInt64? = nil, fileSizeBytes: UInt64? = nil,
    openFiles: UInt64? = nil
  ) {
    self.memoryBytes = memoryBytes
    self.cpuSeconds = cpuSeconds
    self.fileSizeBytes = fileSizeBytes
    self.openFiles = openFiles
  }

  /// The variables that tell a runner its limits.
  var environment: [String: String] {
    var variables: [String: String] = [:]
    variables["HOLDFAST_LIMIT_MEMORY_BYTES"] = memoryBytes.map(String.init)
    variables["HOLDFAST_LIMIT_CPU_SECONDS"] = cpuSeconds.map(String.init)
    variables["HOLDFAST_LIMIT_FILE_SIZE_BYTES"] = fileSizeBytes.map(String.init)
    variables["HOLDFAST_LIMIT_OPEN_FILES"] = openFiles.map(String.init)
    return variables
  }
}
