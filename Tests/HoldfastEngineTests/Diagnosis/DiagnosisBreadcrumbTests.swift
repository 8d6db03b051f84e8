import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

@testable import HoldfastEngine

/// Breadcrumbs of real processes that are killed. The writer here is a program of Python that knows
/// nothing but the documented layout, as an operator's own would.
@Suite struct DiagnosisBreadcrumbTests {
  static let writer = """
    import mmap, os, signal, struct, sys, time
    M = 2**64 - 1
    def checksum(sequence, nanoseconds, head, text):
      h = 0xcbf29ce484222325
      words = [sequence, nanoseconds, head]
      whole = len(text) // 8 * 8
      words += struct.unpack("<%dQ" % (whole // 8), text[:whole])
      words.append(int.from_bytes(text[whole:], "little"))
      for word in words:
        h = (h ^ word) * 0x100000001b3 & M
        h = (h << 29 | h >> 35) & M
      return h or 1
    f = open(sys.argv[1], "r+b")
    m = mmap.mmap(f.fileno(), 65536)
    assert m[0:8] == b"HFCRUMB1"
    m[20:24] = struct.pack("<I", os.getpid())
    sequence = 0
    counts = [0] * 5
    def drop(kind, text):
      global sequence
      sequence += 1
      text = text.encode()[:480]
      count = counts[kind]
      counts[kind] += 1
      slot = 6 + count % 121 if kind == 4 else (kind - 1) * 2 + count % 2
      at = 512 * (slot + 1)
      now = time.monotonic_ns()
      head = kind | len(text) << 16
      m[at:at + 32] = struct.pack("<QQQQ", sequence, now, 0, head)
      m[at + 32:at + 32 + len(text)] = text
      m[at + 16:at + 24] = struct.pack("<Q", checksum(sequence, now, head, text))
    """

  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test func tellsWhatAKilledRunnerWasAbout() async throws {
    let file = try BreadcrumbFile.create(at: folder.path("crumbs"))
    let probe = try Probe(
      python: Self.writer + """

        drop(1, "fetch")
        drop(2, "https://bob:secret-word@example.com/page")
        for line in range(200): drop(4, "line %d" % line)
        drop(3, "robots delay of example.com")
        signal.pause()
        """, [file.path])
    try await probe.waitUntil(in: "pause")
    kill(probe.processID, SIGKILL)
    try await probe.waitUntil(state: "Z")

    let diagnosis = await Why().diagnose(
      .init(root: probe.identity, breadcrumbs: file, logLines: ["said on its way out"]))
    #expect(diagnosis.class == .exited)
    #expect(diagnosis.signal == "SIGKILL")
    #expect(
      diagnosis.evidence.breadcrumb
        == .init(
          step: "fetch", current: "https://bob:***@example.com/page",
          waitingFor: "robots delay of example.com"))
    #expect(diagnosis.evidence.logLines.suffix(2) == ["line 199", "said on its way out"])
    #expect(diagnosis.sentence.contains("in step “fetch”"))

    let trail = try file.harvest()
    #expect(trail.processID == probe.processID)
    #expect(trail.log.count == BreadcrumbLayout.ringSlots)
    #expect(trail.log.last?.text == "line 199")
    #expect(trail.tornSlots == 0)
    file.remove()
    #expect(throws: BreadcrumbFile.Failure.cannotRead(path: file.path, code: ENOENT)) {
      try file.harvest()
    }
  }

  /// Killed at any moment of its writing, at most the slot it was in is lost, and never the state
  /// before it.
  @Test func losesAtMostOneCrumbToAKill() async throws {
    for round in 0..<10 {
      let file = try BreadcrumbFile.create(at: folder.path("crumbs-\(round)"))
      let probe = try Probe(
        python: Self.writer + """

          n = 0
          while True:
            n += 1
            drop(2, "target %d" % n)
            drop(4, "line %d" % n)
          """, [file.path])
      try await eventually("log lines") { try file.harvest().log.count > 20 + round }
      kill(probe.processID, SIGKILL)
      try await probe.waitUntil(state: "Z")
      let trail = try file.harvest()
      #expect(trail.tornSlots <= 1)
      let target = try #require(trail.current?.text.split(separator: " ").last.flatMap { Int($0) })
      let line = try #require(trail.log.last?.text.split(separator: " ").last.flatMap { Int($0) })
      #expect(abs(target - line) <= 1)
    }
  }

  @Test func saysWhyThereAreNoCrumbs() async throws {
    let path = folder.path("short")
    try Data("HFCRUMB1".utf8).write(to: URL(fileURLWithPath: path))
    let probe = try Probe(["/usr/bin/sleep", "600"])
    let diagnosis = await Why().diagnose(
      .init(root: probe.identity, breadcrumbs: BreadcrumbFile(path: path)))
    #expect(diagnosis.evidence.breadcrumb == nil)
    #expect(
      diagnosis.evidence.gaps == [
        "no breadcrumbs: the breadcrumb file \(path): "
          + "a breadcrumb file has 65536 bytes, and this one 8"
      ])
  }

  @Test func followsNoLinkAndReadsNoDevice() throws {
    let link = folder.path("link")
    #expect(symlink("/etc/hostname", link) == 0)
    #expect(throws: BreadcrumbFile.Failure.cannotRead(path: link, code: ELOOP)) {
      try BreadcrumbFile(path: link).harvest()
    }
    #expect(throws: BreadcrumbFile.Failure.notAFile(path: "/dev/zero")) {
      try BreadcrumbFile(path: "/dev/zero").harvest()
    }
    let pipe = folder.path("fifo")
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(throws: BreadcrumbFile.Failure.notAFile(path: pipe)) {
      try BreadcrumbFile(path: pipe).harvest()
    }
  }
}
