import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// Where `scripts/bootstrap test` has installed pip and Scrapy.
private let pythonPrograms = URL(fileURLWithPath: #filePath)
  .appendingPathComponent("../../../../.build/programs/bin").standardized.path

/// Whether pip and Scrapy are there; where `CI` is set they have to be, and a test that does not find them fails.
private let mayRunPythonPrograms =
  ProcessInfo.processInfo.environment["CI"] != nil
  || FileManager.default.isExecutableFile(atPath: pythonPrograms + "/scrapy")

/// Programs that nobody wrote for Holdfast, as they are: to their end, killed, stopped and hung in the middle. `scripts/bootstrap test`
/// installs them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RealProgramTests {
  private static func find(_ program: String) throws -> String {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(
      separator: ":")
    let path = folders.map { "\($0)/\(program)" }.first(
      where: FileManager.default.isExecutableFile)
    return try #require(path, "\(program) is not installed: `scripts/bootstrap test` does that")
  }

  /// A program of the folder of Python programs that the same script makes.
  private static func python(_ program: String) throws -> String {
    let path = "\(pythonPrograms)/\(program)"
    try #require(
      FileManager.default.isExecutableFile(atPath: path),
      "\(path) is not there: `scripts/bootstrap test` installs it")
    return path
  }

  private static func fill(_ folder: String, files: Int, bytes: Int) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let data = Data(repeating: 7, count: bytes)
    for number in 0..<files {
      try data.write(to: URL(fileURLWithPath: "\(folder)/\(number)"))
    }
  }

  // MARK: rsync

  @Test func rsyncCopiesAndIsKilled() async throws {
    let rsync = try Self.find("rsync")
    let bench = try RunBench()
    try Self.fill(bench.folder.path("from"), files: 20, bytes: 100_000)
    let (from, to) = (bench.folder.path("from") + "/", bench.folder.path("to") + "/")
    let whole = try await bench.run([], [rsync, "-a", "--info=progress2", from, to])
    #expect(whole.status == 0, "\(whole.log)")
    let scan = try await bench.scan()
    #expect(scan.status == .completed)
    #expect(scan.progress?.unit == "percent")
    #expect(scan.progress?.percentage == 100)

    let slow = try bench.start(
      [], [rsync, "-a", "--bwlimit=20", "--info=progress2", from, bench.folder.path("again")])
    _ = try await eventually("progress of rsync", within: .seconds(60)) {
      let progress = try await bench.find(2)?.progress
      return progress?.unit == "percent" && progress?.done ?? 0 > 0 ? true : nil
    }
    kill(try await bench.program("rsync", of: slow), SIGKILL)
    let ended = try await bench.end(of: slow)
    // Its other half sees the end of its pipe, or the signal is its own: rsync itself says 20 or 12.
    #expect(ended.status != 0)
    let failed = try await bench.scan(2)
    #expect(failed.status == .failed)
    #expect(failed.progress?.percentage ?? 100 < 100)
  }

  // MARK: tar

  @Test func tarPacksAndIsStopped() async throws {
    let tar = try Self.find("tar")
    let bench = try RunBench()
    try Self.fill(bench.folder.path("from"), files: 300, bytes: 100)
    let whole = try await bench.run(
      [], [tar, "-cvf", "/dev/null", "-C", bench.folder.path, "from"])
    #expect(whole.status == 0, "\(whole.log)")
    let scan = try await bench.scan()
    #expect(scan.progress?.unit == "lines")
    #expect(scan.progress?.done == 301)

    // Two records of an archive from a pipe that nobody writes to any more: it waits in the middle of its work.
    let stopped = try bench.start(
      script: """
        mkfifo $F/pipe
        echo begun > $F/pids.some
        exec 3<>$F/pipe
        (cd $F && tar -cf - from | head -c 20480) >&3
        echo $$ > $F/pids
        exec tar -xvf - -C $F < $F/pipe
        """)
    _ = try await bench.processes(1)
    _ = try await eventually("tar at work", within: .seconds(60)) {
      try await bench.find(2)?.progress?.done ?? 0 > 0 ? true : nil
    }
    stopped.signal(SIGTERM)
    #expect(try await bench.end(of: stopped).status == 128 + SIGTERM)
    #expect(try await bench.scan(2).status == .cancelled)
    try await bench.expectGone(try await bench.processes(1))
  }

  // MARK: wget

  @Test func wgetLoadsAndHangs() async throws {
    let wget = try Self.find("wget")
    let bench = try RunBench()
    let server = try await PortalServer.start(in: bench.folder)
    let whole = try await bench.run(
      [], [wget, "--progress=bar:force", "-O", "/dev/null", server.url("/whole")])
    #expect(whole.status == 0, "\(whole.log)")
    #expect(try await bench.scan().progress?.percentage == 100)

    let hung = try await bench.run(
      ["--stall", "3s"],
      [wget, "--progress=dot", "-O", "/dev/null", server.url("/half")])
    #expect(hung.status == 124)
    #expect(hung.log.contains("found: Waiting on the network"), "\(hung.log)")
    #expect(hung.log.contains("127.0.0.1:\(server.port)"), "\(hung.log)")
    let scan = try await bench.scan(2)
    #expect(scan.cleanupReason == "progress_stalled")
    let share = try #require(scan.progress?.percentage)
    #expect(share > 30 && share < 70, "\(share)")
  }

  // MARK: pip

  @Test(.enabled(if: mayRunPythonPrograms, "`scripts/bootstrap test` has not installed them"))
  func pipInstallsAndHangs() async throws {
    let pip = try Self.python("pip")
    let bench = try RunBench()
    let server = try await PortalServer.start(in: bench.folder)
    func arguments(_ index: String) -> [String] {
      [
        pip, "install", "--progress-bar=raw", "--no-cache-dir", "--no-deps",
        "--disable-pip-version-check", "--retries=0", "--target", bench.folder.path("installed"),
        "--index-url", server.url(index), "tenders",
      ]
    }
    let whole = try await bench.run([], arguments("/index"))
    #expect(whole.status == 0, "\(whole.output) \(whole.log)")
    #expect(try await bench.scan().progress?.percentage == 100)
    #expect(
      FileManager.default.fileExists(atPath: bench.folder.path("installed/tenders/__init__.py")))
    let hung = try await bench.run(["--stall", "3s"], arguments("/hanging-index"))
    #expect(hung.status == 124)
    #expect(hung.log.contains("127.0.0.1:\(server.port)"), "\(hung.log)")
    let missing = try await bench.run([], arguments("/no-index"))
    #expect(missing.status == 1)
    let scan = try await bench.scan(3)
    #expect(scan.status == .failed)
    #expect(scan.errorMessage?.contains("No matching distribution found") == true)
  }

  // MARK: Scrapy

  private static let spider = """
    import scrapy
    class Tenders(scrapy.Spider):
        name = "tenders"
        def __init__(self, url):
            self.start_urls = [url]
        def parse(self, response):
            for n in response.css("li::text").getall():
                yield {"n": n}
            yield from response.follow_all(css="a")
    """

  @Test(.enabled(if: mayRunPythonPrograms, "`scripts/bootstrap test` has not installed them"))
  func scrapyCrawlsIsKilledAndHangs() async throws {
    let scrapy = try Self.python("scrapy")
    let bench = try RunBench()
    let server = try await PortalServer.start(in: bench.folder)
    try Data(Self.spider.utf8).write(to: URL(fileURLWithPath: bench.folder.path("spider.py")))
    func arguments(_ path: String) -> [String] {
      [
        scrapy, "runspider", bench.folder.path("spider.py"), "-a", "url=\(server.url(path))",
        "-o", bench.folder.path("items.jsonl"), "-s", "TELNETCONSOLE_ENABLED=0",
        "-s", "LOGSTATS_INTERVAL=0", "-s", "ROBOTSTXT_OBEY=False",
      ]
    }
    let whole = try await bench.run([], arguments("/tenders/1"))
    #expect(whole.status == 0, "\(whole.log)")
    let items = try String(contentsOfFile: bench.folder.path("items.jsonl"), encoding: .utf8)
    #expect(items.split(separator: "\n").count == 30)
    let scan = try await bench.scan()
    #expect(scan.status == .completed)
    #expect(scan.progress?.unit == "lines")

    // Its reactor turns now and then while it waits: what it does not do is to write.
    let hung = try await bench.run(["--no-output", "8s"], arguments("/tenders/silent"))
    #expect([124, 137].contains(hung.status), "\(hung.log)")
    #expect(hung.log.contains("127.0.0.1:\(server.port)"), "\(hung.log)")

    let killed = try bench.start([], arguments("/tenders/silent"))
    _ = try await eventually("the spider at work", within: .seconds(60)) {
      killed.log.contains("Spider opened") ? true : nil
    }
    kill(try await bench.program("scrapy", of: killed), SIGKILL)
    #expect(try await bench.end(of: killed).status == 128 + SIGKILL)
    #expect(try await bench.scan(3).summary["signal"] == .int(Int64(SIGKILL)))
  }
}
