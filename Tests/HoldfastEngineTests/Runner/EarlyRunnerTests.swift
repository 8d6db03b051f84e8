import Foundation
import Glibc
import HoldfastTestKit
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import HoldfastEngine

/// A runner that is there before its worker.
@Suite struct EarlyRunnerTests {
  let folder: TemporaryFolder
  private let note: String

  init() throws {
    folder = try TemporaryFolder()
    note = folder.path("pids")
  }

  private func earlyRunner(life: String) -> EarlyRunner {
    EarlyRunner(
      life: life,
      command: ScriptedRunner([.noteProcessID(note), .ready, .awaitInputEnd]).command,
      dataDirectory: folder.path("data"),
      attachment: RunnerAttachment(environment: ["PATH": "/usr/bin:/bin"], descriptors: []),
      onTrouble: { Issue.record("\($0)") })
  }

  private func processID() async throws -> Int32 {
    try await eventually("the runner", within: .seconds(60)) {
      // Nobody has written to it yet, or not a whole line.
      let text = try? String(contentsOfFile: note, encoding: .utf8)
      return text?.split(separator: "\n", omittingEmptySubsequences: false).dropLast().first
        .flatMap { Int32($0) }
    }
  }

  @Test func theFirstAttemptHasIt() async throws {
    let early = earlyRunner(life: "life")
    let first = try await processID()
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let pool = RunnerPool(
      host: early.host, early: early, size: 0, bell: Doorbell(eventLoop: loop),
      logger: Logger(label: "pool"))
    let taken = try await pool.take()
    #expect(taken.processID == first)
    #expect(taken.breadcrumbs?.path == folder.path("data/breadcrumbs/life/runner-1"))
    let next = try await pool.take()
    #expect(next.processID != first)
    for runner in [taken, next] { await RunnerPool.discard(runner) }
    await early.end()
  }

  @Test func whatNobodyTakesLeavesNothing() async throws {
    let early = earlyRunner(life: "life")
    let process = try await processID()
    await early.end()
    #expect(kill(process, 0) != 0 && errno == ESRCH)
    #expect(Journal.names(in: folder.path("data/breadcrumbs")) == [])
    #expect(await early.take() == nil)
  }
}
