import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// A signal that comes before the command: while the database is locked or away, nobody who wants an end waits for it.
@Suite(.timeLimit(.minutes(5))) struct RunEarlySignalTests {
  @Test func aLockedDatabaseHoldsNobodyUp() async throws {
    let bench = try RunBench()
    #expect(try await bench.run([], ["true"]).status == 0)
    let lock = try Lock(of: bench.folder.path("data/holdfast.db"), in: bench.folder)
    try await lock.isHeld()
    let run = try bench.start(script: "touch $F/never")
    try await Self.end(run, by: SIGTERM)
    #expect(try await bench.end(of: run).status == 128 + SIGTERM)
    #expect(!FileManager.default.fileExists(atPath: bench.folder.path("never")))
    lock.release()
    // Nothing of it stands in the way.
    #expect(try await bench.run([], ["true"]).status == 0)
  }

  @Test func aDatabaseThatDoesNotAnswerHoldsNobodyUp() async throws {
    let bench = try RunBench()
    // The kernel takes the connection; nobody answers on it.
    let deaf = try SilentListener()
    let run = try bench.start(
      ["--database", "postgres://nobody@127.0.0.1:\(deaf.port)/none"], ["true"])
    try await Self.end(run, by: SIGINT)
    let ended = try await bench.end(of: run)
    #expect(ended.status == 128 + SIGINT, "\(ended.log)")
    withExtendedLifetime(deaf) {}
  }

  /// Sends the signal from when it does not end the process by itself any more, again and again: one that comes while it is being trapped
  /// is lost.
  private static func end(_ run: HoldfastProcess, by signal: Int32) async throws {
    _ = try await eventually("the end by a signal", within: .seconds(60)) {
      let caught = ProcessTable.status("SigCgt", of: run.processID)
        .flatMap { UInt64($0, radix: 16) }
      if let caught, caught >> UInt64(signal - 1) & 1 == 1 { run.signal(signal) }
      return run.isRunning ? nil : true
    }
  }
}

/// Holds the database's write lock, as another program would.
private final class Lock: Sendable {
  private let process: ChildProcess
  private let guardian: Guardian
  private let note: String

  init(of database: String, in folder: TemporaryFolder) throws {
    let pipe = folder.path("lock-input")
    try #require(mkfifo(pipe, 0o600) == 0)
    // Open both ways, so that it has no end.
    let input = try StreamFile(pipe, O_RDWR)
    let null = try StreamFile("/dev/null", O_WRONLY)
    note = folder.path("locked")
    process = try ChildProcess(
      ["sqlite3", "-batch", database], input: input.descriptor, output: null.descriptor,
      error: null.descriptor)
    guardian = try Guardian("kill -KILL \"$1\" 2>/dev/null", ["\(process.processID)"])
    let words = Array("BEGIN IMMEDIATE;\n.shell touch \(note)\n".utf8)
    try #require(write(input.descriptor, words, words.count) == words.count)
  }

  func isHeld() async throws {
    _ = try await eventually("the lock", within: .seconds(60)) {
      FileManager.default.fileExists(atPath: note) ? true : nil
    }
  }

  func release() {
    process.signal(SIGKILL)
    _ = process.waitUntilEnd()
    guardian.dismiss()
  }
}
