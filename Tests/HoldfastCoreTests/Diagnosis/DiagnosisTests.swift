import HoldfastCore
import Testing

@Suite struct DiagnosisTests {
  typealias Thread = ProcessFacts.Thread
  typealias Call = ProcessFacts.SystemCall

  static func process(
    _ threads: [Thread], pid: Int32 = 4711, cpu: Double = 0, io: Int64 = 0,
    sockets: [ProcessFacts.Socket] = []
  ) -> ProcessFacts {
    ProcessFacts(
      processID: pid, name: "scanner", threads: threads, cpuSeconds: cpu, ioBytes: io,
      sockets: sockets)
  }

  static func sleeping(
    _ call: String, _ descriptor: Int32? = nil, _ resolved: ProcessFacts.Descriptor? = nil,
    channel: String = ""
  ) -> Thread {
    Thread(
      state: "S", waitChannel: channel,
      systemCall: Call(name: call, descriptor: descriptor, resolved: resolved))
  }

  static func classify(
    _ processes: ProcessFacts..., memory: DiagnosisEvidence.Memory? = nil,
    exit: DiagnosisEvidence.Exit? = nil, breadcrumb: DiagnosisEvidence.Breadcrumb? = nil
  ) -> Diagnosis {
    Diagnosis.classify(
      DiagnosisEvidence(
        processes: processes, overSeconds: 2, exit: exit, memory: memory, logLines: ["last words"],
        breadcrumb: breadcrumb))
  }

