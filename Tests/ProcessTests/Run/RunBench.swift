import Foundation
import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import Testing

/// `holdfast run` with a database of its own, and a folder in which commands leave what they want to be seen.
struct RunBench {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder(prefix: "holdfast-run") }

  private var database: [String] { ["--data-dir", folder.path("data")] }

  /// Starts `holdfast run OPTIONS -- COMMAND`.
  func start(_ options: [String] = [], _ command: [String]) throws -> HoldfastProcess {
    // What a killed program leaves in the folder for temporary files goes with the test's own.
    try HoldfastProcess(
      ["run"] + database + options + ["--"] + command, environment: ["TMPDIR": folder.path])
  }

  /// Starts it with a script of the shell, whose first argument `$F` is the folder.
  func start(_ options: [String] = [], script: String) throws -> HoldfastProcess {
    try start(options, ["sh", "-c", "F=\(folder.path)\n\(script)"])
  }

  func run(
    _ options: [String] = [], _ command: [String]
  ) async throws -> (status: Int32?, output: String, log: String) {
    try await end(of: try start(options, command))
  }

  func run(
    _ options: [String] = [], script: String
  ) async throws -> (status: Int32?, output: String, log: String) {
    try await end(of: try start(options, script: script))
  }

  func end(
    of process: HoldfastProcess
  ) async throws -> (status: Int32?, output: String, log: String) {
    guard case .exited(let status) = try await process.waitForEnd(within: .seconds(120)) else {
      return (nil, process.output, process.log)
    }
    return (status, process.output, process.log)
  }

  /// Runs a script of the shell in which `holdfast` stands for `holdfast run` with this database, and `$F` for the folder.
  func shell(_ script: String) throws -> ChildProcess.End {
    let null = try StreamFile("/dev/null", O_RDWR)
    let binary = try HoldfastProcess.binary
    let process = try ChildProcess(
      [
        "sh", "-c",
        "export F=\(folder.path)\nholdfast() { \(binary) run --data-dir $F/data \"$@\"; }\n\(script)",
      ], input: null.descriptor, output: null.descriptor, error: null.descriptor)
    return process.waitUntilEnd()
  }

  /// The scan of a number, as the database has it.
  func scan(_ number: Int64 = 1) async throws -> Scan {
    try #require(try await find(number))
  }

  /// The same; `nil` where there is none yet.
  func find(_ number: Int64 = 1) async throws -> Scan? {
    let opened = try? await SQLStore.open(
      url: .sqlite(path: folder.path("data/holdfast.db")), maxConnections: 1,
      logger: Logger(label: "test"), schema: .require)
    // It makes its database when it begins.
    guard let store = opened else { return nil }
    let scan = try await store.scan(.number(number))
    await store.close()
    return scan
  }

  /// What `holdfast why` tells of a scan.
  func why(_ number: Int64) async throws -> JSONValue {
    let (end, output, log) = try await HoldfastProcess.run(
      ["why", "\(number)", "--json"] + database)
    try #require(end == .exited(0), "\(log)")
    return try #require(JSONValue(parsing: output))
  }

  /// The process ids that a command has written into a file of the folder, one a line, once there are so many.
  func processes(_ count: Int, in name: String = "pids") async throws -> [Int32] {
    try await eventually("\(count) processes", within: .seconds(60)) {
      guard let data = FileManager.default.contents(atPath: folder.path(name)) else { return nil }
      let lines = String(decoding: data, as: UTF8.self)
      guard lines.hasSuffix("\n") else { return nil }
      let ids = lines.split(separator: "\n").compactMap { Int32($0) }
      return ids.count >= count ? ids : nil
    }
  }

  /// The process of a program that a `holdfast run` has started, by the name of its executable or script.
  func program(_ name: String, of run: HoldfastProcess) async throws -> Int32 {
    try await eventually("the process of \(name)", within: .seconds(60)) {
      for runner in run.runners {
        for guardian in ProcessTable.children(of: runner) {
          for process in ProcessTable.children(of: guardian)
          where ProcessTable.arguments(of: process).prefix(2).contains(where: {
            $0.split(separator: "/").last == name[...]
          }) {
            return process
          }
        }
      }
      return nil
    }
  }

  func expectGone(_ processes: [Int32]) async throws {
    _ = try await eventually("the end of \(processes)", within: .seconds(60)) {
      processes.contains(where: ProcessTable.isAlive) ? nil : true
    }
  }
}
