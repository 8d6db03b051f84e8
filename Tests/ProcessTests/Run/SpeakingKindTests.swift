import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// Kinds whose programs speak the runner protocol on their standard streams (`protocol: ndjson`).
@Suite(.timeLimit(.minutes(5))) struct SpeakingKindTests {
  private static let client = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../clients/python").standardized.path

  /// A kind `pages` that runs this program with an interpreter.
  private static func declare(
    _ program: String, _ interpreter: String = "sh", in bench: RunBench
  ) throws -> [String] {
    let yaml = """
      kinds:
        pages:
          command: [\(interpreter), \(bench.folder.path("program"))]
          folder: \(bench.folder.path)
          protocol: ndjson
          kill_after: 1s
          environment: {PYTHONPATH: "\(client)", PYTHONDONTWRITEBYTECODE: 1}
          policy: {max_crashes: 2}
      """
    for (name, text) in [("holdfast.yaml", yaml), ("program", program)] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: bench.folder.path(name)))
    }
    return [
      "--config", bench.folder.path("holdfast.yaml"), "--data-dir", bench.folder.path("data"),
    ]
  }

  @Test func aShellScriptReportsDiesAndIsResumed() async throws {
    let bench = try RunBench()
    let options = try Self.declare(
      """
      echo '{"type":"ready","protocol":1,"pid":'$$',"kinds":["pages"]}'
      read -r start
      echo "$start" >> starts
      say() { printf '%s\\n' "$1"; }
      case $start in
      *'"attempt":1,'*)
        say '{"type":"items","items":[{"key":"a","type":"page","change":"found"}]}'
        say '{"type":"progress","done":1,"total":2,"unit":"pages","step":"reading"}'
        say '{"type":"checkpoint","number":7,"data":{"page":1}}'
        read -r durable
        echo "$durable" > durable
        kill -KILL $$ ;;
      esac
      say '{"type":"weather","is":"passed over"}'
      say '{"type":"items","items":[{"key":"b","type":"page","change":"found"}]}'
      say '{"type":"item_errors","errors":[{"path":"c","type":"not_found","message":"gone"}]}'
      say '{"type":"progress","done":2,"total":2,"unit":"pages","step":"reading"}'
      say '{"type":"finished","outcome":"completed","message":"read","summary":{"pages":2}}'
      """, in: bench)
    let ran = try await HoldfastProcess.run(["scan", "pages", "north"] + options)
    let scan = try await bench.scan()
    #expect(scan.status == .partial, "\(ran.log) \(scan.errorMessage ?? "")")
    #expect(scan.attempt == 2)
    #expect(scan.counts.found == 2)
    #expect(scan.progress?.percentage == 100)
    #expect(scan.summary["pages"] == 2)
    #expect(scan.summary["exit_status"] == 0)
    let starts = try String(contentsOfFile: bench.folder.path("starts"), encoding: .utf8)
      .split(separator: "\n").compactMap { JSONValue(parsing: String($0)) }
    #expect(starts.count == 2)
    #expect(starts.first?["target"] == "north")
    #expect(starts.last?["checkpoint"] == ["page": 1])
    #expect(starts.last?["progress"]?["done"] == 1)
    #expect(starts.allSatisfy { $0["program"] == nil })
    let durable = try String(contentsOfFile: bench.folder.path("durable"), encoding: .utf8)
    #expect(durable == "{\"type\":\"checkpointed\",\"number\":7}\n")
  }

  static let faults = [
    ("", "before it had finished"),
    ("echo hello", "it wrote what is not JSON: “hello”"),
    (#"printf '\377\376\n'"#, "it wrote what is not JSON"),
    (#"echo '{"type":"progress","done":1}'"#, "its first message was not “ready”"),
    (
      #"echo '{"type":"ready","protocol":2,"pid":1,"kinds":[]}'; read x"#,
      "it speaks version 2 of the protocol; Holdfast speaks 1"
    ),
    (
      #"echo '{"type":"ready","protocol":1,"pid":1,"kinds":[]}'; echo '{"type":"progress"'; read x"#,
      "it wrote what is not JSON"
    ),
    (
      #"echo '{"type":"ready","protocol":1,"pid":1,"kinds":[]}'; exec >&-; sleep 1000"#,
      "it closed its output before it had finished"
    ),
    (
      #"echo '{"type":"ready","protocol":1,"pid":1,"kinds":[]}'; printf '{"type":"finished","outcome":"compl'; exit 3"#,
      "the program exited with status 3 before it had finished"
    ),
  ]

  @Test(arguments: faults) func whatBreaksTheProtocolIsTold(
    _ fault: (program: String, says: String)
  ) async throws {
    let bench = try RunBench()
    let options = try Self.declare("echo oh >&2\n" + fault.program, in: bench)
    let yaml = bench.folder.path("holdfast.yaml")
    let once = try String(contentsOfFile: yaml, encoding: .utf8)
      .replacing("max_crashes: 2", with: "max_crashes: 1")
    try Data(once.utf8).write(to: URL(fileURLWithPath: yaml))
    let ran = try await HoldfastProcess.run(["scan", "pages", "north"] + options)
    #expect(ran.end == .exited(1), "\(ran.log)")
    let scan = try await bench.scan()
    #expect(scan.status == .failed)
    let message = try #require(scan.errorMessage)
    #expect(message.contains(fault.says), "\(message)")
    #expect(message.contains("its last lines: oh"), "\(message)")
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")))
  func thePythonClientSpeaksIt() async throws {
    let bench = try RunBench()
    let options = try Self.declare(
      """
      import holdfast, os, subprocess, sys
      print("this is no message")
      subprocess.run(["echo", "nor is this"])
      done = (holdfast.checkpoint() or {}).get("done", 0)
      holdfast.items({"key": n, "type": "page"} for n in range(done, done + 50))
      holdfast.progress(done + 50, 100, unit="pages")
      holdfast.save({"done": done + 50}, durable=True)
      if done == 0:
          open("waits", "w").close()
          while not holdfast.stop_requested():
              os.sched_yield()
          sys.exit(0)
      holdfast.finish(message="all of it", summary={"pages": 100})
      """, "/usr/bin/python3", in: bench)
    let worker = try HoldfastProcess(["worker", "--slots", "1"] + options)
    _ = try await eventually("the worker's database", within: .seconds(60)) {
      FileManager.default.fileExists(atPath: bench.folder.path("data/holdfast.db")) ? true : nil
    }
    let submitted = try await HoldfastProcess.run(["submit", "pages", "north"] + options)
    try #require(submitted.end == .exited(0), "\(submitted.log)")
    _ = try await eventually("the program to wait", within: .seconds(60)) {
      FileManager.default.fileExists(atPath: bench.folder.path("waits")) ? true : nil
    }
    let paused = try await HoldfastProcess.run(["pause", "1"] + options.suffix(2))
    #expect(paused.end == .exited(0), "\(paused.log)")
    _ = try await eventually("the pause", within: .seconds(60)) {
      try await bench.scan().status == .paused ? true : nil
    }
    let resumed = try await HoldfastProcess.run(["resume", "1"] + options.suffix(2))
    #expect(resumed.end == .exited(0), "\(resumed.log)")
    let scan = try await eventually("the end", within: .seconds(60)) {
      let scan = try await bench.scan()
      return scan.status.isTerminal ? scan : nil
    }
    worker.signal(SIGTERM)
    #expect(try await worker.waitForEnd(within: .seconds(60)) == .exited(0))
    #expect(scan.status == .completed, "\(scan.errorMessage ?? "")")
    #expect(scan.counts.found == 100)
    #expect(scan.summary["pages"] == 100)
    #expect(scan.message == "all of it")
  }
}
