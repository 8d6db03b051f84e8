import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// `serve` and `worker` as an operator starts and stops them.
@Suite struct ServeTests {
  @Test func tellsItsAddressInOneLineAndDrains() async throws {
    let stage = try Stage()
    let server = try stage.start("serve", "--port", "0")
    let url = try await server.waitUntilServing()
    #expect(server.output == "holdfast 0.1.0 is ready at \(url)/\n")
    let scanned = try await stage.run("scan", "library", stage.library, "--json")
    #expect(scanned.status == 0, "\(scanned.log)")
    server.signal(SIGTERM)
    #expect(try await server.waitForEnd() == .exited(0))
    #expect(server.log.contains("stopping: scans go back to the queue"))
  }

  @Test func givesItsScansBackWhenItIsStopped() async throws {
    let stage = try Stage()
    try stage.writeEndlessFile("physics/optics/film.mp4")
    let server = try stage.start("serve", "--port", "0")
    _ = try await server.waitUntilServing()
    _ = try await stage.run("scan", "library", stage.library, "--hash", "--detach")
    _ = try await stage.wait(for: 1, toBe: .running)
    server.signal(SIGINT)
    #expect(try await server.waitForEnd() == .exited(0))
    #expect(try await stage.scan(1).status == .pending)
  }

  @Test func aSecondSignalEndsItAtOnce() async throws {
    let stage = try Stage()
    try stage.writeEndlessFile("physics/optics/film.mp4")
    let server = try stage.start("serve", "--port", "0")
    _ = try await server.waitUntilServing()
    _ = try await stage.run("scan", "library", stage.library, "--hash", "--detach")
    let runner = try await eventually("the runner of the scan") {
      server.runner(scanning: stage.library)
    }
    // A runner that stands still does not answer: the drain would take its whole patience.
    kill(runner, SIGSTOP)
    server.signal(SIGTERM)
    _ = try await eventually("the drain") { server.log.contains("draining") ? true : nil }
    // Another kind of signal soon after, or the same at once, is taken for an echo of the first.
    server.signal(SIGINT)
    try await eventually("the end of one who insists", within: .seconds(5)) {
      server.signal(SIGTERM)
      return server.isRunning ? nil : ()
    }
    #expect(try await server.waitForEnd() == .exited(143))
    kill(runner, SIGKILL)
  }

  @Test func aPortThatIsTakenIsToldOf() async throws {
    let stage = try Stage()
    let server = try stage.start("serve", "--port", "0")
    let url = try await server.waitUntilServing()
    let port = try #require(url.split(separator: ":").last)
    let other = try Stage()
    let second = try await other.run("serve", "--port", String(port))
    #expect(second.status == 71, "\(second.log)")
    #expect(second.log.contains(String(port)), "\(second.log)")
    let nowhere = try await other.run("serve", "--port", "0", "--host", "no-such-host.invalid")
    #expect(nowhere.status == 71, "\(nowhere.log)")
  }

  @Test func servesWithoutSlots() async throws {
    let stage = try Stage()
    let server = try stage.start("serve", "--port", "0", "--slots", "0")
    _ = try await server.waitUntilServing()
    _ = try await stage.run("scan", "library", stage.library, "--detach")
    #expect(server.runners.isEmpty)
    server.signal(SIGTERM)
    #expect(try await server.waitForEnd() == .exited(0))
    #expect(try await stage.scan(1).status == .pending)
  }

  @Test func logsJSONWhereAsked() async throws {
    let stage = try Stage()
    let worker = try stage.start("worker", environment: ["HOLDFAST_LOG_FORMAT": "json"])
    _ = try await eventually("the worker to be there") {
      worker.log.contains("STARTUP CLEANUP") ? true : nil
    }
    worker.signal(SIGTERM)
    #expect(try await worker.waitForEnd() == .exited(0))
    for line in worker.log.split(separator: "\n") {
      let entry = try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
      #expect(entry["level"]?.stringValue != nil)
      #expect(entry["time"]?.stringValue.flatMap { Timestamp($0) } != nil)
      #expect(entry["message"]?.stringValue != nil)
    }
  }

  @Test func theTokenCanBeReplaced() async throws {
    let stage = try Stage()
    let server = try stage.start("serve", "--port", "0")
    _ = try await server.waitUntilServing()
    let path = try await stage.run("token", "path")
    let file = path.output.trimmingCharacters(in: .newlines)
    let before = try String(contentsOfFile: file, encoding: .utf8)
    let rotated = try await stage.run("token", "rotate")
    #expect(rotated.status == 0, "\(rotated.log)")
    #expect(rotated.output == path.output)
    let after = try String(contentsOfFile: file, encoding: .utf8)
    #expect(before != after)
    #expect(!rotated.output.contains(after.trimmingCharacters(in: .newlines)))
  }
}
