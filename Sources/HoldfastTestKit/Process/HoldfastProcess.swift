import Foundation
import Glibc

/// The real `holdfast` binary, run as a process of its own by a test, and gone with it.
package final class HoldfastProcess: Sendable {
  package typealias End = ChildProcess.End

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// The binary that was built with these tests: it lies beside their bundle.
  package static var binary: String {
    get throws {
      let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      var folder = URL(fileURLWithPath: tests).deletingLastPathComponent()
      while folder.path != "/" {
        let candidate = folder.appendingPathComponent("holdfast").path
        if FileManager.default.isExecutableFile(atPath: candidate),
          !isDirectory(candidate)
        {
          return candidate
        }
        folder.deleteLastPathComponent()
      }
      throw Failure(description: "no holdfast binary beside \(tests): `swift build` makes it")
    }
  }

  private static func isDirectory(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
      && isDirectory.boolValue
  }

  package let arguments: [String]
  private let process: ChildProcess
  private let folder: TemporaryFolder
  /// Kills the process when this one goes, however it goes.
  private let guardian: Guardian

  package var processID: Int32 { process.processID }

  /// Starts `holdfast` with these arguments.
  ///
  /// - Parameters:
  ///   - wrapper: a command that makes itself into `holdfast`, such as `ip netns exec NAME`.
  ///   - environment: the whole of its environment beside `PATH` and `HOME`.
  package init(
    _ arguments: [String], through wrapper: [String] = [], environment: [String: String] = [:]
  ) throws {
    self.arguments = arguments
    folder = try TemporaryFolder(prefix: "holdfast-process")
    let own = ProcessInfo.processInfo.environment
    let null = try StreamFile("/dev/null", O_RDONLY)
    let output = try StreamFile(folder.path("out"), O_WRONLY | O_CREAT)
    let errors = try StreamFile(folder.path("err"), O_WRONLY | O_CREAT)
    process = try ChildProcess(
      wrapper + [try Self.binary] + arguments,
      environment: environment.merging(
        ["PATH": own["PATH"] ?? "/usr/bin:/bin", "HOME": folder.path]
      ) { given, _ in given },
      directory: folder.path, input: null.descriptor, output: output.descriptor,
      error: errors.descriptor)
    guardian = try Guardian("kill -KILL \"$1\" 2>/dev/null", ["\(process.processID)"])
  }

  deinit {
    process.signal(SIGKILL)
    // What it would end has ended, or is about to.
    guardian.dismiss()
  }

  /// What it has written to its standard output so far.
  package var output: String { read("out") }
  /// What it has logged so far.
  package var log: String { read("err") }

  private func read(_ name: String) -> String {
    guard let data = FileManager.default.contents(atPath: folder.path(name)) else { return "" }
    return String(decoding: data, as: UTF8.self)
  }

  package var isRunning: Bool { process.isRunning }

  /// Sends a signal; nothing happens if the process has ended.
  package func signal(_ signal: Int32) {
    process.signal(signal)
  }

  /// Ends it with SIGKILL and waits until it is gone.
  package func kill9() async throws {
    signal(SIGKILL)
    _ = try await waitForEnd()
  }

  package func waitForEnd(within limit: Duration = .seconds(30)) async throws -> End {
    try await eventually("the end of holdfast \(arguments.joined(separator: " "))", within: limit) {
      process.end
    }
  }

  /// The base URL that `serve` prints once it is ready.
  package func waitUntilServing(within limit: Duration = .seconds(30)) async throws -> String {
    try await eventually("the server's address", within: limit) {
      if !isRunning { throw Failure(description: "the server ended: \(log)") }
      guard let start = output.range(of: "http://") else { return nil }
      let rest = output[start.lowerBound...]
      guard let end = rest.firstIndex(where: \.isNewline) else { return nil }
      let url = rest[..<end]
      return String(url.hasSuffix("/") ? url.dropLast() : url)
    }
  }

  /// Runs `holdfast` to its end and returns what it printed.
  package static func run(
    _ arguments: [String], environment: [String: String] = [:],
    within limit: Duration = .seconds(120)
  ) async throws -> (end: End, output: String, log: String) {
    let process = try HoldfastProcess(arguments, environment: environment)
    let end = try await process.waitForEnd(within: limit)
    return (end, process.output, process.log)
  }
}
