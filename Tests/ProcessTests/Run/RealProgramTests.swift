import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// Programs that nobody wrote for Holdfast, as they are, to their end. `scripts/bootstrap test` installs them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RealProgramTests {
  private static func isMissing(_ program: RealProgram) -> Comment {
    "\(program): `scripts/bootstrap test` has not installed it"
  }

  @Test func rsyncCopies() async throws {
    let rsync = try RealProgram.rsync.find()
    let bench = try RunBench()
    try RealProgram.fill(bench.folder.path("from"), files: 20, bytes: 100_000)
    let (from, to) = (bench.folder.path("from") + "/", bench.folder.path("to") + "/")
    let whole = try await bench.run([], [rsync, "-a", "--info=progress2", from, to])
    #expect(whole.status == 0, "\(whole.log)")
    let scan = try await bench.scan()
    #expect(scan.status == .completed)
    #expect(scan.progress?.unit == "percent")
    #expect(scan.progress?.percentage == 100)
  }

  @Test func tarPacks() async throws {
    let tar = try RealProgram.tar.find()
    let bench = try RunBench()
    try RealProgram.fill(bench.folder.path("from"), files: 300, bytes: 100)
    let whole = try await bench.run(
      [], [tar, "-cvf", "/dev/null", "-C", bench.folder.path, "from"])
    #expect(whole.status == 0, "\(whole.log)")
    let scan = try await bench.scan()
    #expect(scan.progress?.unit == "lines")
    #expect(scan.progress?.done == 301)
  }

  @Test func wgetLoads() async throws {
    let wget = try RealProgram.wget.find()
    let bench = try RunBench()
    let server = try await PortalServer.start(in: bench.folder)
    let whole = try await bench.run(
      [], [wget, "--progress=bar:force", "-O", "/dev/null", server.url("/whole")])
    #expect(whole.status == 0, "\(whole.log)")
    #expect(try await bench.scan().progress?.percentage == 100)
  }

  @Test(.enabled(if: RealProgram.pip.isThere, isMissing(.pip)))
  func pipInstalls() async throws {
    let pip = try RealProgram.pip.find()
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
    let missing = try await bench.run([], arguments("/no-index"))
    #expect(missing.status == 1)
    let scan = try await bench.scan(2)
    #expect(scan.status == .failed)
    #expect(scan.errorMessage?.contains("No matching distribution found") == true)
  }

  @Test(.enabled(if: RealProgram.scrapy.isThere, isMissing(.scrapy)))
  func scrapyCrawls() async throws {
    let scrapy = try RealProgram.scrapy.find()
    let bench = try RunBench()
    let server = try await PortalServer.start(in: bench.folder)
    let spider = bench.folder.path("spider.py")
    try Data(RealProgram.spider.utf8).write(to: URL(fileURLWithPath: spider))
    let whole = try await bench.run(
      [],
      [
        scrapy, "runspider", spider, "-a", "url=\(server.url("/tenders/1"))", "-o",
        bench.folder.path("items.jsonl"), "-s", "TELNETCONSOLE_ENABLED=0", "-s",
        "ROBOTSTXT_OBEY=False",
      ])
    #expect(whole.status == 0, "\(whole.log)")
    let items = try String(contentsOfFile: bench.folder.path("items.jsonl"), encoding: .utf8)
    #expect(items.split(separator: "\n").count == 30)
    let scan = try await bench.scan()
    #expect(scan.status == .completed)
    #expect(scan.progress?.unit == "lines")
  }

  @Test(.enabled(if: RealProgram.ffmpeg.isThere, isMissing(.ffmpeg)))
  func ffmpegConverts() async throws {
    let ffmpeg = try RealProgram.ffmpeg.find()
    let bench = try RunBench()
    let server = try await PortalServer.start(in: bench.folder)
    let command = [ffmpeg, "-nostdin", "-i", server.url("/sound"), "-f", "null", "-"]
    let whole = try await bench.run([], command)
    #expect(whole.status == 0, "\(whole.log)")
    let scan = try await bench.scan()
    #expect(scan.status == .completed)
    #expect(scan.progress?.unit == "seconds")
    #expect(scan.progress?.done == 60)
    #expect(scan.progress?.total == 60)
    let missing = try await bench.run(
      [], [ffmpeg, "-nostdin", "-i", server.url("/none"), "-f", "null", "-"])
    #expect(missing.status != 0)
    let failed = try await bench.scan(2)
    #expect(failed.status == .failed)
    #expect(failed.errorMessage?.contains("404") == true, "\(failed.errorMessage ?? "")")
  }
}
