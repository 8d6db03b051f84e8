import Foundation
import Glibc
import HoldfastTestKit
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import HoldfastEngine

/// Runners started ahead.
@Suite struct RunnerPoolTests {
  /// Its scan would wait for minutes until its silence showed.
  @Test func aStoppedSpareIsGivenNoScan() async throws {
    let folder = try TemporaryFolder()
    let note = folder.path("pids")
    let group = MultiThreadedEventLoopGroup.singleton
    let host = RunnerHost(
      command: ScriptedRunner([.noteProcessID(note), .ready, .awaitStart]).command,
      limits: .init(), inherited: ["PATH": "/usr/bin:/bin"], group: group)
    var logger = Logger(label: "pool")
    logger.logLevel = .critical
    let pool = RunnerPool(
      host: host, size: 2, bell: Doorbell(eventLoop: group.next()), logger: logger)
    func processIDs() throws -> [Int32] {
      // Nobody has written to it yet, or not a whole line.
      guard let text = try? String(contentsOfFile: note, encoding: .utf8) else { return [] }
      return text.split(separator: "\n").compactMap { Int32($0) }
    }
    try await withThrowingTaskGroup { tasks in
      tasks.addTask { await pool.run() }
      defer { pool.end() }
      try await eventually("two spares") {
        try pool.spareCount == 2 && processIDs().count == 2
      }
      let stopped = try processIDs()
      for id in stopped { kill(id, SIGSTOP) }
      try await eventually("they are stopped") { stopped.allSatisfy(LinuxProcess.isStopped) }
      let taken = try await pool.take()
      #expect(!stopped.contains(taken.processID) && !taken.isStopped)
      for id in stopped { #expect(kill(id, 0) != 0 && errno == ESRCH, "it does not stay behind") }
      taken.signalGroup(SIGKILL)
      await taken.ended()
      taken.closePipes()
    }
    host.shutDown()
  }
}
