import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// Kinds that `holdfast.yaml` declares, with the real binary.
@Suite(.timeLimit(.minutes(5))) struct OwnKindTests {
  private static func configure(_ bench: RunBench) throws -> [String] {
    let yaml = """
      kinds:
        tenders:
          about: Tenders of a portal.
          command: [sh, \(bench.folder.path("scrape.sh")), "{target}", "{params.pages}"]
          folder: \(bench.folder.path)
          environment: {MODE: fast}
          secrets: {API_KEY: \(bench.folder.path("key"))}
          stall: 60s
          parameters:
            pages: {type: integer, minimum: 1, maximum: 500, default: 10}
          policy: {max_runtime_minutes: 5}
      """
    let script = """
      echo "$PWD $1 $2 $MODE $API_KEY $HOLDFAST_PARAMS $HOLDFAST_TARGET" > seen
      H=\(try HoldfastProcess.binary)
      $H report item T-1 --type tender
      $H report progress 4 4 --unit pages
      """
    for (name, text) in [("holdfast.yaml", yaml), ("scrape.sh", script), ("key", "s3cret\n")] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: bench.folder.path(name)))
    }
    return [
      "--config", bench.folder.path("holdfast.yaml"), "--data-dir", bench.folder.path("data"),
    ]
  }

  @Test func aDeclaredKindIsScannedLikeABuiltInOne() async throws {
    let bench = try RunBench()
    let options = try Self.configure(bench)
    let ran = try await HoldfastProcess.run(
      ["scan", "tenders", "north", "--param", "pages=4"] + options)
    #expect(ran.end == .exited(0), "\(ran.log)")
    let seen = try String(contentsOfFile: bench.folder.path("seen"), encoding: .utf8)
    #expect(seen == "\(bench.folder.path) north 4 fast s3cret {\"pages\":4} north\n")
    let scan = try await bench.scan()
    #expect(scan.kind == "tenders")
    #expect(scan.status == .completed)
    #expect(scan.counts.found == 1)
    #expect(scan.progress?.done == 4)
    #expect(scan.maxRuntimeMinutes == 5)
    #expect(!"\(scan)".contains("s3cret"))
    #expect(!ran.log.contains("s3cret"))
  }

  /// Its scans are for programs that claim them over HTTP: whoever follows one waits for such a program, and runs nothing.
  @Test func aKindOfRemoteProgramsIsLeftToThem() async throws {
    let bench = try RunBench()
    let config = bench.folder.path("remote.yaml")
    try Data("kinds: {far: {remote: true}}\n".utf8).write(to: URL(fileURLWithPath: config))
    let options = ["--config", config, "--data-dir", bench.folder.path("data")]
    let followed = try HoldfastProcess(["scan", "far", "north"] + options)
    let words = "Scan 1 waits for a program that claims scans of the kind “far”"
    _ = try await eventually("what it waits for", within: .seconds(60)) {
      followed.log.contains(words) ? true : nil
    }
    #expect(try await bench.scan().status == .pending)
    #expect(try await bench.scan().attempt == 0)
    followed.signal(SIGTERM)
    _ = try await bench.end(of: followed)
    let left = try await HoldfastProcess.run(["scan", "far", "south", "--detach"] + options)
    #expect(left.end == .exited(0), "\(left.log)")
    #expect(left.log.contains("Scan 2 waits for a program"), "\(left.log)")
  }

  @Test func whatDoesNotFitIsTold() async throws {
    let bench = try RunBench()
    let options = try Self.configure(bench)
    let wrong = try await HoldfastProcess.run(
      ["scan", "tenders", "north", "--param", "pages=501"] + options)
    #expect(wrong.end == .exited(64))
    #expect(wrong.log.contains("params.pages is 501; it must be at most 500"), "\(wrong.log)")
    let command = try await HoldfastProcess.run(["submit", "command", "ls"] + options)
    #expect(command.end == .exited(64))
    try FileManager.default.removeItem(atPath: bench.folder.path("key"))
    let failed = try await HoldfastProcess.run(["scan", "tenders", "north"] + options)
    #expect(failed.end == .exited(1), "\(failed.log)")
    #expect(try await bench.scan().errorMessage?.contains("the secret's file") == true)
  }
}
