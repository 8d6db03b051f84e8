import Foundation
import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import Testing

@testable import holdfast

/// What operators do about scans with the real binary.
@Suite(.timeLimit(.minutes(5))) struct ByHandCommandTests {
  // MARK: Before a scan starts

  @Test func checkAndSafeSubmission() async throws {
    let bench = try await Bench()
    let free = try await bench.run("check", "library", "/srv/a", "--json")
    #expect(try free.json["action"] == "start")
    #expect(try free.json["has_running"] == false)
    let started = try await bench.run("submit", "library", "/srv/a", "--if-safe")
    #expect(started.status == 0, "\(started.log)")
    #expect(started.output == "Scan 1 is submitted.\n")
    let waiting = try await bench.run("submit", "library", "/srv/a/", "--if-safe", "--json")
    #expect(waiting.status == 75)
    #expect(try waiting.json["outcome"] == "waiting")
    #expect(try waiting.json["check"]?["action"] == "wait")
    #expect(try waiting.json["check"]?["run_id"] == 1)
    #expect(try waiting.json["check"]?["has_running"] == true)
    let words = try await bench.run("check", "library", "/srv/a")
    #expect(words.output.hasPrefix("wait: Scan 1 "), "\(words.output)")

    // It died long ago and left nothing.
    try await bench.claim(1)
    try await bench.age(1, hours: 25)
    #expect(try await bench.run("check", "library", "/srv/a", "--json").json["action"] == "cleanup")
    let young = try await bench.run("check", "library", "/srv/a", "--age-hours", "48", "--json")
    #expect(try young.json["action"] == "wait")
    let cleaned = try await bench.run("submit", "library", "/srv/a", "--if-safe")
    #expect(cleaned.status == 0)
    #expect(
      cleaned.output == "Scan 1 was dead, and has been cleaned.\nScan 2 is submitted.\n")
    let history = try await bench.run("history", "--cleaned")
    #expect(history.output.contains("Timeout - Auto-cleaned"), "\(history.output)")

    // This one left a checkpoint.
    try await bench.claim(2, checkpoint: ["x": 1])
    try await bench.age(2, hours: 1)
    let resumed = try await bench.run("submit", "library", "/srv/a", "--if-safe")
    #expect(resumed.status == 0)
    #expect(resumed.output.hasPrefix("resume: scan 2 is back in the queue."))
    #expect(try await bench.scan(2).status == .pending)

    let reverted = try await bench.run("revert", "1")
    #expect(reverted.status == 75)
    #expect(reverted.log.contains("while scan 2 is pending"), "\(reverted.log)")
    #expect(try await bench.run("cancel", "2").status == 0)
    #expect(try await bench.run("revert", "1", "--reason", "slow portal").status == 0)
    #expect(try await bench.scan(1).status == .pending)
    await bench.close()
  }

  @Test(
    arguments: [
      (["submit", "library", "relative/../x", "--param", "hash"], 64),
      (["submit", "library", "/srv", "--param", "hsh=true"], 64),
      (["submit", "nonsense", "/srv"], 64),
      (["submit", "library", "/srv", "--age-hours", "2"], 64),
      (["check", "library", "/srv", "--age-hours", "-1"], 64), (["check", "libary", "/srv"], 64),
      (["reset"], 64),
      (["cleanup", "--dry-run", "--auto"], 64), (["cleanup", "--apply", "../x"], 64),
      (["delete", "7", "--confirm", "7"], 66), (["fail", "7"], 66),
    ] as [([String], Int32)])
  func mistakesAreTold(arguments: [String], status: Int32) async throws {
    let bench = try await Bench()
    let result = try await bench.run(arguments)
    #expect(result.status == status, "\(result.output)\(result.log)")
    #expect(!result.log.isEmpty)
    await bench.close()
  }

  @Test(
    arguments: [
      (["cleanup", "--dry-run", "--age-hours", "-3"], "it is not a number of hours from 0 up"),
      (
        ["check", "library", "/srv", "--age-hours", "inf"], "it is not a number of hours from 0 up"
      ),
      (["cancel", "7", "--reason", ""], "it is empty"),
      (["unlock", "library:/srv", "--reason", " "], "it is empty"),
      (["fail", "7", "--reason", String(repeating: "x", count: 1001)], "at most 1000 are kept"),
    ])
  func theOptionAndWhatIsWrongWithItAreNamed(arguments: [String], told: String) async throws {
    let bench = try await Bench()
    let result = try await bench.run(arguments)
    #expect(result.status == 64)
    let option = arguments[arguments.count - 2]
    #expect(result.log.contains(option) && result.log.contains(told), "\(result.log)")
    await bench.close()
  }

  @Test func parametersAreJSONOrTexts() async throws {
    let bench = try await Bench()
    let made = try await bench.run(
      "submit", "library", "/srv", "--param", "hash=true", "--param",
      #"allowed_extensions=["mp4"]"#, "--json")
    #expect(made.status == 0, "\(made.log)")
    let scan = try await bench.scan(1)
    #expect(scan.params["hash"] == true)
    #expect(scan.params["allowed_extensions"] == ["mp4"])
    await bench.close()
  }

  // MARK: Cleanup

  @Test func aPlanIsAppliedOrSaysWhatHasMoved() async throws {
    let bench = try await Bench()
    for target in ["/srv/a", "/srv/b"] { _ = try await bench.run("submit", "library", target) }
    try await bench.claim(1)
    try await bench.claim(2, checkpoint: ["x": 1])
    for number in [1, 2] { try await bench.age(Int64(number), hours: 2) }
    let shown = try await bench.run("cleanup", "--dry-run", "--json")
    let plan = try shown.json
    #expect(plan["total_stuck"] == 2)
    #expect(plan["resumable_count"] == 1)
    #expect(plan["dead_count"] == 1)
    #expect(plan["dead_runs"]?.arrayValue?.map { $0["id"] } == [1])
    let hash = try #require(plan["hash"]?.stringValue)
    let text = try await bench.run("cleanup", "--dry-run")
    #expect(text.output.contains("Total stuck: 2  Resumable: 1  Dead: 1"))
    #expect(text.output.contains("Plan \(hash)"))
    let filtered = try await bench.run("cleanup", "--dry-run", "--target", "/srv/b", "--json")
    #expect(try filtered.json["total_stuck"] == 1)
    let old = try await bench.run("cleanup", "--dry-run", "--age-hours", "3", "--json")
    #expect(try old.json["total_stuck"] == 0)

    // One of them is heard of again.
    try await bench.shell(
      "UPDATE scans SET last_activity_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),"
        + " claimed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE number = 1")
    let refused = try await bench.run("cleanup", "--apply", hash)
    #expect(refused.status == 1)
    #expect(refused.log.contains("Scan 1 has moved since"), "\(refused.log)")
    #expect(try await bench.scan(2).status == .running)
    // The plan for one of them still holds, and brings its filter along.
    let narrow = try #require(try filtered.json["hash"]?.stringValue)
    let applied = try await bench.run("cleanup", "--apply", narrow)
    #expect(applied.status == 0, "\(applied.log)")
    #expect(applied.output == "Scan 2: resume, done\n")
    #expect(try await bench.scan(2).status == .pending)
    #expect(try await bench.scan(2).checkpoint == ["x": 1])
    await bench.close()
  }

  @Test func theDialogueCleansResumesAndDeletes() async throws {
    let bench = try await Bench()
    for number in 1...4 {
      _ = try await bench.run("submit", "library", "/srv/\(number)")
      try await bench.claim(Int64(number), checkpoint: number == 2 ? ["x": 1] : nil)
      try await bench.age(Int64(number), hours: 5 - Double(number))
    }
    let terminal = try PseudoTerminal(["cleanup", "--data-dir", bench.data])
    try await terminal.expect("What shall be done?")
    try terminal.type("3\n")
    for (question, answer) in [
      ("1 of 4", "c\n"), ("Scan 1: fail, done", ""), ("2 of 4", "r\n"),
      ("Scan 2: resume, done", ""), ("3 of 4", "d\n"), ("Type “delete 3” to confirm", "delete 3\n"),
      ("Scan 3: removed", ""), ("4 of 4", "s\n"),
    ] {
      try await terminal.expect(question)
      if !answer.isEmpty { try terminal.type(answer) }
    }
    #expect(try await terminal.waitForEnd() == 0, "\(terminal.output)")
    #expect(try await bench.scan(1).isCleaned)
    #expect(try await bench.scan(2).status == .pending)
    #expect(try await bench.run("show", "3").status == 66)
    #expect(try await bench.scan(4).status == .running)

    // Option 2 is “delete all”, and what is typed wrongly deletes nothing.
    let second = try PseudoTerminal(["cleanup", "--data-dir", bench.data])
    try await second.expect("2  Delete all (1)")
    try second.type("2\n")
    try await second.expect("Type “delete 4” to confirm")
    try second.type("yes\n")
    #expect(try await second.waitForEnd() == 0)
    #expect(second.output.contains("Nothing was removed."))
    #expect(try await bench.scan(4).status == .running)
    await bench.close()
  }

  // MARK: Single scans

  @Test func scansAreFailedRequeuedResumedAndDeleted() async throws {
    let bench = try await Bench()
    _ = try await bench.run("submit", "library", "/srv/a")
    try await bench.claim(1, checkpoint: ["x": 1])
    let moving = try await bench.run("resume", "1")
    #expect(moving.status == 1)
    #expect(moving.log.contains("is running and not stuck"), "\(moving.log)")
    try await bench.age(1, hours: 1)
    let resumed = try await bench.run("resume", "1", "--reason", "seen to")
    #expect(resumed.status == 0, "\(resumed.log)")
    #expect(try await bench.scan(1).checkpoint == ["x": 1])
    let failed = try await bench.run("fail", "1", "--reason", "not wanted")
    #expect(failed.output == "Scan 1 is failed.\n")
    #expect(try await bench.scan(1).errorMessage == "not wanted")
    #expect(try await bench.run("requeue", "1").status == 0)
    #expect(try await bench.scan(1).checkpoint == Optional<JSONValue>.none)
    let active = try await bench.run("delete", "1", "--confirm", "1")
    #expect(active.status == 1)
    #expect(try await bench.run("cancel", "1").status == 0)
    #expect(try await bench.run("delete", "1").status == 64)
    #expect(try await bench.run("delete", "1", "--confirm", "2").status == 64)
    #expect(try await bench.run("delete", "1", "--confirm", "1").output == "Scan 1 is removed.\n")
    #expect(try await bench.run("show", "1").status == 66)
    await bench.close()
  }

  @Test func failedScansAreReset() async throws {
    let bench = try await Bench()
    for _ in 1...2 {
      _ = try await bench.run("submit", "library", "/srv/a")
      let newest = try await bench.newest()
      _ = try await bench.run("fail", "\(newest)")
    }
    let preview = try await bench.run("reset", "--failed", "--dry-run")
    #expect(preview.output.contains("Failed: 2  To reset: 1  Passed over: 1"), "\(preview.output)")
    #expect(try await bench.run("reset", "--failed").status == 64)
    #expect(try await bench.scan(2).status == .failed)
    let done = try await bench.run("reset", "--failed", "--yes")
    #expect(done.output.hasSuffix("Reset 1 scan to pending.\n"))
    #expect(try await bench.scan(1).status == .failed)
    #expect(try await bench.scan(2).status == .pending)
    await bench.close()
  }
}

