import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// What a command may do to whoever runs it: floods, and disks that are full.
@Suite(.timeLimit(.minutes(5))) struct RunBadInputTests {
  /// The most memory that a process has had, in bytes.
  private static func peak(of process: Int32) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    let kilobytes = try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first)
    return try #require(Int(kilobytes)) * 1024
  }

  @Test func aFloodWithoutALineBreakTakesNoMemoryAndStarvesNobody() async throws {
    let bench = try RunBench()
    let run = try bench.start(
      ["--name", "flood"],
      script: """
        head -c 200000000 /dev/zero
        head -c 200000000 /dev/zero >&2
        echo $$ > $F/some; mv $F/some $F/pids
        while ! [ -e $F/go ]; do sleep 0.05; done
        """)
    _ = try await eventually("the flood's scan", within: .seconds(60)) { try await bench.find() }
    let other = try await bench.run(["--name", "other"], ["true"])
    #expect(other.status == 0, "\(other.log)")
    _ = try await bench.processes(1)
    let runner = try #require(run.runners.first)
    // Both are some tens of megabytes in a debug build; what flowed through them is 400.
    #expect(try Self.peak(of: runner) < 150_000_000)
    #expect(try Self.peak(of: run.processID) < 200_000_000)
    try Data().write(to: URL(fileURLWithPath: bench.folder.path("go")))
    guard case .exited(0) = try await run.waitForEnd(within: .seconds(120)) else {
      Issue.record("it did not end well: \(run.log.suffix(2000))")
      return
    }
    let scan = try await bench.scan()
    #expect(scan.status == .completed)
    #expect(scan.progress?.bytes == 400_000_000)
    #expect(scan.progressMessage?.utf8.count ?? 0 < 1000)
  }

  /// A file system of its own takes a name space of its own, which only root may make.
  @Test(.enabled(if: geteuid() == 0, "mounting a small file system needs root"))
  func aFullDiskIsToldAndTakesNothingWithIt() async throws {
    let bench = try RunBench()
    let data = bench.folder.path("data")
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    // The command fills the disk itself, in the middle of its run; its output and its status are its own all the same.
    let script = """
      mount -t tmpfs -o size=4m none \(data) || exit 99
      H="\(try HoldfastProcess.binary) run --data-dir \(data)"
      $H -- sh -c 'echo first; head -c 9000000 /dev/zero > \(data)/filler; echo second; exit 3'
      echo "status $?"
      $H -- echo never
      echo "status $?"
      rm \(data)/filler
      $H -- echo third
      echo "status $?"
      """
    let output = try StreamFile(bench.folder.path("out"), O_WRONLY | O_CREAT)
    let errors = try StreamFile(bench.folder.path("err"), O_WRONLY | O_CREAT)
    let null = try StreamFile("/dev/null", O_RDONLY)
    let process = try ChildProcess(
      ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
      input: null.descriptor, output: output.descriptor, error: errors.descriptor)
    let end = try await eventually("the end of three runs", within: .seconds(120)) { process.end }
    let said = try String(contentsOfFile: bench.folder.path("out"), encoding: .utf8)
    let log = try String(contentsOfFile: bench.folder.path("err"), encoding: .utf8)
    #expect(end == .exited(0), "\(log)")
    #expect(said == "first\nsecond\nstatus 3\nstatus 125\nthird\nstatus 0\n", "\(log)")
    #expect(log.contains("disk is full"), "\(log)")
  }
}
