import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// `holdfast why` on a scan whose runner stands still.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct WhyTests {
  @Test(arguments: DatabaseKind.allCases)
  func aStoppedRunnerIsFoundHereAndByItsWorker(_ kind: DatabaseKind) async throws {
    let stage = try await Stage.set(kind)
    let worker = try stage.worker()
    let brake = Brake(on: worker, scanning: stage.library.root)
    let scan = try await stage.submit()
    try await stage.middle(of: scan)
    let runner = try await eventually("the runner") {
      worker.runner(scanning: stage.library.root)
    }
    let here = try await whyStopped(scan, stage)
    #expect(here["source"] == "here")
    #expect(here["diagnosis"]?["class"] == "stopped")
    #expect(here["diagnosis"]?["pid"]?.intValue == Int64(runner))
    #expect(here["diagnosis"]?["evidence"]?["breadcrumb"]?["step"] == "walking")
    #expect(here["verdict"]?["lost"]?.arrayValue?.isEmpty == false)

    // Without breadcrumbs nothing leads from the worker to its runner, as on another machine.
    let crumbs = stage.folder.path("data-one/breadcrumbs")
    try FileManager.default.moveItem(atPath: crumbs, toPath: crumbs + "-away")
    let asked = try await whyStopped(scan, stage)
    #expect(asked["source"] == "worker")
    #expect(asked["diagnosis"]?["class"] == "stopped")
    try FileManager.default.moveItem(atPath: crumbs + "-away", toPath: crumbs)

    // A worker that does not answer costs the time that it was given, and what is stored is shown.
    worker.signal(SIGSTOP)
    try FileManager.default.moveItem(atPath: crumbs, toPath: crumbs + "-away")
    let stored = try await why(scan, stage, ["--wait", "0.2"])
    #expect(stored["source"] == "stored")
    #expect(stored["note"]?.stringValue?.contains("its worker one") == true)
    worker.signal(SIGCONT)
    try FileManager.default.moveItem(atPath: crumbs + "-away", toPath: crumbs)
    brake.release()
    try await stage.expectUndisturbedOutcome(of: scan)
    #expect(try await why(scan, stage)["sentence"]?.stringValue?.contains("has ended") == true)
  }

  /// The brake lets the runner go on for a thousandth of a second now and then, in which it may be met.
  private func whyStopped(_ scan: Scan, _ stage: Stage) async throws -> JSONValue {
    try await eventually("a look at a runner that is stopped") { () -> JSONValue? in
      let answer = try await why(scan, stage)
      // A bare nil would be JSON's null, which is an answer.
      guard answer["diagnosis"]?["class"] == "stopped" else { return Optional.none }
      return answer
    }
  }

  private func why(
    _ scan: Scan, _ stage: Stage, _ options: [String] = []
  ) async throws -> JSONValue {
    let (end, output, log) = try await HoldfastProcess.run(
      ["why", "\(scan.number)", "--json", "--data-dir", stage.folder.path("data")] + options,
      environment: stage.environment)
    try #require(end == .exited(0), "\(log)")
    return try #require(JSONValue(parsing: output))
  }
}
