import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// How `holdfast run` ends a command, and that nothing of it is left.
@Suite(.timeLimit(.minutes(5))) struct RunEndingTests {
  /// Leaves three processes: one in the group, one in a session of its own, one that has lost its parent.
  private static let family = """
    sleep 1000 & echo $! > $F/some
    setsid sleep 1000 & echo $! >> $F/some
    (setsid sh -c 'sleep 1000 & echo $!' >> $F/some)
    mv $F/some $F/pids

    """

  @Test func aLimitEndsAllOfIt() async throws {
    let bench = try RunBench()
    let ended = try await bench.run(
      ["--timeout", "1s"], script: Self.family + "sleep 1000")
    #expect(ended.status == 124)
    #expect(ended.log.contains("the command had its time"), "\(ended.log)")
    try await bench.expectGone(try await bench.processes(3))
    let scan = try await bench.scan()
    #expect(scan.status == .failed)
    #expect(scan.cleanupReason == "runtime_timeout")
    #expect(scan.summary["ended_by"] == "timeout")
  }

  @Test func whatIgnoresSIGTERMIsKilled() async throws {
    let bench = try RunBench()
    let ended = try await bench.run(
      ["--timeout", "500ms", "--kill-after", "500ms"],
      script: "trap '' TERM; \(Self.family) while :; do sleep 0.1; done")
    #expect(ended.status == 137)
    try await bench.expectGone(try await bench.processes(3))
  }

  @Test func silenceIsNotTakenForAHangWhileItWorks() async throws {
    let bench = try RunBench()
    let working = try await bench.run(
      ["--stall", "2s"],
      script: "end=$(($(date +%s) + 3)); while [ $(date +%s) -lt $end ]; do :; done")
    #expect(working.status == 0, "\(working.log)")
    let silent = try await bench.run(["--no-output", "1s"], script: "while :; do :; done")
    #expect(silent.status == 124)
    let hung = try await bench.run(["--stall", "1s"], ["sleep", "1000"])
    #expect(hung.status == 124)
    #expect(hung.log.contains("the command hung"), "\(hung.log)")
    #expect(try await bench.scan(3).cleanupReason == "progress_stalled")
  }

  @Test func signalsArePassedOn() async throws {
    let bench = try RunBench()
    let polite = try bench.start(
      script: "trap 'echo bye; exit 5' TERM; echo $$ > $F/pids; while :; do sleep 0.05; done")
    _ = try await bench.processes(1)
    polite.signal(SIGTERM)
    let ended = try await bench.end(of: polite)
    #expect(ended.status == 5)
    #expect(ended.output == "bye\n")

    let plain = try bench.start(script: "echo $$ > $F/plain; exec sleep 1000")
    _ = try await bench.processes(1, in: "plain")
    plain.signal(SIGINT)
    #expect(try await bench.end(of: plain).status == 128 + SIGINT)
    let scan = try await bench.scan(2)
    #expect(scan.status == .cancelled)
  }

  @Test func itsOwnDeathEndsAllOfIt() async throws {
    let bench = try RunBench()
    let run = try bench.start(["--name", "nightly"], script: Self.family + "sleep 1000")
    let processes = try await bench.processes(3)
    let second = try await bench.run(["--name", "nightly"], ["true"])
    #expect(second.status == 75)
    #expect(second.log.contains("already in progress"), "\(second.log)")
    try await run.kill9()
    try await bench.expectGone(processes)
    // What it left is out of the way at once.
    let next = try await bench.run(["--name", "nightly"], ["true"])
    #expect(next.status == 0, "\(next.log)")
    #expect(try await bench.scan(1).status == .failed)
    #expect(try await bench.scan(2).status == .completed)
  }

  @Test func theDeathOfItsRunnerEndsAllOfItAndRunsNothingTwice() async throws {
    let bench = try RunBench()
    let run = try bench.start(script: Self.family + "sleep 1000")
    let processes = try await bench.processes(3)
    let runner = try #require(run.runners.first)
    kill(runner, SIGKILL)
    let ended = try await bench.end(of: run)
    #expect(ended.status == 125)
    try await bench.expectGone(processes)
    let scan = try await bench.scan()
    #expect(scan.status == .failed)
    #expect(scan.cleanupReason == "runner_crashed")
    #expect(scan.attempt == 1)
  }

  @Test func theDeathOfItsGuardEndsAllOfIt() async throws {
    let bench = try RunBench()
    let run = try bench.start(script: Self.family + "sleep 1000")
    let processes = try await bench.processes(3)
    let runner = try #require(run.runners.first)
    let guardian = try #require(ProcessTable.children(of: runner).first)
    kill(guardian, SIGKILL)
    #expect(try await bench.end(of: run).status == 128 + SIGKILL)
    try await bench.expectGone(processes)
  }

  @Test func whatCanGoOnIsRunAgainAfterADeath() async throws {
    let bench = try RunBench()
    let run = try bench.start(
      ["--resume"],
      script: """
        echo $$ >> $F/pids
        [ "$HOLDFAST_ATTEMPT" = 1 ] && exec sleep 1000
        echo "attempt $HOLDFAST_ATTEMPT"
        """)
    _ = try await bench.processes(1)
    kill(try #require(run.runners.first), SIGKILL)
    let ended = try await bench.end(of: run)
    #expect(ended.status == 0, "\(ended.log)")
    #expect(ended.output == "attempt 2\n")
    #expect(try await bench.scan().status == .completed)
  }
}
