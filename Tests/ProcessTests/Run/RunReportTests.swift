import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// What is known of a command while it runs: what it says of itself, and what its output shows.
@Suite(.timeLimit(.minutes(5))) struct RunReportTests {
  @Test func aScriptReportsAndGoesOnFromItsCheckpoint() async throws {
    let bench = try RunBench()
    let holdfast = try HoldfastProcess.binary
    let script = """
      report() { \(holdfast) report "$@" || exit 99; }
      if [ -z "$HOLDFAST_CHECKPOINT" ]; then
        report progress 3 10 --unit pages --step listing
        report item T-1 --type tender --data '{"title":"Bridge"}'
        report checkpoint '{"page":3}'
        exit 7
      fi
      echo "$HOLDFAST_CHECKPOINT"
      report item T-2 --type tender
      report error T-3 not_found "It is gone."
      report progress 10 10 --unit pages
      """
    #expect(try await bench.run(["--name", "tenders", "--resume"], script: script).status == 7)
    let first = try await bench.scan()
    #expect(first.status == .failed)
    #expect(first.checkpoint == ["page": 3])
    #expect(first.progress?.percentage == 30)
    #expect(first.progress?.step == "listing")
    let second = try await bench.run(["--name", "tenders", "--resume"], script: script)
    #expect(second.status == 0, "\(second.log)")
    #expect(second.output == "{\"page\":3}\n")
    let scan = try await bench.scan()
    #expect(scan.status == .partial)
    #expect(scan.attempt == 2)
    #expect(scan.counts.found == 2)
    #expect(scan.counts.errors == 1)
    #expect(scan.progress?.percentage == 100)
  }

  /// The audit of docs/commands.md, word for word, over a `node` of this test's.
  @Test func theDocumentedAuditWorks() async throws {
    let bench = try RunBench()
    let page = URL(fileURLWithPath: #filePath)
      .appendingPathComponent("../../../../docs/commands.md").standardized
    let audit = try #require(
      try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```")
        .first { $0.hasPrefix("sh\n#!/bin/sh\n# audit.sh") }?.dropFirst(3))
    let node = """
      #!/bin/sh
      [ "$2" != p2 ] || { echo "no page $2" >&2; exit 1; }
      echo "{\\"page\\":\\"$2\\"}"
      """
    for (name, text) in [
      ("audit.sh", String(audit)), ("node", node), ("pages.txt", "p1\np2\np3\n"),
    ] {
      let path = bench.folder.path(name)
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      try #require(chmod(path, 0o755) == 0)
    }
    let binary = try HoldfastProcess.binary
    try #require(symlink(binary, bench.folder.path("holdfast")) == 0)
    let ran = try await bench.run(script: "cd $F && PATH=$F:$PATH ./audit.sh")
    #expect(ran.status == 0 && ran.log.isEmpty, "\(ran.log)")
    let scan = try await bench.scan()
    #expect(scan.status == .partial)
    #expect(scan.counts.found == 2 && scan.counts.errors == 1)
    #expect(scan.progress?.done == 3 && scan.progress?.total == 3)
    let errors = try await HoldfastProcess.run(
      ["errors", "1", "--data-dir", bench.folder.path("data")])
    #expect(errors.output.contains("no page p2"), "\(errors.output)")
  }

  @Test func reportsElsewhereDoNothing() async throws {
    let alone = try await HoldfastProcess.run(["report", "progress", "1", "2"])
    #expect(alone.end == .exited(0))
    #expect(alone.log.isEmpty)
    let gone = try await HoldfastProcess.run(
      ["report", "alive"], environment: ["HOLDFAST_SOCKET": "@holdfast-nobody"])
    #expect(gone.end == .exited(71))
  }

  @Test func whatIsDrawnIsProgress() async throws {
    let bench = try RunBench()
    let run = try bench.start(
      script: """
        printf '\\r 10%%' >&2; printf '\\r 62%%' >&2
        until [ -e $F/go ]; do sleep 0.05; done
        printf '\\r100%%\\n' >&2
        """)
    let scan = try await eventually("the progress", within: .seconds(60)) {
      guard FileManager.default.fileExists(atPath: bench.folder.path("data/holdfast.db")) else {
        return nil as Scan?
      }
      // The database may be in the middle of being made.
      guard let scan = (try? await bench.find()) ?? nil else { return nil }
      return scan.progress?.percentage == 62 ? scan : nil
    }
    #expect(scan.status == .running)
    #expect(FileManager.default.createFile(atPath: bench.folder.path("go"), contents: nil))
    #expect(try await bench.end(of: run).status == 0)
    #expect(try await bench.scan().progress?.percentage == 100)
  }

  @Test func itsSignsOfLifeHoldTheStallOff() async throws {
    let bench = try RunBench()
    let holdfast = try HoldfastProcess.binary
    let ended = try await bench.run(
      ["--stall", "30s"],
      script: """
        [ "$WATCHDOG_USEC" = 30000000 ] || exit 9
        \(holdfast) report status "Completed 66% of it"
        """)
    #expect(ended.status == 0, "\(ended.log)")
    let scan = try await bench.scan()
    #expect(scan.progress?.percentage == 66)
    #expect(scan.progressMessage == "Completed 66% of it")
  }

  @Test func realProgramsAreFollowed() async throws {
    let bench = try RunBench()
    let tree = bench.folder.path("tree")
    try FileManager.default.createDirectory(atPath: tree, withIntermediateDirectories: true)
    for number in 0..<20 {
      let bytes = Data(repeating: UInt8(number), count: 1_000_000)
      try bytes.write(to: URL(fileURLWithPath: "\(tree)/\(number)"))
    }
    let archive = bench.folder.path("tree.tar.gz")
    let packed = try await bench.run(
      [], ["tar", "-C", bench.folder.path, "-czvf", archive, "tree"])
    #expect(packed.status == 0, "\(packed.log)")
    #expect(packed.output.split(separator: "\n").count == 21)
    #expect(try await bench.scan(1).progress?.done == 21)
    let missing = try await bench.run([], ["tar", "-xf", "\(archive).none"])
    #expect(missing.status == 2)
    let scan = try await bench.scan(2)
    #expect(scan.errorMessage?.contains("Cannot open: No such file or directory") == true)
    // It hangs in its middle, since nobody writes into what it is to read.
    #expect(mkfifo(bench.folder.path("pipe"), 0o600) == 0)
    let hung = try await bench.run(
      ["--stall", "1s"], ["tar", "-tf", bench.folder.path("pipe")])
    #expect(hung.status == 124)
    #expect(try await bench.scan(3).cleanupReason == "progress_stalled")
  }
}
