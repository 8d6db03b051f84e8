/// A worker that begins a life, as it tells the store, and a server over HTTP.
package struct WorkerRegistration: Sendable, Hashable, Codable {
  /// The life's id, where the worker has to know it before it registers; never taken from a remote worker.
  package var life: String?
  package var name: String
  package var host: String
  /// The kernel's boot id: a process id means nothing beyond it.
  package var bootID: String
  package var processID: Int32
  /// Clock ticks after boot at which the process started (`/proc/PID/stat`, field 22): a process id is used again.
  package var processStartTicks: UInt64
  package var slots: Int
  /// Empty for any.
  package var kinds: [String]
  package var version: String
  package var heartbeatIntervalSeconds: Double

  package init(
    life: String? = nil, name: String, host: String, bootID: String, processID: Int32,
    processStartTicks: UInt64,
    slots: Int, kinds: [String], version: String, heartbeatIntervalSeconds: Double
  ) {
    self.life = life
    self.name = name
    self.host = host
    self.bootID = bootID
    self.processID = processID
    self.processStartTicks = processStartTicks
    self.slots = slots
    self.kinds = kinds
    self.version = version
    self.heartbeatIntervalSeconds = heartbeatIntervalSeconds
  }

  enum CodingKeys: String, CodingKey {
    case name, host, slots, kinds, version
    case bootID = "boot_id"
    case processID = "process_id"
    case processStartTicks = "process_start_ticks"
    case heartbeatIntervalSeconds = "heartbeat_interval_seconds"
  }
}
