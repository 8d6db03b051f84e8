import Foundation
import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

private let interpreter = "/usr/bin/python3"

/// `clients/python/holdfast_worker.py` against a real server.
@Suite(
  .serialized, .timeLimit(.minutes(5)),
  .enabled(if: FileManager.default.isExecutableFile(atPath: interpreter)))
struct PythonWorkerTests {
  private static let client = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../clients/python").standardized.path

  /// What each target does, and a file of its log.
  private static let program = """
    import logging, os, sys, threading, time
    import holdfast

    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    folder, server, token = sys.argv[1:4]

    def touch(name):
        open(os.path.join(folder, name), "w").close()

    def pages(scan):
        first = (scan.checkpoint or {}).get("page", 0)
        for page in range(first, 4):
            scan.items({"key": "%d-%d" % (page, n), "type": "tender"} for n in range(700))
            scan.progress(page + 1, 4, unit="pages", step="listing")
            assert scan.save({"page": page + 1}, wait=True)
            if page == 1 and scan.attempt == 1:
                raise holdfast_worker.TryAgain("the portal is closed")
        scan.error("x", "not_found", "It is gone.")
        return {"pages": 4, "first": first}

    def endless(scan):
        touch("endless")
        while not scan.should_stop:
            time.sleep(0.01)
        touch("stopped-" + scan.stop_reason)

    def hangs(scan):
        scan.progress(1, 2, step="listing")
        touch("hangs")
        with open(os.path.join(folder, "fifo")) as file:
            file.read()
        scan.progress(2, 2, step="listing")

    def broken(scan):
        raise ValueError("no such portal")

    import holdfast_worker
    handlers = {"pages": pages, "endless": endless, "broken": broken, "hangs": hangs}
    holdfast.Worker(
        server, token, {"tenders": lambda scan: handlers[scan.target](scan)}, name="py", slots=2,
        heartbeat_interval_seconds=1).run()
    touch("over")
    """

  @Test func aWorkerInPython() async throws {
    let stage = try await RemoteStage.empty()
    let server = try stage.serve()
    let address = try await server.waitUntilServing()
    let worker = try start(stage, address)
    defer { worker.signal(SIGKILL) }
    func said() -> String { log(of: stage) }
    func end(of scan: Scan) async throws -> Scan { try await self.end(of: scan, stage) }

    // A checkpoint, a second attempt, and each item once.
    let paged = try await end(of: try await submit("pages", stage))
    #expect(paged.status == .partial, "\(said())")
    #expect(paged.attempt == 2 && paged.crashes == 1)
    #expect(paged.counts.found == 2800 && paged.counts.errors == 1)
    #expect(paged.summary == ["pages": 4, "first": 2])
    #expect(paged.progress?.percentage == 100)
    #expect(paged.workerName == "py")

    let failed = try await end(of: try await submit("broken", stage))
    #expect(failed.status == .failed)
    #expect(failed.errorMessage == "ValueError: no such portal")

    // An operator's wish reaches it, and is done when it has stopped.
    let endless = try await submit("endless", stage)
    try await file("endless", stage)
    let cancelled = try await HoldfastProcess.run(
      ["cancel", "\(endless.number)", "--data-dir", stage.folder.path("data")],
      environment: stage.environment)
    #expect(cancelled.end == .exited(0), "\(cancelled.log)")
    #expect(try await end(of: endless).status == .cancelled)
    try await file("stopped-cancel", stage)

    // Draining gives back what runs.
    try FileManager.default.removeItem(atPath: stage.folder.path("endless"))
    let drained = try await submit("endless", stage)
    try await file("endless", stage)
    worker.signal(SIGTERM)
    try await file("over", stage)
    let now = try #require(try await stage.store.scan(.id(drained.id)))
    #expect(now.status == .pending && now.crashes == 0, "\(said())")
    let lives = try await stage.store.workers().filter { $0.name == "py" }
    #expect(lives.map(\.status) == ["retired"])
    try await expectOrderlyEnd(of: server)
  }

  /// It is silent for longer than any scan like it: its worker says so, takes it back when it goes on, and teaches what it was.
  @Test func aSilentScanIsSuspected() async throws {
    let stage = try await RemoteStage.empty()
    let policy = """
      {heartbeat_interval_seconds: 0.5, suspicion: report, suspicion_rate: 0.1,
        suspicion_floor_seconds: 0.1}
      """
    try Data("kinds: {tenders: {remote: true, policy: \(policy)}}\n".utf8)
      .write(to: URL(fileURLWithPath: stage.folder.path("holdfast.yaml")))
    try #require(mkfifo(stage.folder.path("fifo"), 0o600) == 0)
    let taught = (0..<30).map { _ in
      """
      INSERT INTO scan_rhythms (created_at, kind, target, rhythm) VALUES
        ('2026-01-01T00:00:00.000Z', 'tenders', 'hangs',
         '{"progress":[["listing",0.5]],"activity":[],"done":2,"seconds":1}');
      """
    }
    _ = try await SQLiteShell.run(
      taught.joined(separator: "\n"), path: stage.folder.path("holdfast.db"))
    let server = try stage.serve()
    let worker = try start(stage, try await server.waitUntilServing())
    defer { worker.signal(SIGKILL) }
    let scan = try await submit("hangs", stage)
    let suspected = try await eventually("the suspicion", within: .seconds(60)) {
      try await stage.store.scan(.id(scan.id))?.suspicion
    }
    #expect(suspected["signal"] == "progress", "\(suspected)")
    #expect(suspected["step"] == "listing")
    #expect(suspected["limit"]?["scope"] == "step")
    // Whoever waits for a writer has had one.
    _ = try StreamFile(stage.folder.path("fifo"), O_RDWR)
    let ended = try await end(of: scan, stage)
    #expect(ended.status == .completed, "\(log(of: stage))")
    let last = try #require(try await stage.store.rhythms(after: 30, limit: 2).first)
    #expect(last.rhythm.suspectedAtRate == 0.1)
    #expect(last.rhythm.progress.map(\.step) == ["", "listing"])
    #expect(last.rhythm.progress.last?.seconds ?? 0 > 0.5)
    #expect(!last.rhythm.activity.isEmpty)
    worker.signal(SIGTERM)
    try await file("over", stage)
    try await expectOrderlyEnd(of: server)
  }

