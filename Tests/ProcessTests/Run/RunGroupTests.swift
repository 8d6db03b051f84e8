import CHoldfastSystem
import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

private let canMakeGroups: Bool = {
  var path = [CChar](repeating: 0, count: Int(HF_GROUP_PATH_BYTES))
  guard hf_group_path(getpid(), &path) == 0, hf_group_make(path) == 0 else { return false }
  return hf_group_remove(path) == 0
}()

/// A command's own control group, on machines that let one be made: as root, or where the service manager has delegated one.
@Suite(
  .timeLimit(.minutes(5)), .enabled(if: canMakeGroups, "no control group may be made here"))
struct RunGroupTests {
  /// Tells its group, and leaves a process that nothing but the group leads to: of another session, with no parent left.
  private static let escapee = """
    grep '^0::' /proc/self/cgroup > $F/group
    (setsid sh -c 'sleep 1000 & echo $! > $1/some; mv $1/some $1/pids' sh $F)

    """

  @Test func aCommandHasAGroupOfItsOwnAndItGoesWithIt() async throws {
    let bench = try RunBench()
    let ended = try await bench.run(script: Self.escapee)
    #expect(ended.status == 0, "\(ended.log)")
    try await bench.expectGone(try await bench.processes(1))
    let group = try Self.group(bench)
    #expect(group.contains("/holdfast-"), "\(group)")
    #expect(!Self.exists(group))
    let scan = try await bench.scan()
    #expect(try #require(scan.summary["cpu_seconds"]?.doubleValue) > 0)
    #expect(try #require(scan.summary["max_memory_bytes"]?.intValue) > 0)
  }

  @Test func theDeathOfRunnerAndGuardAtOnceLeavesNothing() async throws {
    let bench = try RunBench()
    let run = try bench.start(script: Self.escapee + "sleep 1000")
    let processes = try await bench.processes(1)
    let runner = try #require(run.runners.first)
    let guardian = try #require(ProcessTable.children(of: runner).first)
    // Neither may see the other's end.
    kill(guardian, SIGSTOP)
    kill(runner, SIGSTOP)
    kill(guardian, SIGKILL)
    kill(runner, SIGKILL)
    #expect(try await bench.end(of: run).status == 125)
    try await bench.expectGone(processes)
    let group = try Self.group(bench)
    _ = try await eventually("the end of \(group)", within: .seconds(60)) {
      Self.exists(group) ? nil : true
    }
  }

  private static func group(_ bench: RunBench) throws -> String {
    let line = try String(contentsOfFile: bench.folder.path("group"), encoding: .utf8)
    return String(line.dropFirst(3)).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func exists(_ group: String) -> Bool {
    ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].contains {
      FileManager.default.fileExists(atPath: $0 + group)
    }
  }
}
