import Foundation
import HoldfastCore
import HoldfastTestKit
import Testing

/// A data folder and a small library of a test's own, with the real binary to work on them.
final class Stage: Sendable {
  let folder: TemporaryFolder
  var data: String { folder.path("data") }
  var library: String { folder.path("library") }
  var database: String { data + "/holdfast.db" }

  init() throws {
    folder = try TemporaryFolder(prefix: "holdfast-command")
    for course in ["physics/optics", "physics/waves", "history/rome"] {
      for number in 1...3 { try write("\(course)/lesson\(number).pdf", "\(course) \(number)") }
    }
  }

  func write(_ name: String, _ text: String) throws {
    let file = URL(fileURLWithPath: library).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: library + "/" + name)
  }

  /// A file whose hashing takes as long as a test wants, and no disk.
  func writeEndlessFile(_ name: String) throws {
    try write(name, "")
    let path = library + "/" + name
    guard truncate(path, 4 << 40) == 0 else {
      throw WaitedTooLong(description: "no sparse file of 4 TiB at \(path)")
    }
  }

  /// Runs a command on this stage's data folder.
  func run(
    _ arguments: String..., environment: [String: String] = [:]
  ) async throws -> (status: Int32, output: String, log: String) {
    let result = try await HoldfastProcess.run(
      arguments + ["--data-dir", data], environment: environment)
    guard case .exited(let status) = result.end else {
      Issue.record("holdfast \(arguments) was ended by a signal: \(result.end)\n\(result.log)")
      return (-1, result.output, result.log)
    }
    return (status, result.output, result.log)
  }

  func start(_ arguments: String..., environment: [String: String] = [:]) throws -> HoldfastProcess
  {
    try HoldfastProcess(arguments + ["--data-dir", data], environment: environment)
  }

  /// What `show ID --json` tells.
  func scan(_ number: Int64) async throws -> Scan {
    let shown = try await run("show", "\(number)", "--json")
    return try JSONDecoder().decode(Scan.self, from: Data(shown.output.utf8))
  }

  /// Waits until the scan has this status.
  func wait(for number: Int64, toBe status: ScanStatus) async throws -> Scan {
    try await eventually("scan \(number) to be \(status)", every: .milliseconds(50)) {
      let scan = try await self.scan(number)
      return scan.status == status ? scan : nil
    }
  }
}
