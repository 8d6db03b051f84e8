/// What the operating system says of one process of a runner's tree, read from `/proc` twice, some seconds apart.
package struct ProcessFacts: Sendable, Hashable, Codable {
  package var processID: Int32
  package var parentID: Int32
  /// `comm`, or the first word of the command line.
  package var name: String
  package var threads: [Thread]
  /// Processor seconds that it used between the two looks.
  package var cpuSeconds: Double
  /// Bytes that it read and wrote between the two looks, by any way (`rchar` and `wchar`).
  package var ioBytes: Int64
  package var sockets: [Socket]
  package var residentBytes: Int64

  package init(
    processID: Int32, parentID: Int32 = 0, name: String, threads: [Thread], cpuSeconds: Double = 0,
    ioBytes: Int64 = 0, sockets: [Socket] = [], residentBytes: Int64 = 0
  ) {
    self.processID = processID
    self.parentID = parentID
    self.name = name
    self.threads = threads
    self.cpuSeconds = cpuSeconds
    self.ioBytes = ioBytes
    self.sockets = sockets
    self.residentBytes = residentBytes
  }

  enum CodingKeys: String, CodingKey {
    case name, threads, sockets
    case processID = "pid"
    case parentID = "ppid"
    case cpuSeconds = "cpu_seconds"
    case ioBytes = "io_bytes"
    case residentBytes = "resident_bytes"
  }

  /// One thread, as it stood at the second look.
  package struct Thread: Sendable, Hashable, Codable {
    /// The letter of `/proc/PID/task/TID/stat`: R, S, D, T, t, Z, X.
    package var state: String
    /// The kernel function it sleeps in (`wchan`); empty where the kernel does not tell.
    package var waitChannel: String
    package var systemCall: SystemCall?

    package init(state: String, waitChannel: String = "", systemCall: SystemCall? = nil) {
      self.state = state
      self.waitChannel = waitChannel
      self.systemCall = systemCall
    }

    enum CodingKeys: String, CodingKey {
      case state
      case waitChannel = "wait_channel"
      case systemCall = "system_call"
    }
  }

  /// The system call that a thread is in (`/proc/PID/task/TID/syscall`).
  package struct SystemCall: Sendable, Hashable, Codable {
    /// `read`, `futex`, …
    package var name: String
    /// Its first argument, where that is a file descriptor.
    package var descriptor: Int32?
    /// What that descriptor is.
    package var resolved: Descriptor?

    package init(name: String, descriptor: Int32? = nil, resolved: Descriptor? = nil) {
      self.name = name
      self.descriptor = descriptor
      self.resolved = resolved
    }
  }

  /// What a descriptor leads to (`/proc/PID/fd/N`).
  package enum Descriptor: Sendable, Hashable, Codable {
    case file(path: String)
    /// A socket with its peer, `10.0.0.5:443`; empty where it has none.
    case socket(peer: String)
    case pipe
    /// `anon_inode:[eventpoll]` and the like.
    case other(String)
  }

  /// An open internet socket (`/proc/net/tcp`).
  package struct Socket: Sendable, Hashable, Codable {
    package var descriptor: Int32
    package var peer: String
    /// `ESTABLISHED`, `SYN_SENT`, `CLOSE_WAIT`, `LISTEN`, …
    package var state: String
    package var sendQueueBytes: Int64

    package init(descriptor: Int32, peer: String, state: String, sendQueueBytes: Int64 = 0) {
      self.descriptor = descriptor
      self.peer = peer
      self.state = state
      self.sendQueueBytes = sendQueueBytes
    }

    enum CodingKeys: String, CodingKey {
      case descriptor, peer, state
      case sendQueueBytes = "send_queue_bytes"
    }
  }
}

/// Everything that a diagnosis may rest on.
package struct DiagnosisEvidence: Sendable, Hashable, Codable {
  /// The runner first, then what it started.
  package var processes: [ProcessFacts]
  /// Seconds between the two looks.
  package var overSeconds: Double
  /// How the runner ended, if it has.
  package var exit: Exit?
  package var memory: Memory?
  /// The newest last.
  package var logLines: [String]
  /// What the runner itself last left of its step, target and wait.
  package var breadcrumb: Breadcrumb?

  package init(
    processes: [ProcessFacts] = [], overSeconds: Double = 1, exit: Exit? = nil,
    memory: Memory? = nil, logLines: [String] = [], breadcrumb: Breadcrumb? = nil
  ) {
    self.processes = processes
    self.overSeconds = overSeconds
    self.exit = exit
    self.memory = memory
    self.logLines = logLines
    self.breadcrumb = breadcrumb
  }

  enum CodingKeys: String, CodingKey {
    case processes, exit, memory, breadcrumb
    case overSeconds = "over_seconds"
    case logLines = "log_lines"
  }

  package enum Exit: Sendable, Hashable, Codable {
    case code(Int32)
    case signal(Int32)
  }

  package struct Memory: Sendable, Hashable, Codable {
    /// Of the whole tree.
    package var residentBytes: Int64
    /// `nil` for none.
    package var limitBytes: Int64?
    /// How often the kernel killed for want of memory in its group since the attempt began.
    package var kills: Int

    package init(residentBytes: Int64, limitBytes: Int64? = nil, kills: Int = 0) {
      self.residentBytes = residentBytes
      self.limitBytes = limitBytes
      self.kills = kills
    }

    enum CodingKeys: String, CodingKey {
      case kills
      case residentBytes = "resident_bytes"
      case limitBytes = "limit_bytes"
    }
  }

  package struct Breadcrumb: Sendable, Hashable, Codable {
    package var step: String
    package var current: String
    package var waitingFor: String

    package init(step: String = "", current: String = "", waitingFor: String = "") {
      self.step = step
      self.current = current
      self.waitingFor = waitingFor
    }

    enum CodingKeys: String, CodingKey {
      case step, current
      case waitingFor = "waiting_for"
    }
  }
}
