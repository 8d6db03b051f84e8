import Foundation
import Synchronization

/// The real `holdfast` binary, run as a process of its own by a test, and gone with it.
package final class HoldfastProcess: Sendable {
  /// How a process ended.
  package enum End: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)
  }

  /// Shared with the handler that is told of the end.
  private final class Ending: Sendable {
    let value = Mutex<End?>(nil)
  }

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
  package let processID: Int32
  private let process: Process
  private let folder: TemporaryFolder
  private let ending = Ending()
  /// Kills the process when this one goes, however it goes: its input closes then.
  private let guardian: Process
  private let guardInput: FileHandle

  /// Starts `holdfast` with these arguments.
  ///
  /// - Parameter environment: the whole of its environment beside `PATH` and `HOME`.
  package init(_ arguments: [String], environment: [String: String] = [:]) throws {
    self.arguments = arguments
    folder = try TemporaryFolder(prefix: "holdfast-process")
    process = Process()
    process.executableURL = URL(fileURLWithPath: try Self.binary)
    process.arguments = arguments
    let own = ProcessInfo.processInfo.environment
    process.environment = environment.merging(
      ["PATH": own["PATH"] ?? "/usr/bin:/bin", "HOME": folder.path]
    ) { given, _ in given }
    process.currentDirectoryURL = folder.url
    process.standardInput = FileHandle.nullDevice
    for name in ["out", "err"] {
      try Data().write(to: URL(fileURLWithPath: folder.path(name)))
    }
    process.standardOutput = FileHandle(forWritingAtPath: folder.path("out"))
    process.standardError = FileHandle(forWritingAtPath: folder.path("err"))
    process.terminationHandler = { [ending] process in
      ending.value.withLock {
        $0 =
          process.terminationReason == .exit
          ? .exited(process.terminationStatus) : .signalled(process.terminationStatus)
      }
    }
    try process.run()
    processID = process.processIdentifier

    guardian = Process()
    guardian.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
    guardian.arguments = [
      "sh", "-c", "cat >/dev/null; kill -KILL \"$1\" 2>/dev/null", "guard", "\(processID)",
    ]
    let pipe = Pipe()
    _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    guardian.standardInput = pipe
    guardian.standardError = FileHandle.nullDevice
    guardInput = pipe.fileHandleForWriting
    try guardian.run()
    try pipe.fileHandleForReading.close()
  }

  deinit {
    if process.isRunning { kill(processID, SIGKILL) }
    // The guard ends by itself when its input closes; the process that it would end is gone already.
    kill(guardian.processIdentifier, SIGKILL)
    try? guardInput.close()
  }

  /// What it has written to its standard output so far.
  package var output: String { read("out") }
  /// What it has logged so far.
  package var log: String { read("err") }

  private func read(_ name: String) -> String {
    guard let data = FileManager.default.contents(atPath: folder.path(name)) else { return "" }
    return String(decoding: data, as: UTF8.self)
  }

  package var isRunning: Bool { ending.value.withLock { $0 == nil } }

  /// Sends a signal; nothing happens if the process has ended.
  package func signal(_ signal: Int32) {
    if isRunning { kill(processID, signal) }
  }

  /// Ends it with SIGKILL and waits until it is gone.
  package func kill9() async throws {
    signal(SIGKILL)
    _ = try await waitForEnd()
  }

  package func waitForEnd(within limit: Duration = .seconds(30)) async throws -> End {
    try await eventually("the end of holdfast \(arguments.joined(separator: " "))", within: limit) {
      ending.value.withLock { $0 }
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