  /// The client learns what every worker learns.
  @Test func itsLimitsAreThoseOfEveryWorker() throws {
    let folder = try TemporaryFolder(prefix: "holdfast-rhythms")
    var random: UInt64 = 7
    func next(_ below: UInt64) -> UInt64 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (random >> 33) % below
    }
    var book = RhythmBook(rates: [0.05])
    var records: [RhythmRecord] = []
    for id in 1...400 {
      func gaps() -> [GapTracker.StepGap] {
        ["", "listing", "reading"].prefix(Int(1 + next(3))).map {
          .init(step: $0, seconds: Double(1 + next(4096)) / 64)
        }
      }
      let rhythm = AttemptRhythm(
        progress: gaps(), activity: next(4) == 0 ? [] : gaps(),
        suspectedAtRate: next(40) == 0 ? 0.05 : nil)
      let target = id < 100 ? "new-\(id)" : "target-\(next(6))"
      records.append(RhythmRecord(id: Int64(id), kind: "k", target: target, rhythm: rhythm))
      book.learn(records[id - 1])
    }
    try JSONEncoder().encode(records).write(
      to: URL(fileURLWithPath: folder.path("records.json")))
    let program = """
      import json, sys
      import holdfast_worker
      rhythm = holdfast_worker._Rhythm(0.05)
      for record in json.load(open(sys.argv[1] + "/records.json")):
          rhythm.learn(record["target"], record["rhythm"])
      found = []
      for target in ("target-0", "target-5", "new-3", "unknown"):
          for sign in ("progress", "activity"):
              for step in ("", "listing", "reading", "other"):
                  limit = rhythm.limit(target, sign, step)
                  share = rhythm.probability(target, sign, step, 100.0)
                  found.append([limit["seconds"], limit["scope"], limit["scans"], share])
      json.dump(found, open(sys.argv[1] + "/found.json", "w"))
      """
    let null = try StreamFile("/dev/null", O_RDWR)
    let python = try ChildProcess(
      [
        "env", "PYTHONPATH=\(Self.client)", "PYTHONDONTWRITEBYTECODE=1", interpreter, "-c",
        program, folder.path,
      ], input: null.descriptor, output: null.descriptor, error: null.descriptor)
    #expect(python.waitUntilEnd() == .exited(0))
    let found = try JSONDecoder().decode(
      [[JSONValue]].self,
      from: Data(contentsOf: URL(fileURLWithPath: folder.path("found.json"))))
    var rows = found.makeIterator()
    for target in ["target-0", "target-5", "new-3", "unknown"] {
      for signal in [Suspicion.Signal.progress, .activity] {
        for step in ["", "listing", "reading", "other"] {
          let next = rows.next()
          let row = try #require(next)
          let limit = try #require(
            book.limit(signal, kind: "k", target: target, step: step, rate: 0.05))
          let share = try #require(
            book.probability(
              ofSilence: 100, signal, kind: "k", target: target, step: step, rate: 0.05))
          let seconds = try #require(row[0].doubleValue)
          #expect(abs(seconds - limit.seconds) < 1e-4 * limit.seconds, "\(target) \(step)")
          #expect(row[1].stringValue == limit.scope.rawValue)
          #expect(row[2].intValue == Int64(limit.scans))
          #expect(abs((row[3].doubleValue ?? 0) - share) < 1e-6)
        }
      }
    }
  }

  private func start(_ stage: RemoteStage, _ address: String) throws -> ChildProcess {
    let path = stage.folder.path("worker.py")
    try Data(Self.program.utf8).write(to: URL(fileURLWithPath: path))
    let log = try StreamFile(stage.folder.path("worker.log"), O_WRONLY | O_CREAT)
    let null = try StreamFile("/dev/null", O_RDONLY)
    return try ChildProcess(
      [
        "env", "PYTHONPATH=\(Self.client)", "PYTHONDONTWRITEBYTECODE=1", interpreter, path,
        stage.folder.path, address, try stage.token,
      ], input: null.descriptor, output: log.descriptor, error: log.descriptor)
  }

  private func log(of stage: RemoteStage) -> String {
    let data = FileManager.default.contents(atPath: stage.folder.path("worker.log")) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }

  private func end(of scan: Scan, _ stage: RemoteStage) async throws -> Scan {
    try await eventually("the end of \(scan.target): \(log(of: stage))", within: .seconds(60)) {
      let now = try #require(try await stage.store.scan(.id(scan.id)))
      return now.status.isTerminal ? now : nil
    }
  }

  private func submit(_ target: String, _ stage: RemoteStage) async throws -> Scan {
    let ran = try await HoldfastProcess.run(
      [
        "submit", "tenders", target, "--json", "--data-dir", stage.folder.path("data"),
        "--config", stage.folder.path("holdfast.yaml"),
      ], environment: stage.environment)
    try #require(ran.end == .exited(0), "\(ran.log)")
    return try JSONDecoder().decode(Scan.self, from: Data(ran.output.utf8))
  }

  private func file(_ name: String, _ stage: RemoteStage) async throws {
    try await eventually("the file \(name)", within: .seconds(60)) {
      FileManager.default.fileExists(atPath: stage.folder.path(name)) ? () : nil
    }
  }
}
