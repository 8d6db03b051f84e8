import Foundation

/// The seconds that `body` takes.
func seconds<Failure: Error>(
  _ body: () async throws(Failure) -> Void
) async throws(Failure) -> Double {
  let start = ContinuousClock.now
  try await body()
  return (ContinuousClock.now - start) / .seconds(1)
}

struct BenchFailure: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}

/// Runs a program to its end, off the cooperative pool.
@discardableResult
func run(
  _ program: String, _ arguments: [String], environment: [String: String] = [:],
  accepting accepted: Set<Int32> = [0]
) async throws -> (output: String, seconds: Double) {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread {
      continuation.resume(
        with: Result {
          try runBlocking(
            program, arguments, environment: environment, accepting: accepted)
        })
    }
  }
}

private func runBlocking(
  _ program: String, _ arguments: [String], environment: [String: String],
  accepting accepted: Set<Int32>
) throws -> (output: String, seconds: Double) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [program] + arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardInput = FileHandle.nullDevice
  let start = ContinuousClock.now
  try process.run()
  let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  let seconds = (ContinuousClock.now - start) / .seconds(1)
  guard accepted.contains(process.terminationStatus) else {
    throw BenchFailure(
      "\(program) \(arguments.joined(separator: " ")) ended with \(process.terminationStatus)")
  }
  return (String(decoding: data, as: UTF8.self), seconds)
}

/// Waits until `condition` holds, looking every millisecond.
func wait(
  for what: String, limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while !(try await condition()) {
    guard ContinuousClock.now < deadline else { throw BenchFailure("waited \(limit) for \(what)") }
    try await Task.sleep(for: .milliseconds(1))
  }
}

/// Prints a line at once, also into a pipe.
func say(_ line: String) {
  FileHandle.standardOutput.write(Data((line + "\n").utf8))
}
