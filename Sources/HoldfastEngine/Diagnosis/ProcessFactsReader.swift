import CHoldfastSystem
import HoldfastCore

/// Reads what `/proc` tells of one process at the second of two looks.
struct ProcessFactsReader {
  /// Figures at the first look, from which the growth until now is taken.
  typealias Before = EvidenceLook.Figures

  /// Threads and descriptors of one process that are looked at; a process has thousands at times,
  /// and all alike.
  private static let mostThreads = 64
  private static let mostDescriptors = 1024
  private static let mostSockets = 64

  let locks: FileLocks
  let sockets: SocketTable
  private let proc = ProcFolder.shared

  func facts(of process: hf_process, since before: Before?) -> ProcessFacts {
    let processID = process.pid
    var facts = ProcessFacts(
      processID: processID, parentID: process.parent, name: process.nameText, threads: [],
      residentBytes: Int64(clamping: process.resident_pages) * ProcFolder.pageBytes,
      startTicks: process.start_ticks, threadCount: Int(process.threads))
    let descriptors = readDescriptors(of: processID, &facts)
    readGrowth(since: before, &facts)
    readThreads(of: process, descriptors, &facts)
    facts.locks = locks.locks(of: processID, files: files(descriptors, of: processID)) {
      Self.name(of: $0)
    }
    facts.oomScore = (try? proc.text("\(processID)/oom_score")).flatMap {
      Int($0.prefix { $0.isNumber })
    }
    // Last, because it waits for the process's memory lock, which a stuck process may hold for
    // ever.
    facts.commandLine = commandLine(of: processID)
    confirm(process, &facts)
    return facts
  }

  /// What was read between two looks at the start time is of this process; otherwise it may be
  /// another's under its number.
  private func confirm(_ process: hf_process, _ facts: inout ProcessFacts) {
    if (try? proc.process(process.pid))?.start_ticks == process.start_ticks { return }
    facts = ProcessFacts(
      processID: process.pid, parentID: process.parent, name: process.nameText, threads: [],
      startTicks: process.start_ticks, threadCount: 0, hasVanished: true)
  }

  static func name(of processID: Int32) -> String {
    // A holder that has ended since holds nothing any more.
    (try? ProcFolder.shared.process(processID))?.nameText ?? "ended"
  }

  private func readGrowth(since before: Before?, _ facts: inout ProcessFacts) {
    let now = EvidenceLook.Figures.read(facts.processID)
    guard let before else { return }
    facts.cpuSeconds = Double(max(0, now.cpuNanoseconds - before.cpuNanoseconds)) / 1e9
    facts.queuedSeconds =
      Double(max(0, now.queuedNanoseconds - before.queuedNanoseconds)) / 1e9
    guard let bytes = now.ioBytes, let earlier = before.ioBytes else {
      facts.gaps.append("bytes moved: not permitted")
      return
    }
    facts.ioBytes = max(0, bytes - earlier)
    facts.diskBytes = max(0, (now.diskBytes ?? 0) - (before.diskBytes ?? 0))
  }

  // MARK: Threads

  private func readThreads(
    of process: hf_process, _ descriptors: [Int32: String], _ facts: inout ProcessFacts
  ) {
    guard let list = try? proc.numbers("\(process.pid)/task", most: Self.mostThreads) else {
      // It vanished, which the confirmation at the end notices.
      return
    }
    facts.threadCount = list.count
    var isDenied = false
    facts.threads = list.numbers.compactMap { threadID in
      guard let thread = try? proc.thread(threadID, of: process.pid) else { return nil }
      let channel = waitChannel(threadID, of: process.pid)
      return ProcessFacts.Thread(
        state: thread.stateText, waitChannel: channel,
        systemCall: systemCall(
          threadID, of: process.pid, channel, descriptors, &isDenied),
        threadID: threadID, name: thread.nameText)
    }
    if isDenied { facts.gaps.append("system calls: not permitted") }
  }

  private func waitChannel(_ threadID: Int32, of processID: Int32) -> String {
    // “0” stands for “not asleep” and for “not permitted” alike.
    let text = (try? proc.text("\(processID)/task/\(threadID)/wchan")) ?? ""
    return text == "0" ? "" : PrintableText.of(text.utf8, maxBytes: 128)
  }

