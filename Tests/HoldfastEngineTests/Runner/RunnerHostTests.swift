import Foundation
import Glibc
import HoldfastTestKit
import NIOCore
import NIOPosix
import Testing

@testable import HoldfastEngine

/// Real child processes.
@Suite struct RunnerHostTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  func host(_ runner: ScriptedRunner, limits: RunnerLimits = .init()) -> RunnerHost {
    RunnerHost(
      command: runner.command, limits: limits,
      inherited: ["PATH": "/usr/bin:/bin", "DATABASE_URL": "postgres://secret", "TZ": "UTC"],
      group: MultiThreadedEventLoopGroup.singleton)
  }

  /// Everything that a runner says and how it ends.
  func outcome(of process: RunnerProcess) async -> (output: String, exit: RunnerExit?) {
    let (events, inbox) = AsyncStream<RunnerProcess.Event>.makeStream()
    process.attach { inbox.yield($0) }
    process.readMore()
    var (output, exit, stillOpen) = ("", RunnerExit?.none, 2)
    for await event in events {
      switch event {
      case .output(let bytes):
        output += String(buffer: bytes)
        process.readMore()
      case .outputEnded, .errorsEnded: stillOpen -= 1
      case .exited(let how): exit = how
      case .silent: break
      }
      if stillOpen == 0 && exit != nil { break }
    }
    process.closePipes()
    return (output, exit)
  }

  @Test func tellsHowAProcessEnds() async throws {
    let exited = try await host(ScriptedRunner([.say("hello"), .exit(3)])).start()
    #expect(await outcome(of: exited) == ("hello\n", .exited(status: 3)))
    let killed = try await host(ScriptedRunner([.killItself(signal: "SEGV")])).start()
    #expect(await outcome(of: killed).exit == .signalled(SIGSEGV))
  }

  @Test func aProgramThatIsNotThereIsAClearError() async {
    let host = RunnerHost(
      command: ["/nowhere/runner"], limits: .init(), inherited: [:],
      group: MultiThreadedEventLoopGroup.singleton)
    await #expect(
      throws: RunnerError.cannotStart(
        program: "/nowhere/runner", reason: "No such file or directory")
    ) { try await host.start() }
  }

  @Test func inheritsNoSecretNoDescriptorAndNoFolder() async throws {
    // A descriptor that would be inherited if nothing closed it.
    let leaked = open("/dev/null", O_RDONLY)
    defer { close(leaked) }
    let path = folder.path("surroundings")
    let limits = RunnerLimits(memoryBytes: 1_000_000, openFiles: 64)
    let runner = ScriptedRunner([.noteSurroundings(path)])
    _ = await outcome(of: try await host(runner, limits: limits).start())
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    let variables = Set(lines.filter { $0.contains("=") && !$0.hasPrefix("PWD=") })
    #expect(
      variables == [
        "PATH=/usr/bin:/bin", "TZ=UTC", "LANG=C.UTF-8", "LC_ALL=C.UTF-8",
        "HOLDFAST_LIMIT_MEMORY_BYTES=1000000", "HOLDFAST_LIMIT_OPEN_FILES=64",
        "HOLDFAST_END_WITH_PARENT=kill",
      ])
    // 3 may be the shell's own, for the redirection that writes this file.
    let descriptors = lines.filter { $0.hasPrefix("fd ") }.compactMap { Int($0.dropFirst(3)) }
    #expect(descriptors.filter { $0 < 10 && $0 > 3 } == [])
    #expect(lines.last == "/")
  }

  @Test func leadsASessionAndAGroupOfItsOwn() async throws {
    let process = try await host(ScriptedRunner([.awaitInputEnd])).start()
    #expect(getsid(process.processID) == process.processID)
    #expect(getpgid(process.processID) == process.processID)
    process.closeInput()
    #expect(await outcome(of: process).exit == .exited(status: 0))
  }

  @Test func killsWhatAnEndedRunnerLeavesOfItsGroup() async throws {
    let note = folder.path("lingerer")
    let process = try await host(ScriptedRunner([.startLingerer(noteIn: note), .exit(0)])).start()
    #expect(await outcome(of: process).exit == .exited(status: 0))
    let id = try #require(
      Int32(try String(contentsOfFile: note, encoding: .utf8).split(separator: "\n")[0]))
    // It was killed before its leader was reaped; it may still be a zombie of whoever adopted it.
    try await eventually("the lingerer is gone") {
      let stat = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)
      return stat.map { $0.contains(") Z ") } ?? true
    }
  }

  @Test func aSignalAfterTheEndReachesNobody() async throws {
    let process = try await host(ScriptedRunner([.exit(0)])).start()
    _ = await outcome(of: process)
    // Would reach another process if ids were used carelessly; here it must simply do nothing.
    process.signalGroup(SIGKILL)
    #expect(process.hasExited)
  }

  @Test func aFloodOnStandardErrorCostsItsLastLinesOnly() async throws {
    let process = try await host(
      ScriptedRunner([.floodError(lines: 50_000), .say("still here"), .exit(0)])
    ).start()
    #expect(await outcome(of: process).output == "still here\n")
    try await eventually("the last line has come") { process.errorTail.last == "flood 50000" }
    #expect(process.errorTail.count == 20)
  }

  @Test func aRunnerIsReadOnlyOnDemand() async throws {
    // 1 MB does not fit into the pipe: the runner cannot go on until it is read.
    let done = folder.path("done")
    let process = try await host(
      ScriptedRunner([.sayGiantLine(bytes: 1 << 20), .touch(done), .exit(0)])
    ).start()
    #expect(access(done, F_OK) != 0)
    #expect(await outcome(of: process).output.utf8.count == (1 << 20) + 1)
    #expect(access(done, F_OK) == 0)
  }
}
