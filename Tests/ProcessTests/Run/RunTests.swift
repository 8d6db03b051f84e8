import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// `holdfast run`: a command as it is, with its own streams and status.
@Suite(.timeLimit(.minutes(5))) struct RunTests {
  @Test func aCommandIsPassedThrough() async throws {
    let bench = try RunBench()
    let fine = try await bench.run(script: "echo out; echo err >&2; pwd; echo $HOLDFAST_ATTEMPT")
    #expect(fine.status == 0, "\(fine.log)")
    #expect(fine.output.hasPrefix("out\n/"))
    #expect(fine.output.hasSuffix("\n1\n"))
    #expect(fine.log == "err\n")
    let scan = try await bench.scan()
    #expect(scan.status == .completed)
    #expect(scan.kind == "command")
    #expect(scan.progress?.done == 4)
    #expect(scan.summary["exit_status"] == 0)
    #expect(scan.summary["last_lines"] == ["err"])
    #expect(try #require(scan.summary["max_memory_bytes"]?.intValue) > 0)

    let failing = try await bench.run(script: "echo why >&2; exit 3")
    #expect(failing.status == 3)
    #expect(failing.log == "why\n")
    let failed = try await bench.scan(2)
    #expect(failed.status == .failed)
    #expect(failed.attempt == 1)
    #expect(
      failed.errorMessage == "the command exited with status 3; its last lines: why")
    let killed = try await bench.run(script: "kill -SEGV $$")
    #expect(killed.status == 128 + SIGSEGV)
  }

  @Test func whatCannotRunSaysSo() async throws {
    let bench = try RunBench()
    let missing = try await bench.run([], ["/nonexistent/program"])
    #expect(missing.status == 127)
    #expect(missing.log.contains("could not be started: No such file or directory"))
    let refused = try await bench.run([], ["/etc/passwd"])
    #expect(refused.status == 126)
    let wrong = try await bench.run(["--timeout", "soon"], ["true"])
    #expect(wrong.status == 125)
    let mistyped = try await bench.run(["--tiemout", "3"], ["true"])
    #expect(mistyped.status == 125)
    #expect(mistyped.log.contains("there is no option “--tiemout”"), "\(mistyped.log)")
    #expect(try await bench.scan(2).status == .failed)
  }

  @Test func secretsOfTheCommandLineAreNotKept() async throws {
    let bench = try RunBench()
    let ran = try await bench.run(
      [], ["sh", "-c", "exit 0", "--password", "hunter2", "--token=abcdef"])
    #expect(ran.status == 0)
    let scan = try await bench.scan()
    #expect(!scan.target.contains("hunter2"))
    #expect(!"\(scan.params)".contains("hunter2"))
    #expect(!"\(scan.params)".contains("abcdef"))
  }

  @Test func aCommandThatClosesItsOutputGoesOn() async throws {
    let bench = try RunBench()
    let ended = try await bench.run(script: "exec >&- 2>&-; sleep 0.2; exit 4")
    #expect(ended.status == 4)
  }

  @Test func whatItLeavesInTheBackgroundHoldsNothingUp() async throws {
    let bench = try RunBench()
    let ended = try await bench.run(
      script: "setsid sleep 1000 & echo $! > $F/pids; sleep 1000 & echo $! >> $F/pids; exit 0")
    #expect(ended.status == 0)
    try await bench.expectGone(try await bench.processes(2))
  }

  @Test func aFloodThatIsNoTextIsPassedOnWhole() async throws {
    let bench = try RunBench()
    let command = "head -c 40000000 /dev/urandom | tee $F/random"
    #expect(try bench.shell("holdfast -- sh -c '\(command)' > $F/copy") == .exited(0))
    #expect(try bench.shell("cmp $F/copy $F/random") == .exited(0))
    #expect(try await bench.scan().progress?.bytes == 40_000_000)
  }

  @Test func aReaderThatGoesAwayEndsTheCommand() async throws {
    let bench = try RunBench()
    #expect(try bench.shell("holdfast -- yes | head -n 3") == .exited(0))
    let scan = try await eventually("the scan's end", within: .seconds(60)) {
      let scan = try await bench.scan()
      return scan.status.isTerminal ? scan : nil
    }
    #expect(scan.summary["signal"] == .int(Int64(SIGPIPE)))
  }

  /// It brings some twenty libraries along, which would be loaded for every command.
  @Test func aRunnerLoadsNoClientOfPostgreSQL() async throws {
    let bench = try RunBench()
    let ended = try await bench.run(
      script: "wc -l < /proc/$PPID/maps; grep -c -e libpq -e libldap /proc/$PPID/maps")
    let counts = ended.output.split(separator: "\n").compactMap { Int($0) }
    #expect(counts.count == 2 && counts.first ?? 0 > 10 && counts.last == 0, "\(ended.output)")
  }

  /// A runner is started before it is known whether it is needed, and it can be killed before it is.
  @Test func whatCameToNothingLeavesNothing() async throws {
    let bench = try RunBench()
    let crumbs = bench.folder.path("data/breadcrumbs")
    let files = FileManager.default
    for name in ["gone/runner-1", "other/00000000-0000-7000-8000-000000000001.1.1"] {
      let path = "\(crumbs)/\(name)"
      try files.createDirectory(
        atPath: URL(filePath: path).deletingLastPathComponent().path,
        withIntermediateDirectories: true)
      #expect(files.createFile(atPath: path, contents: Data()))
    }
    let first = try bench.start(["--name", "one"], script: "touch $F/begun; exec sleep 1000")
    _ = try await eventually("the first", within: .seconds(60)) {
      files.fileExists(atPath: bench.folder.path("begun")) ? true : nil
    }
    #expect(try await bench.run(["--name", "one"], ["true"]).status == 75)
    #expect(
      try files.contentsOfDirectory(atPath: crumbs).count == 2, "the first one's and another's")
    first.signal(SIGTERM)
    _ = try await bench.end(of: first)
    #expect(
      try files.contentsOfDirectory(atPath: crumbs) == ["other"], "of a database of its own")
  }
}
