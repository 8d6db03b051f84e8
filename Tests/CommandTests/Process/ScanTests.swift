import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// Scans of a real folder with the real binary.
@Suite struct ScanTests {
  @Test func runsByItself() async throws {
    let stage = try Stage()
    let first = try await stage.run("scan", "library", stage.library)
    #expect(first.status == 0, "\(first.log)")
    #expect(first.output.hasPrefix("Scan 1 completed in "), "\(first.output)")
    #expect(first.output.contains("9 added"), "\(first.output)")
    #expect(first.log.contains("scan 1 "), "\(first.log)")

    try stage.write("history/rome/lesson4.pdf", "new")
    try stage.remove("history/rome/lesson1.pdf")
    let second = try await stage.run("scan", "library", stage.library, "--json")
    #expect(second.status == 0, "\(second.log)")
    let scan = try JSONDecoder().decode(Scan.self, from: Data(second.output.utf8))
    #expect(scan.status == .completed)
    #expect(scan.target == stage.library)
    #expect(scan.counts.added == 1)
    #expect(scan.counts.removed == 1)
    #expect(scan.createdBy == "cli")
  }

  @Test func endsWithTheStatusOfItsScan() async throws {
    let stage = try Stage()
    try stage.write("history/rome/virus.exe", "x")
    let partial = try await stage.run(
      "scan", "library", stage.library, "--allowed-extensions", "pdf")
    #expect(partial.status == 2, "\(partial.log)")
    #expect(partial.output.contains("1 error"))
    #expect(partial.output.contains("`holdfast errors 1` lists the errors."))
    let errors = try await stage.run("errors", "1")
    #expect(errors.output.contains("invalid_extension"))
    #expect(errors.output.contains("history/rome/virus.exe"))

    let failed = try await stage.run("scan", "library", stage.library + "/missing")
    #expect(failed.status == 1, "\(failed.log)")
    #expect(failed.output.hasPrefix("Scan 2 failed"), "\(failed.output)")
  }

  @Test func relativePathsAndUnitsAreUnderstood() async throws {
    let stage = try Stage()
    // The process starts in an empty folder of its own: that is the library.
    let result = try await stage.run(
      "scan", "library", ".", "--max-size", "5GB", "--exclude", "*.tmp", "--json")
    let scan = try JSONDecoder().decode(Scan.self, from: Data(result.output.utf8))
    #expect(scan.target.hasPrefix("/"))
    #expect(scan.params == ["max_size_bytes": 5_000_000_000, "exclude": ["*.tmp"]])
  }

  @Test func detachesAndIsRunLater() async throws {
    let stage = try Stage()
    let submitted = try await stage.run("scan", "library", stage.library, "--detach")
    #expect(submitted.status == 0)
    #expect(submitted.output == "Scan 1 is submitted.\n")
    #expect(submitted.log.contains("No worker is running"))
    #expect(try await stage.scan(1).status == .pending)

    let held = try await stage.run("scan", "library", stage.library)
    #expect(held.status == 75)
    #expect(held.log.contains("Scan already in progress (in the queue): scan 1"), "\(held.log)")

    let worker = try stage.start("worker", "--slots", "1", "--name", "late")
    let scan = try await stage.wait(for: 1, toBe: .completed)
    #expect(scan.workerName == "late")
    worker.signal(SIGTERM)
    #expect(try await worker.waitForEnd() == .exited(0))

    let followed = try await stage.run("follow", "1")
    #expect(followed.status == 0)
    #expect(followed.output.hasPrefix("Scan 1 completed"))
  }

  @Test func leavesTheScanToALiveWorker() async throws {
    let stage = try Stage()
    let worker = try stage.start("worker", "--slots", "2", "--name", "other")
    _ = try await eventually("the worker to be there") {
      worker.log.contains("STARTUP CLEANUP") ? true : nil
    }
    let result = try await stage.run("scan", "library", stage.library, "--json")
    #expect(result.status == 0, "\(result.log)")
    let scan = try JSONDecoder().decode(Scan.self, from: Data(result.output.utf8))
    #expect(scan.workerName == "other")
    worker.signal(SIGTERM)
    #expect(try await worker.waitForEnd() == .exited(0))
  }

  @Test func replacesAWorkerThatWasKilled() async throws {
    let stage = try Stage()
    let worker = try stage.start("worker", "--slots", "1", "--name", "dead")
    _ = try await eventually("the worker to be there") {
      worker.log.contains("STARTUP CLEANUP") ? true : nil
    }
    try await worker.kill9()
    // Its row is fresh; its process is gone, and this host knows.
    let result = try await stage.run("scan", "library", stage.library)
    #expect(result.status == 0, "\(result.log)")
  }

  @Test func aSignalLeavesTheScanInTheQueue() async throws {
    let stage = try Stage()
    try stage.writeEndlessFile("physics/optics/film.mp4")
    let command = try stage.start("scan", "library", stage.library, "--hash")
    _ = try await eventually("the scan to run") {
      command.log.contains("scan 1 running") ? true : nil
    }
    command.signal(SIGTERM)
    #expect(try await command.waitForEnd() == .exited(75))
    #expect(command.log.contains("`holdfast follow 1`"), "\(command.log)")
    #expect(try await stage.scan(1).status == .pending)

    try stage.remove("physics/optics/film.mp4")
    let followed = try await stage.run("follow", "1", "--json")
    #expect(followed.status == 0 || followed.status == 2, "\(followed.log)")
    #expect(try await stage.scan(1).attempt == 2)
  }

  @Test func idempotencyKeysFindTheSameScan() async throws {
    let stage = try Stage()
    let first = try await stage.run("scan", "library", stage.library, "--idempotency-key", "monday")
    let second = try await stage.run(
      "scan", "library", stage.library, "--idempotency-key", "monday")
    #expect(first.status == 0)
    #expect(second.status == 0)
    #expect(second.log.contains("Scan 1 was submitted before under this key."))
    let list = try await stage.run("list", "--json")
    let page = try JSONDecoder().decode(Page<Scan>.self, from: Data(list.output.utf8))
    #expect(page.items.count == 1)

    // The key of another folder's scan must not pass for a scan of this one.
    let other = try await stage.run(
      "scan", "library", stage.library + "/..", "--idempotency-key", "monday")
    #expect(other.status == 64)
    #expect(other.log.contains("was used before, for the library scan 1"), "\(other.log)")
  }
}
