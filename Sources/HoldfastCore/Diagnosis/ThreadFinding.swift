/// What one thread of a stuck process shows.
struct ThreadFinding {
  /// How much a finding explains; the largest of a tree wins.
  enum Weight: Int, Comparable {
    case nothing, idle, child, partner, lockOfAll, busyDisk, events, network, fileLock, spinning
    case disk, memory, stopped

    static func < (left: Weight, right: Weight) -> Bool { left.rawValue < right.rawValue }
  }

  var weight: Weight
  var `class`: Diagnosis.Class
  var peer: String?
  var file: String?
  var signal: String?
  /// “is in recvfrom on a socket to 10.0.0.5:443”
  var text: String

  init(
    _ weight: Weight, _ class: Diagnosis.Class, _ text: String, peer: String? = nil,
    file: String? = nil, signal: String? = nil
  ) {
    self.weight = weight
    self.class = `class`
    self.text = text
    self.peer = peer
    self.file = file
    self.signal = signal
  }

  /// Reads one thread. Locks in memory are left to the whole process: an idle thread of a pool
  /// sleeps in one too.
  init(_ thread: ProcessFacts.Thread, of process: ProcessFacts) {
    switch thread.state {
    case "T":
      self.init(.stopped, .stopped, "was stopped", signal: SignalName.of(19))
    case "t":
      self.init(.stopped, .stopped, "is held by a debugger", signal: SignalName.of(5))
    case "D":
      self = Self.uninterruptible(thread, of: process)
    case "Z", "X":
      self.init(.idle, .exited, "has exited and nobody has collected it")
    default:
      self =
        thread.systemCall.map { Self.sleeping(in: $0, thread, of: process) }
        ?? ThreadFinding(.nothing, .unknown, "is in no system call")
    }
  }

  /// Sleeping where not even a signal wakes it: a disk, a network file system, or memory.
  private static func uninterruptible(
    _ thread: ProcessFacts.Thread, of process: ProcessFacts
  ) -> ThreadFinding {
    let channel = thread.waitChannel
    if channel.contains("mem_cgroup") || channel.contains("oom") {
      return ThreadFinding(
        .memory, .outOfMemory, "waits in \(channel) for memory of its group")
    }
    let file = thread.systemCall?.resolved?.path
    let call = thread.systemCall.map { " in \($0.name)" } ?? ""
    let at = channel.isEmpty ? "" : " (\(channel))"
    return ThreadFinding(
      process.ioBytes > 0 ? .busyDisk : .disk, .waitingOnDisk,
      "waits\(call)\(file.map { " on \($0)" } ?? "")\(at) and cannot be interrupted", file: file)
  }

  private static func sleeping(
    in call: ProcessFacts.SystemCall, _ thread: ProcessFacts.Thread, of process: ProcessFacts
  ) -> ThreadFinding {
    switch call.name {
    case "flock", "fcntl":
      return fileLock(call, process)
    case "semop", "semtimedop", "msgrcv", "msgsnd":
      return ThreadFinding(.fileLock, .waitingOnLock, "waits in \(call.name)")
    case "wait4", "waitid":
      return ThreadFinding(.child, .unknown, "waits for a child process")
    case "nanosleep", "clock_nanosleep":
      return ThreadFinding(.partner, .unknown, "sleeps for a time of its own")
    case "pause", "rt_sigsuspend", "rt_sigtimedwait":
      return ThreadFinding(.idle, .unknown, "waits for a signal")
    case "poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2",
      "io_uring_enter":
      return events(call, process)
    case "connect", "accept", "accept4", "recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg",
      "sendmmsg":
      return network(call, process)
    default:
      return onDescriptor(call, thread, process)
    }
  }

  private static func fileLock(
    _ call: ProcessFacts.SystemCall, _ process: ProcessFacts
  ) -> ThreadFinding {
    let waits = process.locks.filter(\.isWaiting)
    let lock = waits.first { $0.file == call.resolved?.path } ?? waits.first
    let file = call.resolved?.path ?? lock?.file
    let holders = (lock?.holders ?? []).map { "\($0.name) (\($0.processID))" }
    let held = holders.isEmpty ? "" : ", held by \(holders.joined(separator: ", "))"
    return ThreadFinding(
      .fileLock, .waitingOnLock,
      "waits in \(call.name) for a lock\(file.map { " on \($0)" } ?? "")\(held)", file: file)
  }

  /// A read, a write, or anything else whose first argument tells what it is about.
  private static func onDescriptor(
    _ call: ProcessFacts.SystemCall, _ thread: ProcessFacts.Thread, _ process: ProcessFacts
  ) -> ThreadFinding {
    switch call.resolved {
    case .socket: return network(call, process)
    case .file(let path):
      if thread.waitChannel.contains("wait_for_partner") {
        return ThreadFinding(
          .partner, .unknown, "opens a named pipe that has no other end", file: path)
      }
      return ThreadFinding(
        .disk, .waitingOnDisk, "waits in \(call.name) on \(path)", file: path)
    case .namedPipe(let path):
      return ThreadFinding(
        .partner, .unknown, "waits in \(call.name) on the named pipe \(path)", file: path)
    case .pipe where call.descriptor == 0:
      return ThreadFinding(.idle, .unknown, "waits for input")
    case .pipe:
      return ThreadFinding(.partner, .unknown, "waits in \(call.name) on a pipe")
    case .other(let name):
      return ThreadFinding(.idle, .unknown, "waits in \(call.name) on \(name)")
    case nil:
      return ThreadFinding(.idle, .unknown, "is in \(call.name)")
    }
  }

  private static func network(
    _ call: ProcessFacts.SystemCall, _ process: ProcessFacts
  ) -> ThreadFinding {
    let known = process.sockets.first { $0.descriptor == call.descriptor }
    var peer = known?.peer
    if case .socket(let resolved) = call.resolved, !resolved.isEmpty { peer = resolved }
    if peer?.isEmpty == true { peer = nil }
    let to = peer.map { " on a connection to \($0)" } ?? " on a socket"
    let state = known.map { $0.state == "ESTABLISHED" ? "" : " (\($0.state))" } ?? ""
    return ThreadFinding(
      .network, .waitingOnNetwork, "waits in \(call.name)\(to)\(state)", peer: peer)
  }

  /// A loop that waits for any of several things: the connection that is most likely at fault is
  /// named. One that is being opened before one with unsent bytes before any other.
  private static func events(
    _ call: ProcessFacts.SystemCall, _ process: ProcessFacts
  ) -> ThreadFinding {
    let open = process.sockets.filter {
      $0.state != "LISTEN" && !$0.peer.isEmpty
        && (call.watched.isEmpty || call.watched.contains($0.descriptor))
    }
    let suspect =
      open.first { $0.state == "SYN_SENT" }
      ?? open.filter { $0.sendQueueBytes > 0 }.max { $0.sendQueueBytes < $1.sendQueueBytes }
      ?? open.min { $0.descriptor < $1.descriptor }
    guard let suspect else {
      return ThreadFinding(
        .idle, .unknown, "waits in \(call.name) for events, with no connection open")
    }
    let others = open.count > 1 ? " and \(open.count - 1) more" : ""
    return ThreadFinding(
      .events, .waitingOnNetwork,
      "waits in \(call.name) with a connection to \(suspect.peer) (\(suspect.state))\(others)",
      peer: suspect.peer)
  }
}

extension ProcessFacts.Descriptor {
  var path: String? { if case .file(let path) = self { path } else { nil } }
}
