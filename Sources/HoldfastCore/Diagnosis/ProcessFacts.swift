/// What the operating system says of one process of a runner's tree, read from `/proc` twice, some
/// seconds apart.
package struct ProcessFacts: Sendable, Hashable, Codable {
  /// What the only thread of a command's guard calls itself (CHoldfastSystem, `guard.c`).
  static let guardThreadName = "hf-guard"

  package var processID: Int32
  package var parentID: Int32
  /// `comm`, or the first word of the command line.
  package var name: String
  package var threads: [Thread]
  /// Processor seconds that it used between the two looks.
  package var cpuSeconds: Double
  /// Seconds between the two looks in which a thread of it could have run and no processor was free.
  package var queuedSeconds: Double
  /// Bytes that it read and wrote between the two looks, by any way (`rchar` and `wchar`).
  package var ioBytes: Int64
  package var sockets: [Socket]
  package var residentBytes: Int64
  /// Clock ticks from boot to its start.
  package var startTicks: UInt64
  /// Its words, with the values of password-like options masked.
  package var commandLine: [String]
  /// How many threads it has; `threads` may hold fewer.
  package var threadCount: Int
  /// Locks on files that it waits for, then those that it holds.
  package var locks: [Lock]
  /// Bytes of `ioBytes` that came from a disk or went to one.
  package var diskBytes: Int64
  /// How willing the kernel is to kill it for want of memory, 0 to 1000 and above.
  package var oomScore: Int?
  /// It ended while it was looked at.
  package var hasVanished: Bool
  /// What could not be read of it: “system calls: not permitted”.
  package var gaps: [String]

  package init(
    processID: Int32, parentID: Int32 = 0, name: String, threads: [Thread], cpuSeconds: Double = 0,
    ioBytes: Int64 = 0, sockets: [Socket] = [], residentBytes: Int64 = 0, startTicks: UInt64 = 0,
    commandLine: [String] = [], threadCount: Int? = nil, locks: [Lock] = [], diskBytes: Int64 = 0,
    oomScore: Int? = nil, hasVanished: Bool = false, gaps: [String] = [],
    queuedSeconds: Double = 0
  ) {
    self.processID = processID
    self.parentID = parentID
    self.name = name
    self.threads = threads
    self.cpuSeconds = cpuSeconds
    self.ioBytes = ioBytes
    self.sockets = sockets
    self.residentBytes = residentBytes
    self.startTicks = startTicks
    self.commandLine = commandLine
    self.threadCount = threadCount ?? threads.count
    self.locks = locks
    self.diskBytes = diskBytes
    self.oomScore = oomScore
    self.hasVanished = hasVanished
    self.gaps = gaps
    self.queuedSeconds = queuedSeconds
  }

  enum CodingKeys: String, CodingKey {
    case queuedSeconds = "queued_seconds"
    case name, threads, sockets, locks, gaps
    case startTicks = "start_ticks"
    case commandLine = "command_line"
    case threadCount = "thread_count"
    case diskBytes = "disk_bytes"
    case oomScore = "oom_score"
    case hasVanished = "has_vanished"
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
    package var threadID: Int32
    package var name: String

    package init(
      state: String, waitChannel: String = "", systemCall: SystemCall? = nil, threadID: Int32 = 0,
      name: String = ""
    ) {
      self.state = state
      self.waitChannel = waitChannel
      self.systemCall = systemCall
      self.threadID = threadID
      self.name = name
    }

    enum CodingKeys: String, CodingKey {
      case state, name
      case threadID = "tid"
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
    /// Its six arguments, `0x7f…`.
    package var arguments: [String]
    /// The descriptors that a `poll`, `select` or `epoll_wait` waits on; empty where they could not
    /// be read.
    package var watched: [Int32]

    package init(
      name: String, descriptor: Int32? = nil, resolved: Descriptor? = nil,
      arguments: [String] = [], watched: [Int32] = []
    ) {
      self.name = name
      self.descriptor = descriptor
      self.resolved = resolved
      self.arguments = arguments
      self.watched = watched
    }
  }

  /// What a descriptor leads to (`/proc/PID/fd/N`).
  package enum Descriptor: Sendable, Hashable, Codable {
    case file(path: String)
    /// A socket with its peer, `10.0.0.5:443`; empty where it has none.
    case socket(peer: String)
    case pipe
    /// A pipe with a name in the file system.
    case namedPipe(path: String)
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

extension ProcessFacts {
  /// A lock on a file (`/proc/locks`).
  package struct Lock: Sendable, Hashable, Codable {
    /// Who holds a lock that another waits for.
    package struct Holder: Sendable, Hashable, Codable {
      package var processID: Int32
      package var name: String

      package init(processID: Int32, name: String) {
        self.processID = processID
        self.name = name
      }

      enum CodingKeys: String, CodingKey {
        case name
        case processID = "pid"
      }
    }

    /// `FLOCK`, `POSIX`, `OFDLCK`, `LEASE`, `DELEG`.
    package var kind: String
    /// `READ` or `WRITE`.
    package var access: String
    /// `nil` where no descriptor of the process leads to the file.
    package var file: String?
    package var isWaiting: Bool
    /// Of a lock that is waited for.
    package var holders: [Holder]

    package init(
      kind: String, access: String, file: String? = nil, isWaiting: Bool = false,
      holders: [Holder] = []
    ) {
      self.kind = kind
      self.access = access
      self.file = file
      self.isWaiting = isWaiting
      self.holders = holders
    }

    enum CodingKeys: String, CodingKey {
      case kind, access, file, holders
      case isWaiting = "is_waiting"
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
  /// What could not be looked at.
  package var gaps: [String]

  package init(
    processes: [ProcessFacts] = [], overSeconds: Double = 1, exit: Exit? = nil,
    memory: Memory? = nil, logLines: [String] = [], breadcrumb: Breadcrumb? = nil,
    gaps: [String] = []
  ) {
    self.processes = processes
    self.overSeconds = overSeconds
    self.exit = exit
    self.memory = memory
    self.logLines = logLines
    self.breadcrumb = breadcrumb
    self.gaps = gaps
  }

  enum CodingKeys: String, CodingKey {
    case processes, exit, memory, breadcrumb, gaps
    case overSeconds = "over_seconds"
    case logLines = "log_lines"
  }

  package enum Exit: Sendable, Hashable, Codable {
    case code(Int32)
    case signal(Int32)
  }

  package struct Memory: Sendable, Hashable, Codable {
    /// What counts against the limit: of the whole tree, or of its group, or of the process that is
    /// nearest to its own.
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
