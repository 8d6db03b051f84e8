import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

private let interpreter = "/usr/bin/python3"

/// `clients/python`, run by Python itself where there is one (Debian has it wherever the tests can be built).
@Suite(
  .timeLimit(.minutes(5)),
  .enabled(if: FileManager.default.isExecutableFile(atPath: interpreter)))
struct PythonClientTests {
  /// The folder of the client, from this file's own place.
  private static let client = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../clients/python").standardized.path

  private static func python(_ bench: RunBench, _ program: String) throws -> [String] {
    let path = bench.folder.path("program.py")
    try Data(program.utf8).write(to: URL(fileURLWithPath: path))
    return [
      "env", "PYTHONPATH=\(client)", "PYTHONDONTWRITEBYTECODE=1",
      "HOLDFAST=\(try HoldfastProcess.binary)", "HOLDFAST_DATA_DIR=\(bench.folder.path("data"))",
      interpreter, path,
    ]
  }

  @Test func aProgramReportsAndIsResumed() async throws {
    let bench = try RunBench()
    let program = try Self.python(
      bench,
      """
      import holdfast, sys
      assert holdfast.is_supervised() and holdfast.scan() == 1
      page = (holdfast.checkpoint() or {}).get("page", 0)
      found = ({"key": n, "type": "tender", "data": {"n": n}} for n in range(page * 500, page * 500 + 4000))
      holdfast.items(found)
      holdfast.error("x", "not_found", "It is gone.")
      holdfast.waiting("rate limit", 1)
      holdfast.waiting("rate limit", 0)
      holdfast.alive()
      holdfast.progress(page + 1, 2, unit="pages", step="listing", current="p", message="m")
      holdfast.save({"page": page + 1})
      sys.exit(0 if page else 3)
      """)
    let first = try await bench.run(["--name", "p", "--resume"], program)
    #expect(first.status == 3, "\(first.log)")
    #expect(try await bench.scan().checkpoint == ["page": 1])
    let second = try await bench.run(["--name", "p", "--resume"], program)
    #expect(second.status == 0, "\(second.log)")
    let scan = try await bench.scan()
    #expect(scan.status == .partial)
    #expect(scan.counts.found == 4500)
    #expect(scan.counts.errors == 1)
    #expect(scan.progress?.percentage == 100)
    #expect(scan.progress?.unit == "pages")
    let alone = try await bench.end(
      of: try bench.start(
        ["--name", "q"], try Self.python(bench, "import holdfast; print(holdfast.target())")))
    #expect(alone.output == "q\n")
  }

  @Test func theFunctionsOfTheAutoCleanup() async throws {
    let bench = try RunBench()
    #expect(try await bench.run(["--name", "tenders"], ["false"]).status == 1)
    let program = try Self.python(
      bench,
      """
      from cleanup_service import *
      check = check_portal_resume("tenders")
      assert check["action"] == "start" and not check["has_running"], check
      summary = get_stuck_run_summary()
      assert summary["total_stuck"] == summary["resumable_count"] == summary["dead_count"] == 0, summary
      assert summary["dead_runs"] == []
      assert get_stuck_run_count() == 0 and cleanup_if_needed() == 0
      assert cleanup_run(1) is False
      prevention = StuckAuditPrevention(interval_seconds=0.05)
      assert prevention.cleanup_stuck_audits_on_startup() == 0
      prevention.start_heartbeat_monitor()
      prevention.stop()
      """)
    let ran = try await bench.run(["--name", "functions"], program)
    #expect(ran.status == 0, "\(ran.log)")
  }

  /// The same over a server's API, where the database is another machine's.
  @Test func theFunctionsOfTheAutoCleanupAskAServer() async throws {
    let bench = try RunBench()
    let data = bench.folder.path("data")
    let yaml = bench.folder.path("holdfast.yaml")
    try Data(
      "kinds: {tenders: {remote: true, policy: {heartbeat_interval_seconds: 0.2, on_stuck: fail}}}\n"
        .utf8
    )
    .write(to: URL(fileURLWithPath: yaml))
    let server = try HoldfastProcess(
      [
        "serve", "--port", "0", "--data-dir", data, "--config", yaml, "--slots", "0",
      ], environment: ["HOLDFAST_SWEEP_INTERVAL_SECONDS": "3600"])
    let address = try await server.waitUntilServing()
    let token = data + "/admin-token"
    let call = """
      from cleanup_service import *
      import json, os, urllib.request
      def post(path, body):
          request = urllib.request.Request(os.environ["HOLDFAST_SERVER"] + path, json.dumps(body).encode())
          request.add_header("Authorization", "Bearer " + open(os.environ["HOLDFAST_TOKEN_FILE"]).read().strip())
          request.add_header("Content-Type", "application/json")
          return json.load(urllib.request.urlopen(request))
      assert check_portal_resume("north", kind="tenders")["action"] == "start"
      number = post("/api/v1/scans", {"kind": "tenders", "target": "north"})["number"]
      # A worker that takes it and is never heard of again.
      worker = post("/api/v1/workers", {"protocol": 1, "name": "w", "kinds": ["tenders"]})["worker_id"]
      assert len(post("/api/v1/workers/%s/claim" % worker, {})["claims"]) == 1
      while get_stuck_run_count(kind="tenders") == 0:
          pass
      assert get_stuck_run_summary(kind="tenders")["total_stuck"] == 1
      assert get_stuck_run_count(age_hours=1, kind="tenders") == 0
      assert cleanup_if_needed(kind="tenders") == 1
      assert cleanup_run(number) is False
      assert cleanup_run(999999) is False
      again = post("/api/v1/scans", {"kind": "tenders", "target": "south"})["number"]
      assert cleanup_run(again) is True
      """
    let arguments = try Self.python(bench, call)
    // Neither the command nor its database: the server alone.
    let ended = try await bench.run(
      ["--name", "http"],
      [
        "env", "HOLDFAST=/nonexistent", "HOLDFAST_SERVER=\(address)",
        "HOLDFAST_TOKEN_FILE=\(token)",
      ]
        + arguments.filter { !$0.hasPrefix("HOLDFAST=") })
    #expect(ended.status == 0, "\(ended.log)")
    server.signal(SIGTERM)
    #expect(try await server.waitForEnd(within: .seconds(60)) == .exited(0))
  }
}