/// A database with scans in the states that operators meet, and the binary to act on them.
private struct Bench {
  let folder: TemporaryFolder
  let store: SQLStore
  let life: WorkerLife
  var data: String { folder.path("data") }
  private var database: String { data + "/holdfast.db" }

  struct Result {
    var status: Int32
    var output: String
    var log: String

    var json: JSONValue {
      get throws { try JSONDecoder().decode(JSONValue.self, from: Data(output.utf8)) }
    }
  }

  init() async throws {
    folder = try TemporaryFolder(prefix: "holdfast-by-hand")
    try FileManager.default.createDirectory(
      atPath: folder.path("data"), withIntermediateDirectories: true)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    store = try await SQLStore.open(
      url: .sqlite(path: folder.path("data/holdfast.db")), logger: logger)
    // On another machine, so that nobody asks for its process here.
    life = try await store.registerWorker(
      WorkerRegistration(
        name: "elsewhere", host: "another-host", bootID: "b", processID: 1, processStartTicks: 1,
        slots: 4, kinds: [], version: "1", heartbeatIntervalSeconds: 30))
  }

  func close() async { await store.close() }

  func run(_ arguments: String...) async throws -> Result { try await run(arguments) }

  func run(_ arguments: [String]) async throws -> Result {
    let result = try await HoldfastProcess.run(arguments + ["--data-dir", data])
    guard case .exited(let status) = result.end else {
      throw WaitedTooLong(description: "\(arguments) ended by a signal: \(result.log)")
    }
    return Result(status: status, output: result.output, log: result.log)
  }

  func scan(_ number: Int64) async throws -> Scan {
    try #require(try await store.scan(.number(number)))
  }

  func newest() async throws -> Int64 {
    try #require(try await store.scans(ScanFilter(), cursor: nil, limit: 1).items.first).number
  }

  func claim(_ number: Int64, checkpoint: JSONValue? = nil) async throws {
    let claim = try #require(try await store.claim(try await scan(number).id, for: life))
    if let checkpoint {
      _ = try await store.report([AttemptReport(lease: claim.lease, checkpoint: checkpoint)])
    }
  }

  /// Claimed, and last heard of, so long ago; and its worker too.
  func age(_ number: Int64, hours: Double) async throws {
    let then = try await store.now().adding(seconds: -hours * 3600 - 5)
    try await shell(
      """
      UPDATE scans SET created_at = '\(then)', claimed_at = '\(then)', started_at = '\(then)',
        last_activity_at = '\(then)', check_at = '\(then)' WHERE number = \(number);
      UPDATE workers SET last_heartbeat_at = '\(then)';
      """)
  }

  func shell(_ sql: String) async throws {
    _ = try await SQLiteShell.run(sql, path: database)
  }
}
