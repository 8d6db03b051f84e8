import Foundation
import Glibc
import HoldfastTestKit
import Testing

@testable import HoldfastEngine

/// The activity of real process trees.
@Suite struct DiagnosisActivityTests {
  let sampler = ActivitySampler()

  func sample(_ probe: Probe) async throws -> ActivitySample {
    try #require(await sampler.sample([probe.identity])[probe.identity])
  }

  @Test func seesNothingMoveInAProcessThatSleeps() async throws {
    let probe = try Probe(["/usr/bin/sleep", "600"])
    try await probe.waitUntil(in: "clock_nanosleep", "nanosleep")
    let first = try await sample(probe)
    let second = try await sample(probe)
    #expect(first.counters == ActivityCounters())
    #expect(second.counters == ActivityCounters())
    #expect(!second.hasMoved(since: first))
    #expect(second.processes == 1 && second.isRootThere && second.gaps.isEmpty)
    #expect(second.residentBytes > 0)
  }

  @Test func countsProcessorTimeAndBytes() async throws {
    let probe = try Probe(
      python: """
        source = open("/dev/zero", "rb", 0)
        sink = open("/dev/null", "wb", 0)
        while True: sink.write(source.read(65536))
        """)
    let first = try await sample(probe)
    try await eventually("some work") {
      let next = try await sample(probe)
      return next.hasMoved(since: first) && next.counters.cpuNanoseconds > 20_000_000
        && next.counters.readBytes > 1 << 20 && next.counters.writtenBytes > 1 << 20
    }
  }

  @Test func countsBytesOfConnections() async throws {
    let listener = try SilentListener()
    let probe = try Probe(
      python: """
        import socket, sys
        s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        while True: s.recv(65536)
        """, ["\(listener.port)"])
    try await probe.waitUntil(in: "recvfrom")
    let first = try await sample(probe)
    listener.send(50_000)
    var last = first
    try await eventually("the bytes' arrival") {
      last = try await sample(probe)
      return last.counters.receivedBytes == 50_000
    }
    // `recv` is in neither of the kernel's own counts of bytes.
    #expect(last.counters.readBytes == 0)
    #expect(last.hasMoved(since: first))
  }

  /// What children did stays counted when they end, and is not counted twice when their parent
  /// inherits it.
  @Test func keepsTheWorkOfChildrenThatEnd() async throws {
    let folder = try TemporaryFolder()
    let go = folder.path("go")
    #expect(mkfifo(go, 0o600) == 0)
    let probe = try Probe(
      python: """
        import os, signal, sys, time
        child = os.fork()
        if child == 0:
          open(sys.argv[1]).read()
          while time.process_time() < 0.2: pass
          open(sys.argv[1]).read()
          os._exit(0)
        os.waitpid(child, 0)
        signal.pause()
        """, [go])
    try await probe.waitUntil(in: "wait4")
    var before = try await sample(probe)
    try letGo(go)
    try await eventually("the child's work") {
      before = try await sample(probe)
      return before.counters.cpuNanoseconds > 150_000_000 && before.processes == 2
    }
    try await eventually("the child's wait") {
      let child = try #require(try probe.tree().last)
      let channel = try ProcFolder.shared.text("\(child)/wchan")
      before = try await sample(probe)
      return channel.contains("partner")
    }
    try letGo(go)
    try await probe.waitUntil(in: "pause")
    let after = try await sample(probe)
    #expect(after.processes == 1)
    let growth = after.counters.cpuNanoseconds - before.counters.cpuNanoseconds
    // A tick of a hundredth of a second, and its rounding, is what the inheritance may add.
    #expect(growth >= 0 && growth < 60_000_000)
    #expect(after.counters.changes == before.counters.changes + 1)
  }

  @Test func followsAProcessThatLeavesItsSession() async throws {
    let folder = try TemporaryFolder()
    let go = folder.path("go")
    #expect(mkfifo(go, 0o600) == 0)
    let probe = try Probe(
      python: """
        import os, signal, sys
        if os.fork() == 0:
          os.setsid()
          if os.fork() == 0:
            signal.pause()
          open(sys.argv[1]).read()
          os._exit(0)
        os.wait()
        signal.pause()
        """, [go])
    try await eventually("three processes") { try await sample(probe).processes == 3 }
    try letGo(go)
    try await probe.waitUntil(in: "pause")
    #expect(try await sample(probe).processes == 2)
    // Without what was seen before, nobody could tell that it belongs to the tree.
    let stranger = try #require(await ActivitySampler().sample([probe.identity])[probe.identity])
    #expect(stranger.processes == 1)
    // The test must not leave it behind.
    for orphan in try orphans(of: probe) { kill(orphan, SIGKILL) }
  }

  /// Lets go of whoever waits for a named pipe's other end; waits until there is somebody.
  private func letGo(_ path: String) throws {
    let writer = open(path, O_WRONLY)
    try #require(writer >= 0)
    close(writer)
  }

  /// Processes that run the probe's own program under another parent.
  private func orphans(of probe: Probe) throws -> [Int32] {
    let line = try ProcFolder.shared.bytes("\(probe.processID)/cmdline")
    return try ProcFolder.shared.all().map(\.identity.processID).filter {
      $0 != probe.processID && (try? ProcFolder.shared.bytes("\($0)/cmdline")) == line
    }
  }

  @Test func tellsThatARootIsGone() async throws {
    var root: ProcessIdentity?
    do {
      let probe = try Probe(["/usr/bin/sleep", "600"])
      root = probe.identity
      _ = try await sample(probe)
    }
    let identity = try #require(root)
    let sample = try #require(await sampler.sample([identity])[identity])
    #expect(!sample.isRootThere && sample.processes == 0)
    #expect(sample.counters.changes == 1)
  }

  /// A child that comes and goes between two samples shows in its parent.
  @Test func neverCountsBackwards() async throws {
    let probe = try Probe(
      python: """
        import os
        while True:
          child = os.fork()
          if child == 0:
            sum(range(10000))
            os._exit(0)
          os.waitpid(child, 0)
        """)
    var last = try await sample(probe)
    for _ in 0..<30 {
      let next = try await sample(probe)
      let growth = next.counters - last.counters
      #expect(growth.cpuNanoseconds >= 0 && growth.readBytes >= 0 && growth.writtenBytes >= 0)
      last = next
    }
  }

  /// The cost that is promised: hundreds of runners every few seconds for less than one per cent of
  /// a processor. The bound here is that of a build without optimisation.
  @Test func costsLittle() async throws {
    let parent = try Probe([
      "/bin/sh", "-c", "for i in $(seq 200); do sleep 600 & done; wait",
    ])
    var roots: [ProcessIdentity] = []
    try await eventually("200 processes") {
      roots = try ProcessCensus.read().tree(of: parent.identity).dropFirst().map(\.identity)
      return roots.count == 200
    }
    let sampler = ActivitySampler()
    _ = sampler.sampleBlocking(roots)
    let rounds = 10
    let before = threadNanoseconds()
    for _ in 0..<rounds { #expect(sampler.sampleBlocking(roots).count == roots.count) }
    let each = Double(threadNanoseconds() - before) / Double(rounds) / 1e6
    #expect(each < 25, "\(each) ms for one sample of \(roots.count) runners, of 5000 ms")
  }

  private func threadNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
