import Foundation
import HoldfastTestKit

/// The `sqlite3` program: a process without any of our functions, as an operator has.
enum SQLiteShell {
  static func run(_ sql: String, path: String) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(with: Result { try runBlocking(sql, path: path) })
      }
    }
  }

  private static func runBlocking(_ sql: String, path: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
    process.arguments = ["-bail", "-batch", path, ".timeout 5000", sql]
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw ShellFailure(description: String(decoding: complaint, as: UTF8.self))
    }
    return String(decoding: text, as: UTF8.self)
  }
}

struct ShellFailure: Error, CustomStringConvertible {
  let description: String
}
