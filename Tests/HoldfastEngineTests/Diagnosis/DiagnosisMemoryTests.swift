import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

@testable import HoldfastEngine

/// Real kills for want of memory, in a control group of the test's own.
@Suite struct DiagnosisMemoryTests {
  /// A memory group with a limit, removed with the test; `nil` where this user cannot make one.
  final class Group: Sendable {
    static let isPossible = (try? Group()) != nil

    let path: String
    private let isUnified: Bool

    init() throws {
      let root = "/sys/fs/cgroup"
      isUnified = FileManager.default.fileExists(atPath: root + "/cgroup.controllers")
      path = "\(root)\(isUnified ? "" : "/memory")/holdfast-test-\(UUID().uuidString)"
      guard mkdir(path, 0o755) == 0 else { throw WaitedTooLong(description: "no \(path)") }
      try set(isUnified ? "memory.max" : "memory.limit_in_bytes", "\(96 << 20)")
      // A machine that swaps would only slow down.
      if isUnified { try set("memory.swap.max", "0") }
    }

    private func set(_ name: String, _ value: String) throws {
      // Opened and not created: a group without the file has no such limit.
      let descriptor = open("\(path)/\(name)", O_WRONLY)
      defer { close(descriptor) }
      guard write(descriptor, value, value.utf8.count) == value.utf8.count else {
        throw WaitedTooLong(description: "cannot set \(path)/\(name)")
      }
    }

    deinit { rmdir(path) }
  }

  @Test(.enabled(if: Group.isPossible, "control groups of memory must be allowed"))
  func saysThatTheKernelKilledForWantOfMemory() async throws {
    let folder = try TemporaryFolder()
    let go = folder.path("go")
    #expect(mkfifo(go, 0o600) == 0)
    let group = try Group()
    var diagnosis: Diagnosis?
    do {
      let probe = try Probe(
        python: """
          import os, sys
          open(sys.argv[1] + "/cgroup.procs", "w").write(str(os.getpid()))
          open(sys.argv[2]).read()
          held = []
          while True: held.append(b"x" * (1 << 20))
          """, [group.path, go])
      try await eventually("its move into the group") {
        try ProcFolder.shared.text("\(probe.processID)/cgroup").contains("holdfast-test")
      }
      let watch = OutOfMemoryWatch(near: probe.processID)
      #expect(watch.kills() == 0)
      let before = await Why().diagnose(.init(root: probe.identity, watch: watch))
      #expect(before.evidence.memory?.limitBytes == 96 << 20)
      close(open(go, O_WRONLY))
      try await probe.waitUntil(state: "Z")
      #expect(watch.kills() == 1)
      diagnosis = await Why().diagnose(
        .init(root: probe.identity, watch: watch, lastMemory: before.evidence.memory))
    }
    #expect(diagnosis?.class == .outOfMemory)
    #expect(diagnosis?.signal == "SIGKILL")
    #expect(diagnosis?.sentence.hasPrefix("Out of memory: the kernel killed it") == true)
  }
}
