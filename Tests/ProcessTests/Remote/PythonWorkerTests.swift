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

    def broken(scan):
        raise ValueError("no such portal")

    import holdfast_worker
    handlers = {"pages": pages, "endless": endless, "broken": broken}
    holdfast.Worker(
        server, token, {"tenders": lambda scan: handlers[scan.target](scan)}, name="py", slots=2,
        heartbeat_interval_seconds=1).run()
    touch("over")
    """

  @Test func aWorkerInPython() async throws {
    let stage = try await RemoteStage.empty()
    let server = try stage.serve()
    let address = try await server.waitUntilServing()
    let path = stage.folder.path("worker.py")
    try Data(Self.program.utf8).write(to: URL(fileURLWithPath: path))
    let log = try StreamFile(stage.folder.path("worker.log"), O_WRONLY | O_CREAT)
    let null = try StreamFile("/dev/null", O_RDONLY)
    let worker = try ChildProcess(
      [
        "env", "PYTHONPATH=\(Self.client)", "PYTHONDONTWRITEBYTECODE=1", interpreter, path,
        stage.folder.path, address, try stage.token,
      ], input: null.descriptor, output: log.descriptor, error: log.descriptor)
    defer { worker.signal(SIGKILL) }
    func said() -> String {
      let data = FileManager.default.contents(atPath: stage.folder.path("worker.log")) ?? Data()
      return String(decoding: data, as: UTF8.self)
    }
    func end(of scan: Scan) async throws -> Scan {
      try await eventually("the end of \(scan.target): \(said())", within: .seconds(60)) {
        let now = try #require(try await stage.store.scan(.id(scan.id)))
        return now.status.isTerminal ? now : nil
      }
    }

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
