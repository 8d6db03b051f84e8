import CHoldfastSystem
import Foundation
import HoldfastTestKit
import Testing

/// What a control group's files tell, read from files as the kernel writes them.
@Suite struct ControlGroupTests {
  private func usage(_ files: [String: String]) throws -> hf_group_usage {
    let folder = try TemporaryFolder(prefix: "holdfast-group")
    for (name, text) in files {
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path(name)))
    }
    var usage = hf_group_usage()
    hf_group_read_usage(folder.path, &usage)
    return usage
  }

  @Test func allFiguresAreRead() throws {
    let usage = try usage([
      "cpu.stat": "usage_usec 2741\nuser_usec 1000\nsystem_usec 1741\n",
      "memory.peak": "73728000\n",
      "memory.events": "low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 0\n",
      "io.stat":
        "254:0 rbytes=4096 wbytes=1000 rios=1 wios=1 dbytes=0 dios=0\n8:0 rbytes=1 wbytes=24 rios=1\n",
    ])
    #expect(usage.cpu_microseconds == 2741)
    #expect(usage.memory_peak_bytes == 73_728_000)
    #expect(usage.memory_kills == 3)
    #expect(usage.disk_read_bytes == 4097)
    #expect(usage.disk_written_bytes == 1024)
  }

  @Test func whatTheKernelDoesNotCountIsNotThere() throws {
    let usage = try usage(["cpu.stat": "user_usec 1\n", "memory.events": ""])
    #expect(usage.cpu_microseconds == -1)
    #expect(usage.memory_peak_bytes == -1)
    #expect(usage.memory_kills == -1)
    #expect(usage.disk_read_bytes == -1)
  }
}
