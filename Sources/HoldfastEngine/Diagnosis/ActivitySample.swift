/// What a runner's process tree has done since its sampler first saw it. Every figure only grows.
package struct ActivityCounters: Sendable, Hashable, Codable {
  /// Processor time of all threads, ended ones and collected children included.
  package var cpuNanoseconds: Int64 = 0
  /// Bytes through `read` and `write` of any kind of descriptor (`rchar`, `wchar`); not those of
  /// `recv` and `send`.
  package var readBytes: Int64 = 0
  package var writtenBytes: Int64 = 0
  /// Bytes that came from a disk or go to one (`read_bytes`, `write_bytes`).
  package var diskReadBytes: Int64 = 0
  package var diskWrittenBytes: Int64 = 0
  /// Bytes that TCP connections received, and sent with the peer's acknowledgement.
  package var receivedBytes: Int64 = 0
  package var sentBytes: Int64 = 0
  /// Processes and connections that came or went.
  package var changes: Int64 = 0

  package init() {}

  package static func - (later: ActivityCounters, earlier: ActivityCounters) -> ActivityCounters {
    var difference = later
    difference.cpuNanoseconds -= earlier.cpuNanoseconds
    difference.readBytes -= earlier.readBytes
    difference.writtenBytes -= earlier.writtenBytes
    difference.diskReadBytes -= earlier.diskReadBytes
    difference.diskWrittenBytes -= earlier.diskWrittenBytes
    difference.receivedBytes -= earlier.receivedBytes
    difference.sentBytes -= earlier.sentBytes
    difference.changes -= earlier.changes
    return difference
  }

  enum CodingKeys: String, CodingKey {
    case changes
    case cpuNanoseconds = "cpu_nanoseconds"
    case readBytes = "read_bytes"
    case writtenBytes = "written_bytes"
    case diskReadBytes = "disk_read_bytes"
    case diskWrittenBytes = "disk_written_bytes"
    case receivedBytes = "received_bytes"
    case sentBytes = "sent_bytes"
  }
}

/// The activity of one runner's process tree at one moment.
package struct ActivitySample: Sendable, Hashable {
  /// What the kernel did not tell, so that a figure that stands still proves nothing.
  package enum Gap: String, Sendable, Hashable, Codable {
    /// Bytes read and written, of at least one process (another user's).
    case io
    /// Connections, of at least one process or of the whole machine.
    case network
  }

  package var root: ProcessIdentity
  /// Of the monotonic clock; compared only with other samples of the same boot.
  package var takenAtNanoseconds: Int64
  package var counters: ActivityCounters
  /// Processes of the tree that live, zombies included; 0 once all have gone.
  package var processes: Int
  /// Memory of all of them together.
  package var residentBytes: Int64
  package var isRootThere: Bool
  package var gaps: Set<Gap>

  /// Whether the tree did anything worth the name since `earlier`.
  package func hasMoved(since earlier: ActivitySample, floor: ActivityFloor = .standard) -> Bool {
    let difference = counters - earlier.counters
    let seconds = Double(takenAtNanoseconds - earlier.takenAtNanoseconds) / 1e9
    return floor.isReached(by: difference, over: seconds)
  }
}

/// How little counts as nothing. A runner that hangs still answers its worker's pings, and that
/// must not look like work.
package struct ActivityFloor: Sendable, Hashable {
  /// The share of one processor that a runner may use for answering pings. Measured, without
  /// optimisation: 0.14 ms a ping, and 0.006 ms a second between them.
  package var cpuShare: Double
  /// A tick of the scheduler's own noise.
  package var cpuNanoseconds: Int64
  /// Bytes a second; a ping and its answer are 56.
  package var ioBytesPerSecond: Double

  package init(cpuShare: Double, cpuNanoseconds: Int64, ioBytesPerSecond: Double) {
    self.cpuShare = cpuShare
    self.cpuNanoseconds = cpuNanoseconds
    self.ioBytesPerSecond = ioBytesPerSecond
  }

  package static let standard = ActivityFloor(
    cpuShare: 0.002, cpuNanoseconds: 2_000_000, ioBytesPerSecond: 512)

  package func isReached(by difference: ActivityCounters, over seconds: Double) -> Bool {
    if difference.receivedBytes > 0 || difference.sentBytes > 0 || difference.changes > 0 {
      return true
    }
    let cpuFloor = max(Double(cpuNanoseconds), cpuShare * seconds * 1e9)
    let ioFloor = max(1, ioBytesPerSecond * seconds)
    return Double(difference.cpuNanoseconds) >= cpuFloor
      || Double(difference.readBytes + difference.writtenBytes) >= ioFloor
      || difference.diskReadBytes + difference.diskWrittenBytes > 0
  }
}
