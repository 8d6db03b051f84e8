import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

@testable import HoldfastEngine

/// Real processes, each stuck in its own way, and what is said of them.
@Suite struct DiagnosisTests {
  let folder: TemporaryFolder
  let why = Why(collector: EvidenceCollector(interval: .milliseconds(100)))

  init() throws {
    folder = try TemporaryFolder()
  }

  func diagnose(_ probe: Probe) async -> Diagnosis {
    await why.diagnose(.init(root: probe.identity))
  }

  // MARK: Network

  @Test func namesThePeerThatNeverAnswers() async throws {
    let listener = try SilentListener()
    let probe = try Probe(
      python: """
        import socket, sys
        socket.create_connection(("127.0.0.1", int(sys.argv[1]))).recv(1)
        """, ["\(listener.port)"])
    try await probe.waitUntil(in: "recvfrom")
    let diagnosis = await diagnose(probe)
    #expect(diagnosis.class == .waitingOnNetwork)
    #expect(diagnosis.peer == listener.address)
    #expect(diagnosis.processID == probe.processID)
    #expect(diagnosis.sentence.contains("recvfrom on a connection to \(listener.address)"))
    let socket = try #require(diagnosis.evidence.processes.first?.sockets.first)
    #expect(socket.state == "ESTABLISHED")
  }

  @Test func namesThePeerOfAConnectionThatIsNeverMade() async throws {
    let listener = try SilentListener(backlog: 0)
    // The first connections fill the queue; the kernel then drops every further attempt.
    let probe = try Probe(
      python: """
        import socket, sys
        held = []
        while True:
          held.append(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
        """, ["\(listener.port)"])
    try await probe.waitUntil(in: "connect")
    var diagnosis = await diagnose(probe)
    try await eventually("a connection that stays unanswered") {
      diagnosis = await diagnose(probe)
      return diagnosis.sentence.contains("SYN_SENT")
    }
    #expect(diagnosis.class == .waitingOnNetwork)
    #expect(diagnosis.peer == listener.address)
    #expect(diagnosis.sentence.contains("connect"))
  }

  /// A wait with a time limit is a `poll`; of two connections the one that is waited for is named.
  @Test func namesThePeerThatIsPolled() async throws {
    let (idle, awaited) = (try SilentListener(), try SilentListener())
    let probe = try Probe(
      python: """
        import socket, sys
        first, second = [socket.create_connection(("127.0.0.1", int(p))) for p in sys.argv[1:]]
        second.settimeout(600)
        second.recv(1)
        """, ["\(idle.port)", "\(awaited.port)"])
    try await probe.waitUntil(in: "poll", "ppoll")
    let diagnosis = await diagnose(probe)
    #expect(diagnosis.class == .waitingOnNetwork)
    #expect(diagnosis.peer == awaited.address)
    let call = diagnosis.evidence.processes.first?.threads.first?.systemCall
    #expect(call?.watched.count == 1)
  }

  @Test func namesThePeerOfAnEventLoop() async throws {
    let (idle, awaited) = (try SilentListener(), try SilentListener())
    let probe = try Probe(
      python: """
        import select, socket, sys
        first, second = [socket.create_connection(("127.0.0.1", int(p))) for p in sys.argv[1:]]
        events = select.epoll()
        events.register(second, select.EPOLLIN)
        events.poll()
        """, ["\(idle.port)", "\(awaited.port)"])
    try await probe.waitUntil(in: "epoll_wait", "epoll_pwait")
    let diagnosis = await diagnose(probe)
    #expect(diagnosis.class == .waitingOnNetwork)
    #expect(diagnosis.peer == awaited.address)
  }

  @Test func namesTheLocalSocketThatNeverAnswers() async throws {
    let path = folder.path("silent.sock")
    let probe = try Probe(
      python: """
        import socket, sys
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(sys.argv[1])
        listener.listen()
        client = socket.socket(socket.AF_UNIX)
        client.connect(sys.argv[1])
        server, _ = listener.accept()
        client.recv(1)
        """, [path])
    try await probe.waitUntil(in: "recvfrom")
    let diagnosis = await diagnose(probe)
    #expect(diagnosis.class == .waitingOnNetwork)
    #expect(diagnosis.peer == "unix:\(path)")
  }

  // MARK: Locks