  @Test(arguments: ["read", "write", "readv", "recvfrom", "recvmsg", "sendto", "sendmsg"])
  func waitingOnAConnection(call: String) {
    let diagnosis = Self.classify(
      Self.process([Self.sleeping(call, 7, .socket(peer: "10.0.0.5:443"))]))
    #expect(diagnosis.class == .waitingOnNetwork)
    #expect(diagnosis.peer == "10.0.0.5:443")
    #expect(diagnosis.processID == 4711)
    #expect(
      diagnosis.sentence == "Waiting on the network: scanner (4711) waits in \(call) on a "
        + "connection to 10.0.0.5:443; no processor time and no byte in 2 s.")
    #expect(diagnosis.agreesWithHang)
  }

  @Test func ofProcessesThatShowTheSameTheFurthestIsNamed() {
    let connection = ProcessFacts.Descriptor.socket(peer: "10.0.0.5:443")
    let parent = Self.process([Self.sleeping("read", 5, .pipe)], pid: 1)
    let child = Self.process([Self.sleeping("clock_nanosleep")], pid: 2)
    #expect(Self.classify(parent, child).processID == 2)
    let first = Self.process([Self.sleeping("read", 7, connection)], pid: 1)
    #expect(Self.classify(first, child).processID == 1)
    // Of one process's threads, the first: it is the program's own.
    let threads = Self.process([
      Self.sleeping("read", 7, .socket(peer: "a")), Self.sleeping("read", 8, .socket(peer: "b")),
    ])
    #expect(Self.classify(threads).peer == "a")
  }

  @Test func whatRunsACommandIsNoReason() {
    func family(_ runner: Thread, _ command: Thread?) -> [ProcessFacts] {
      var loop = Self.sleeping("poll")
      loop.name = "hf-guard"
      let around = [
        Self.process([runner], pid: 1, cpu: 2),
        ProcessFacts(processID: 2, parentID: 1, name: "holdfast", threads: [loop]),
      ]
      return around
        + (command.map { [ProcessFacts(processID: 3, parentID: 2, name: "c", threads: [$0])] } ?? [])
    }
    func named(_ processes: [ProcessFacts]) -> Int32? {
      Diagnosis.classify(DiagnosisEvidence(processes: processes, overSeconds: 2)).processID
    }
    // It copies what the command writes.
    let copies = Self.sleeping("write", 1, .pipe)
    #expect(named(family(copies, Self.sleeping("read", 0, .pipe))) == 3)
    // It is stopped, or has nobody left to speak of.
    #expect(named(family(Thread(state: "T"), Self.sleeping("poll"))) == 1)
    #expect(named(family(copies, nil)) == 1)
  }

  @Test func aConnectionBeingOpenedIsFoundAmongTheSockets() {
    let sockets = [ProcessFacts.Socket(descriptor: 9, peer: "192.0.2.1:80", state: "SYN_SENT")]
    let diagnosis = Self.classify(
      Self.process([Self.sleeping("connect", 9, .socket(peer: ""))], sockets: sockets))
    #expect(diagnosis.peer == "192.0.2.1:80")
    #expect(diagnosis.sentence.contains("on a connection to 192.0.2.1:80 (SYN_SENT)"))
    let unknown = Self.classify(Self.process([Self.sleeping("accept4", 3)]))
    #expect(unknown.class == .waitingOnNetwork)
    #expect(unknown.peer == nil)
  }

  @Test(arguments: ["poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait2"])
  func anEventLoopNamesTheConnectionMostLikelyAtFault(call: String) {
    typealias Socket = ProcessFacts.Socket
    let plain = Socket(descriptor: 5, peer: "a:1", state: "ESTABLISHED")
    let first = Socket(descriptor: 4, peer: "b:1", state: "ESTABLISHED")
    let full = Socket(descriptor: 6, peer: "c:1", state: "ESTABLISHED", sendQueueBytes: 9)
    let fuller = Socket(descriptor: 7, peer: "d:1", state: "ESTABLISHED", sendQueueBytes: 10)
    let opening = Socket(descriptor: 8, peer: "e:1", state: "SYN_SENT")
    let listening = Socket(descriptor: 1, peer: "", state: "LISTEN")
    func peer(_ sockets: Socket...) -> String? {
      Self.classify(Self.process([Self.sleeping(call)], sockets: sockets)).peer
    }
    #expect(peer(plain, first, listening) == "b:1")
    #expect(peer(plain, first, full, fuller) == "d:1")
    #expect(peer(plain, full, opening) == "e:1")
    #expect(peer(listening) == nil)
    #expect(
      Self.classify(Self.process([Self.sleeping(call)], sockets: [listening])).class == .unknown)
  }

  @Test func waitingOnADisk() {
    let blocked = Thread(
      state: "D", waitChannel: "nfs_wait_bit_killable",
      systemCall: Call(name: "pread64", descriptor: 5, resolved: .file(path: "/mnt/nas/a")))
    let diagnosis = Self.classify(Self.process([blocked]))
    #expect(diagnosis.class == .waitingOnDisk)
    #expect(diagnosis.file == "/mnt/nas/a")
    #expect(
      diagnosis.sentence.contains(
        "waits in pread64 on /mnt/nas/a (nfs_wait_bit_killable) and cannot be interrupted"))
    #expect(Self.classify(Self.process([Thread(state: "D")])).class == .waitingOnDisk)
    let sleeping = Self.classify(
      Self.process([Self.sleeping("read", 5, .file(path: "/fuse/x"))]))
    #expect(sleeping.class == .waitingOnDisk)
    #expect(sleeping.file == "/fuse/x")
  }

  @Test(arguments: ["flock", "fcntl"]) func waitingOnALockOfAFile(call: String) {
    let diagnosis = Self.classify(
      Self.process([Self.sleeping(call, 3, .file(path: "/var/lib/x.lock"))]))
    #expect(diagnosis.class == .waitingOnLock)
    #expect(diagnosis.file == "/var/lib/x.lock")
  }

  @Test func waitingOnALockInMemoryOnlyIfAllThreadsDo() {
    let locked = Self.sleeping("futex")
    let all = Self.classify(Self.process([locked, locked]))
    #expect(all.class == .waitingOnLock)
    #expect(all.sentence.contains("waits for a lock in memory, with all 2 threads"))
    #expect(Self.classify(Self.process([locked])).sentence.contains("its only thread"))
    let idlePool = Self.process([locked, Self.sleeping("recvfrom", 3, .socket(peer: "h:1"))])
    #expect(Self.classify(idlePool).class == .waitingOnNetwork)
    let busy = Self.process([locked, Thread(state: "R")])
    #expect(Self.classify(busy).class == .unknown)
    #expect(Self.classify(Self.process([Self.sleeping("semop")])).class == .waitingOnLock)
  }

  @Test(arguments: [(1.59, Diagnosis.Class.unknown), (1.6, .spinning), (2, .spinning)])
  func spinningFromFourFifthsOfAProcessor(cpu: Double, expected: Diagnosis.Class) {
    let diagnosis = Self.classify(Self.process([Thread(state: "R")], cpu: cpu))
    #expect(diagnosis.class == expected)
    #expect(!diagnosis.agreesWithHang)
    if expected == .spinning {
      #expect(diagnosis.sentence.contains("\(Int(cpu * 50)) % of a processor"))
    }
  }

  @Test(arguments: [("T", "SIGSTOP", "was stopped"), ("t", "SIGTRAP", "is held by a debugger")])
  func stopped(state: String, signal: String, text: String) {
    let diagnosis = Self.classify(Self.process([Thread(state: state)]))
    #expect(diagnosis.class == .stopped)
    #expect(diagnosis.signal == signal)
    #expect(diagnosis.sentence.contains(text))
  }

  @Test func outOfMemory() {
    let quiet = Self.process([Self.sleeping("pause")])
    let killed = Self.classify(
      quiet, memory: .init(residentBytes: 100 << 20, limitBytes: 512 << 20, kills: 1))
    #expect(killed.class == .outOfMemory)
    #expect(
      killed.sentence
        == "Out of memory: the kernel has killed once in its group, at 100 of 512 MiB.")
    let full = Self.classify(
      quiet, memory: .init(residentBytes: 98 << 20, limitBytes: 100 << 20))
    #expect(full.class == .outOfMemory)
    let almost = Self.classify(
      quiet, memory: .init(residentBytes: 97 << 20, limitBytes: 100 << 20))
    #expect(almost.class == .unknown)
    #expect(Self.classify(quiet, memory: .init(residentBytes: 1 << 40)).class == .unknown)
    let reclaiming = Self.process([Thread(state: "D", waitChannel: "mem_cgroup_handle_over_high")])
    #expect(Self.classify(reclaiming).class == .outOfMemory)
    // At its limit, and yet it is the network that it waits for.
    let network = Self.process([Self.sleeping("recvfrom", 3, .socket(peer: "h:1"))])
    #expect(
      Self.classify(network, memory: .init(residentBytes: 1, limitBytes: 1)).class
        == .waitingOnNetwork)
    // Stopped outweighs a kill that it survived.
    let stopped = Self.classify(
      Self.process([Thread(state: "T")]), memory: .init(residentBytes: 1, kills: 2))
    #expect(stopped.class == .stopped)
  }

  @Test func exited() {
    let code = Self.classify(exit: .code(3))
    #expect(code.class == .exited)
    #expect(code.exitCode == 3)
    #expect(code.sentence == "Exited: with code 3.")
    let signal = Self.classify(exit: .signal(11))
    #expect(signal.signal == "SIGSEGV")
    #expect(signal.sentence == "Exited: ended by SIGSEGV.")
    let memory = DiagnosisEvidence.Memory(residentBytes: 0, limitBytes: nil, kills: 1)
    #expect(Self.classify(memory: memory, exit: .signal(9)).class == .outOfMemory)
    #expect(Self.classify(memory: memory, exit: .signal(15)).class == .exited)
    #expect(Self.classify(exit: .signal(9)).class == .exited)
    #expect(Self.classify(Self.process([Thread(state: "Z")])).class == .exited)
  }

  @Test func whoWaitsForItsChildIsNotAtFault() {
    let diagnosis = Self.classify(
      Self.process([Self.sleeping("wait4")], pid: 1),
      Self.process([Self.sleeping("read", 4, .pipe)], pid: 2),
      Self.process([Self.sleeping("flock", 3, .file(path: "/x"))], pid: 3))
    #expect(diagnosis.class == .waitingOnLock)
    #expect(diagnosis.processID == 3)
  }

  @Test func whatBytesFlowThroughIsABusyDisk() {
    let busy = Self.process([Thread(state: "D")], pid: 1, io: 4096)
    let waiting = Self.process([Self.sleeping("recvfrom", 3, .socket(peer: "h:1"))], pid: 2)
    #expect(Self.classify(busy, waiting).class == .waitingOnNetwork)
    #expect(Self.classify(busy).class == .waitingOnDisk)
    #expect(Self.classify(busy).sentence.contains("0.0 s of processor time and 4096 bytes in 2 s"))
  }

  @Test(arguments: [
    (DiagnosisTests.sleeping("nanosleep"), "sleeps for a time of its own"),
    (sleeping("pause"), "waits for a signal"), (sleeping("wait4"), "waits for a child process"),
    (sleeping("read", 0, .pipe), "waits for input"),
    (sleeping("read", 4, .pipe), "waits in read on a pipe"),
    (sleeping("read", 4, .other("anon_inode:[eventfd]")), "waits in read on anon_inode:[eventfd]"),
    (sleeping("openat", 4, .file(path: "/p"), channel: "wait_for_partner"), "opens a named pipe"),
    (sleeping("getrandom"), "is in getrandom"), (Thread(state: "R"), "is in no system call"),
  ])
  func whatNobodyCanTell(thread: Thread, text: String) {
    let diagnosis = Self.classify(Self.process([thread]))
    #expect(diagnosis.class == .unknown)
    #expect(diagnosis.sentence.hasPrefix("Unknown: scanner (4711) \(text)"))
  }

  @Test func withoutAnyProcess() {
    #expect(Self.classify().sentence == "Unknown: no process of it could be looked at.")
  }

  @Test func theRunnersOwnWordsAreAdded() {
    let diagnosis = Self.classify(
      Self.process([Thread(state: "T")]),
      breadcrumb: .init(step: "fetch", current: "https://x/", waitingFor: "a slot"))
    #expect(diagnosis.sentence.hasSuffix(", in step “fetch”, at https://x/, waiting for a slot."))
  }

  @Test func storedAsJSON() throws {
    let diagnosis = Self.classify(
      Self.process([Self.sleeping("read", 7, .socket(peer: "10.0.0.5:443"))]),
      memory: .init(residentBytes: 5), breadcrumb: .init(step: "s"))
    #expect(try roundTrip(diagnosis) == diagnosis)
    let text = try json(of: diagnosis)
    #expect(text.contains(#""class":"waiting_on_network""#))
    #expect(text.contains(#""peer":"10.0.0.5:443""#))
    #expect(text.contains(#""log_lines":["last words"]"#))
  }

  @Test func signals() {
    #expect(SignalName.of(1) == "SIGHUP")
    #expect(SignalName.of(15) == "SIGTERM")
    #expect(SignalName.of(31) == "SIGSYS")
    #expect(SignalName.of(0) == "signal 0")
    #expect(SignalName.of(40) == "signal 40")
  }
}
