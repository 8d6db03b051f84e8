import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// Real programs that come to no end of their own: each is met in the middle of its work, and killed, stopped, or left to hang.
@Suite(.serialized, .timeLimit(.minutes(5))) struct EndedProgramTests {
  enum Way: String, CaseIterable, Sendable {
    /// SIGKILL to the program itself.
    case killed
    /// SIGTERM to `holdfast run`.
    case stopped
    /// What it works with falls silent.
    case hung
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var program: RealProgram
    var way: Way
    var testDescription: String { "\(program) \(way)" }
  }

  static let cases = RealProgram.allCases.filter(\.isThere).flatMap { program in
    Way.allCases.map { Case(program: program, way: $0) }
  }

  @Test(arguments: cases) func inTheMiddleOfItsWork(_ given: Case) async throws {
    let (program, way) = (given.program, given.way)
    let bench = try RunBench()
    let server = try await PortalServer.start(in: bench.folder)
    let command = try program.command(in: bench.folder, server, hangs: way == .hung)
    let run = try bench.start(way == .hung ? program.limit : [], command)
    _ = try await eventually("the middle of \(program)", within: .seconds(60)) {
      try await bench.find().flatMap { program.isInTheMiddle($0, run.log) ? true : nil }
    }
    let process = try await bench.program(program.rawValue, of: run)
    switch way {
    case .killed: kill(process, SIGKILL)
    case .stopped: run.signal(SIGTERM)
    case .hung: program.silence(process)
    }
    let ended = try await bench.end(of: run)
    let scan = try await bench.scan()
    let what: Comment =
      "\(ended.status ?? -1): \(ended.log.suffix(2000)) \(scan.errorMessage ?? "")"
    switch way {
    case .killed:
      #expect(ended.status == 128 + SIGKILL, what)
      #expect(scan.status == .failed, what)
      #expect(scan.summary["signal"] == .int(Int64(SIGKILL)), what)
    case .stopped:
      #expect(ended.status == program.statusAfterSIGTERM, what)
      #expect(scan.status == .cancelled, what)
    case .hung:
      #expect([124, 137].contains(ended.status), what)
      #expect(scan.status == .failed && scan.cleanupReason == "progress_stalled", what)
      #expect(ended.log.contains("holdfast: found: "), what)
      if program.asksTheServer {
        #expect(ended.log.contains("127.0.0.1:\(server.port)"), what)
      }
    }
    #expect(program.isInTheMiddle(scan, ended.log), what)
    try await bench.expectGone([process])
  }
}

/// A program that nobody wrote for Holdfast, with work that has a middle.
enum RealProgram: String, CaseIterable, Sendable {
  case rsync, tar, wget, pip, scrapy, ffmpeg

  /// Where `scripts/bootstrap test` has installed those that come from PyPI.
  private static let fromPyPI = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../.build/programs/bin").standardized.path

  /// Where `CI` is set they have to be there, and a test that does not find them fails.
  var isThere: Bool {
    if ProcessInfo.processInfo.environment["CI"] != nil { return true }
    return path != nil
  }

  private var path: String? {
    let system = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
      .split(separator: ":").map(String.init)
    let folders: [String] =
      switch self {
      case .rsync, .tar, .wget: system
      case .pip, .scrapy, .ffmpeg: [Self.fromPyPI]
      }
    return folders.map { "\($0)/\(rawValue)" }.first(
      where: FileManager.default.isExecutableFile)
  }

  /// - Throws: what to do where it is not there.
  func find() throws -> String {
    try #require(path, "\(rawValue) is not installed: `scripts/bootstrap test` does that")
  }

  /// Its command line, for work that takes far longer than a test or, where it `hangs`, stops in its middle by itself.
  func command(
    in folder: TemporaryFolder, _ server: PortalServer, hangs: Bool
  ) throws -> [String] {
    let program = try find()
    switch self {
    case .rsync:
      try Self.fill(folder.path("from"), files: 20, bytes: 2_000_000)
      return [
        program, "-a", "--bwlimit=100", "--info=progress2", folder.path("from") + "/",
        folder.path("to"),
      ]
    case .tar:
      // Some records of an archive, from a pipe that nobody writes to any more.
      try Self.fill(folder.path("from"), files: 300, bytes: 100)
      let script = """
        mkfifo pipe
        exec 3<>pipe
        "$0" -cf - from | head -c 20480 >&3
        exec "$0" -xvf - < pipe
        """
      return ["env", "-C", folder.path, "sh", "-c", script, program]
    case .wget:
      return [
        program, "--tries=1", "--progress=bar:force", "-O", "/dev/null", server.url("/half"),
      ]
    case .pip:
      return [
        program, "install", "--progress-bar=raw", "--no-cache-dir", "--no-deps",
        "--disable-pip-version-check", "--retries=0", "--target", folder.path("installed"),
        "--index-url", server.url("/hanging-index"), "tenders",
      ]
    case .scrapy:
      try Data(Self.spider.utf8).write(to: URL(fileURLWithPath: folder.path("spider.py")))
      // It waits for what it has asked for before it stops.
      let patience = hangs ? [] : ["-s", "DOWNLOAD_TIMEOUT=1", "-s", "RETRY_TIMES=10000"]
      return [
        program, "runspider", folder.path("spider.py"), "-a",
        "url=\(server.url("/tenders/halfway"))", "-s", "TELNETCONSOLE_ENABLED=0",
        "-s", "LOGSTATS_INTERVAL=0", "-s", "ROBOTSTXT_OBEY=False",
      ] + patience
    case .ffmpeg:
      // As fast as it would be played, or as far as the server tells it. It does not stop while it waits for a server.
      let input = hangs ? [] : ["-re"]
      return [program, "-nostdin", "-hide_banner"] + input
        + ["-i", server.url(hangs ? "/half-sound" : "/sound"), "-f", "null", "-"]
    }
  }

  /// What makes `holdfast run` notice that it hangs.
  var limit: [String] {
    // Scrapy's reactor turns now and then while it waits: what it does not do is to write.
    self == .scrapy ? ["--no-output", "6s"] : ["--stall", "2s", "--kill-after", "1s"]
  }

  /// Whether it has begun, and is not at its end.
  func isInTheMiddle(_ scan: Scan, _ log: String) -> Bool {
    guard let progress = scan.progress, progress.done > 0 else { return false }
    switch self {
    case .tar: return progress.unit == "lines" && progress.done < 301
    case .scrapy: return progress.unit == "lines" && log.contains("Scraped from")
    case .ffmpeg: return progress.unit == "seconds" && progress.done < 60
    case .rsync, .wget, .pip: return progress.percentage.map { $0 < 100 } ?? false
    }
  }

  /// Makes it hang where nothing that it works with does: of rsync, the other half, which is two processes.
  func silence(_ process: Int32) {
    guard self == .rsync else { return }
    for half in ProcessTable.children(of: process) {
      silence(half)
      kill(half, SIGSTOP)
    }
  }

  /// Some end in their own good order.
  var statusAfterSIGTERM: Int32 {
    switch self {
    case .rsync: 20
    case .scrapy: 0
    case .ffmpeg: 255
    case .tar, .wget, .pip: 128 + SIGTERM
    }
  }

  var asksTheServer: Bool { ![.rsync, .tar].contains(self) }

  static func fill(_ folder: String, files: Int, bytes: Int) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let data = Data(repeating: 7, count: bytes)
    for number in 0..<files {
      try data.write(to: URL(fileURLWithPath: "\(folder)/\(number)"))
    }
  }

  static let spider = """
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
}