  private func systemCall(
    _ threadID: Int32, of processID: Int32, _ channel: String, _ descriptors: [Int32: String],
    _ isDenied: inout Bool
  ) -> ProcessFacts.SystemCall? {
    let text: String
    do throws(ProcError) {
      text = try proc.text("\(processID)/task/\(threadID)/syscall")
    } catch {
      if error == .denied { isDenied = true }
      return nil
    }
    guard let call = RawSystemCall(text) else { return nil }
    let name = call.name(waitChannel: channel)
    var result = ProcessFacts.SystemCall(name: name, arguments: call.argumentTexts)
    if SystemCallTable.takesDescriptor(name) {
      let number = Int32(truncatingIfNeeded: call.arguments[0])
      result.descriptor = number
      result.resolved = descriptors[number].map {
        resolve($0, "\(processID)/fd/\(number)", channel: channel)
      }
    }
    result.watched = WatchedDescriptors.read(call, name, of: processID)
    return result
  }

  // MARK: Descriptors

  /// Where each descriptor leads, as the kernel writes it; the sockets go into `facts`.
  private func readDescriptors(
    of processID: Int32, _ facts: inout ProcessFacts
  ) -> [Int32: String] {
    let list: (numbers: [Int32], count: Int)
    do throws(ProcError) {
      list = try proc.numbers("\(processID)/fd", most: Self.mostDescriptors)
    } catch {
      if error == .denied { facts.gaps.append("open files: not permitted") }
      return [:]
    }
    if list.count > list.numbers.count {
      facts.gaps.append("open files: \(list.numbers.count) of \(list.count) looked at")
    }
    var targets: [Int32: String] = [:]
    for number in list.numbers.sorted() {
      guard let target = try? proc.link("\(processID)/fd/\(number)") else { continue }
      targets[number] = target
      guard let inode = Self.inode(of: target, "socket"), let socket = sockets[inode: inode],
        socket.isInternet, facts.sockets.count < Self.mostSockets
      else { continue }
      facts.sockets.append(
        .init(
          descriptor: number, peer: socket.peer, state: socket.state,
          sendQueueBytes: socket.sendQueueBytes))
    }
    return targets
  }

  /// - Parameter channel: where the thread sleeps, which tells a named pipe without asking its
  ///   file system.
  private func resolve(
    _ target: String, _ path: String, channel: String
  ) -> ProcessFacts.Descriptor {
    if let inode = Self.inode(of: target, "socket") {
      return .socket(peer: sockets[inode: inode]?.peer ?? "")
    }
    if Self.inode(of: target, "pipe") != nil { return .pipe }
    guard target.hasPrefix("/") else { return .other(target) }
    if channel.contains("pipe") || (channel.isEmpty && proc.isNamedPipe(path)) {
      return .namedPipe(path: target)
    }
    return .file(path: target)
  }

  /// 1677 of `socket:[1677]`.
  static func inode(of target: String, _ kind: String) -> UInt64? {
    guard target.hasPrefix(kind + ":["), target.hasSuffix("]") else { return nil }
    return UInt64(target.dropFirst(kind.count + 2).dropLast())
  }

  /// The paths of open files by inode, for the files that locks name. `fdinfo` tells the inode
  /// without asking the file system, which may hang.
  private func files(_ descriptors: [Int32: String], of processID: Int32) -> [UInt64: String] {
    guard locks.lines.contains(where: { $0.processID == processID }) else { return [:] }
    var files: [UInt64: String] = [:]
    for (number, target) in descriptors where target.hasPrefix("/") {
      guard let text = try? proc.text("\(processID)/fdinfo/\(number)"),
        let inode = MemorySigns.number(in: text, after: "ino:")
      else { continue }
      files[UInt64(inode)] = target
    }
    return files
  }

  private func commandLine(of processID: Int32) -> [String] {
    let most = 4096
    guard let bytes = try? proc.bytes("\(processID)/cmdline", limit: most) else { return [] }
    var words = bytes.split(separator: 0, omittingEmptySubsequences: false)
    if bytes.last == 0 { words = words.dropLast() }
    // A password cut in two is no less a password: masked first, shortened after.
    let masked = SecretMask.arguments(
      words.prefix(64).map { PrintableText.of($0, maxBytes: most) })
    return masked.map { PrintableText.of($0.utf8, maxBytes: 256) }
  }
}