  @Test(arguments: [
    ("fcntl.flock(f, fcntl.LOCK_EX)", "flock"), ("fcntl.lockf(f, fcntl.LOCK_EX)", "fcntl"),
  ])
  func namesTheLockAndItsHolder(locking: String, call: String) async throws {
    let file = folder.path("scan.lock")
    let script = """
      import fcntl, signal, sys
      f = open(sys.argv[1], "w")
      \(locking)
      signal.pause()
      """
    let holder = try Probe(python: script, [file])
    try await holder.waitUntil(in: "pause")
    let waiter = try Probe(python: script, [file])
    try await eventually("a wait for the lock") {
      FileLocks.read().lines.contains { $0.isWaiting && $0.processID == waiter.processID }
    }
    let diagnosis = await diagnose(waiter)
    #expect(diagnosis.class == .waitingOnLock)
    #expect(diagnosis.file == file)
    #expect(
      diagnosis.sentence.contains(
        "waits in \(call) for a lock on \(file), held by python3 (\(holder.processID))"))
    let lock = try #require(diagnosis.evidence.processes.first?.locks.first)
    #expect(lock.isWaiting)
    #expect(lock.holders.map(\.processID) == [holder.processID])

    let free = await diagnose(holder)
    let held = try #require(free.evidence.processes.first?.locks.first)
    #expect(held.file == file && !held.isWaiting)
    #expect(free.class == .unknown)
  }

  // MARK: Pipes

  @Test func namesTheNamedPipeThatNobodyWritesTo() async throws {
    let path = folder.path("fifo")
    #expect(mkfifo(path, 0o600) == 0)
    let reading = try Probe(
      python: "import os, sys; os.read(os.open(sys.argv[1], os.O_RDWR), 1)", [path])
    try await reading.waitUntil(in: "read")
    let diagnosis = await diagnose(reading)
    #expect(diagnosis.class == .unknown)
    #expect(diagnosis.file == path)
    #expect(diagnosis.sentence.contains("on the named pipe \(path)"))
  }

  // MARK: Asleep, busy, stopped

  @Test func tellsSleepFromAHang() async throws {
    let probe = try Probe(["/usr/bin/sleep", "600"])
    try await probe.waitUntil(in: "clock_nanosleep", "nanosleep")
    let diagnosis = await diagnose(probe)
    #expect(diagnosis.class == .unknown)
    #expect(diagnosis.sentence.contains("sleeps for a time of its own"))
    #expect(diagnosis.sentence.contains("no processor time and no byte"))
  }

  @Test func seesAProcessSpin() async throws {
    let probe = try Probe(python: "while True: pass")
    try await probe.waitUntil(state: "R")
    try await eventually("a look at it with a processor of its own") {
      await diagnose(probe).class == .spinning
    }
  }

  @Test func seesAStoppedProcess() async throws {
    let probe = try Probe(python: "while True: pass")
    kill(probe.processID, SIGSTOP)
    try await probe.waitUntil(state: "T")
    let diagnosis = await diagnose(probe)
    #expect(diagnosis.class == .stopped)
    #expect(diagnosis.signal == "SIGSTOP")
    #expect(diagnosis.processID == probe.processID)
  }

  // MARK: Ends

  @Test func readsTheEndOfAProcessThatNobodyHasCollected() async throws {
    let exited = try Probe(["/bin/sh", "-c", "exit 7"])
    try await exited.waitUntil(state: "Z")
    let diagnosis = await diagnose(exited)
    #expect(diagnosis.class == .exited)
    #expect(diagnosis.exitCode == 7)
    let killed = try Probe(["/bin/sh", "-c", "kill -SEGV $$"])
    try await killed.waitUntil(state: "Z")
    #expect(await diagnose(killed).signal == "SIGSEGV")
  }

  @Test func saysWhatTheWorkerSawOfAnEnd() async throws {
    var root: ProcessIdentity?
    do {
      let probe = try Probe(["/usr/bin/sleep", "600"])
      root = probe.identity
    }
    let gone = try #require(root)
    let diagnosis = await why.diagnose(.init(root: gone, exit: .code(3)))
    #expect(diagnosis.class == .exited)
    #expect(diagnosis.evidence.processes.isEmpty)
    #expect(await why.diagnose(processID: gone.processID) == nil)
  }

  @Test func takesNoLaterProcessForTheRunner() async throws {
    let probe = try Probe(["/usr/bin/sleep", "600"])
    let earlier = ProcessIdentity(
      processID: probe.processID, startTicks: probe.identity.startTicks - 1)
    let diagnosis = await why.diagnose(.init(root: earlier))
    #expect(diagnosis.evidence.processes.isEmpty)
  }

  @Test func showsAZombieChild() async throws {
    let probe = try Probe(
      python: """
        import os, signal
        if os.fork() == 0: os._exit(0)
        signal.pause()
        """)
    try await probe.waitUntil(in: "pause")
    try await eventually("a zombie") {
      let states = await diagnose(probe).evidence.processes.flatMap(\.threads).map(\.state)
      return states.contains("Z")
    }
  }

  // MARK: Trees

  @Test func looksBehindAParentThatWaits() async throws {
    let probe = try Probe(["/bin/sh", "-c", "sh -c 'while :; do :; done'; true"])
    try await probe.waitUntil(in: "wait4")
    var diagnosis = await diagnose(probe)
    try await eventually("a look at the child with a processor of its own") {
      diagnosis = await diagnose(probe)
      return diagnosis.class == .spinning
    }
    #expect(diagnosis.processID != probe.processID)
    #expect(diagnosis.evidence.processes.count == 2)
  }

  /// A process whose parent has ended is in its session still.
  @Test func findsAGrandchildWithoutAParent() async throws {
    let listener = try SilentListener()
    let probe = try Probe(
      python: """
        import os, signal, socket, sys
        if os.fork() == 0:
          if os.fork() != 0: os._exit(0)
          socket.create_connection(("127.0.0.1", int(sys.argv[1]))).recv(1)
        os.wait()
        signal.pause()
        """, ["\(listener.port)"])
    try await probe.waitUntil(in: "pause")
    var diagnosis = await diagnose(probe)
    try await eventually("the grandchild's wait") {
      diagnosis = await diagnose(probe)
      return diagnosis.class == .waitingOnNetwork
    }
    #expect(diagnosis.peer == listener.address)
    let grandchild = try #require(
      diagnosis.evidence.processes.first { $0.processID != probe.processID })
    #expect(grandchild.parentID != probe.processID)
  }

  @Test func toleratesATreeThatChangesUnderItsEyes() async throws {
    let probe = try Probe(
      python: """
        import os
        while True:
          child = os.fork()
          if child == 0: os._exit(0)
          os.waitpid(child, 0)
        """)
    for _ in 0..<20 {
      let collector = EvidenceCollector(interval: .zero)
      let evidence = await collector.collect(probe.identity)
      #expect(evidence.processes.first?.processID == probe.processID)
      #expect(evidence.processes.allSatisfy { $0.hasVanished || !$0.threads.isEmpty })
    }
  }

  // MARK: Memory

  @Test func seesAProcessAtItsLimitOfMemory() async throws {
    let probe = try Probe(
      python: """
        import resource, signal, sys
        resource.setrlimit(resource.RLIMIT_DATA, (200 << 20, 200 << 20))
        held = []
        try:
          while True: held.append(bytearray(1 << 18))
        except MemoryError:
          pass
        signal.pause()
        """)
    try await probe.waitUntil(in: "pause")
    let alive = await diagnose(probe)
    #expect(alive.class == .outOfMemory)
    #expect(alive.sentence.contains("of 200 MiB"))

    kill(probe.processID, SIGKILL)
    try await probe.waitUntil(state: "Z")
    let dead = await why.diagnose(
      .init(root: probe.identity, exit: .signal(9), lastMemory: alive.evidence.memory))
    #expect(dead.class == .outOfMemory)
    #expect(dead.signal == "SIGKILL")
  }

  // MARK: What is not shown

  @Test func showsNoSecretOfACommandLineAndNothingOfTheEnvironment() async throws {
    let probe = try Probe([
      "/usr/bin/env", "HIDDEN_VARIABLE=in-the-environment", "/usr/bin/python3", "-c",
      "import signal; signal.pause()", "--password", "hunter2", "--token=abc123",
      "https://user:pass-word@example.com/?api_key=k-e-y&page=2",
    ])
    try await probe.waitUntil(in: "pause")
    let diagnosis = await diagnose(probe)
    let json = diagnosis.json()
    for secret in ["hunter2", "abc123", "pass-word", "k-e-y", "in-the-environment"] {
      #expect(!json.contains(secret))
    }
    let line = try #require(diagnosis.evidence.processes.first?.commandLine)
    #expect(
      line.suffix(4) == [
        "--password", "***", "--token=***", "https://user:***@example.com/?api_key=***&page=2",
      ])
    let decoded = try JSONDecoder().decode(Diagnosis.self, from: Data(json.utf8))
    #expect(decoded == diagnosis)
  }
}
