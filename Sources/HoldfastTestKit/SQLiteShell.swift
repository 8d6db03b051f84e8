import Foundation
import Glibc

/// The `sqlite3` program: a process without any of our functions, as an operator has.
package enum SQLiteShell {
  package static func run(_ sql: String, path: String) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(with: Result { try runBlocking(sql, path: path) })
      }
    }
  }

  private static func runBlocking(_ sql: String, path: String) throws -> String {
    let folder = try TemporaryFolder(prefix: "holdfast-sqlite3")
    let streams = (
      try StreamFile("/dev/null", O_RDONLY),
      try StreamFile(folder.path("out"), O_WRONLY | O_CREAT),
      try StreamFile(folder.path("err"), O_WRONLY | O_CREAT)
    )
    // The line feed keeps a comment at the beginning from being taken for an option.
    let process = try ChildProcess(
      ["sqlite3", "-bail", "-batch", path, ".timeout 5000", "\n" + sql],
      input: streams.0.descriptor,
      output: streams.1.descriptor, error: streams.2.descriptor)
    guard process.waitUntilEnd() == .exited(0) else {
      throw ShellFailure(
        description: try String(contentsOfFile: folder.path("err"), encoding: .utf8))
    }
    return try String(contentsOfFile: folder.path("out"), encoding: .utf8)
  }
}

package struct ShellFailure: Error, CustomStringConvertible {
  package let description: String
}
