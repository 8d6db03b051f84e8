import Foundation
import Synchronization

/// A process under measurement: its start, its first line, its memory, its end.
final class ChildProcess: Sendable {
  private let process: Process
  private let output: FileHandle
  let started: ContinuousClock.Instant

  /// - Parameter inputIsOpen: gives it an open pipe as standard input (a runner ends when that closes).
  init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:],
    inputIsOpen: Bool = false
  ) throws {
    process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let pipe = Pipe()
    output = pipe.fileHandleForReading
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    process.standardInput = inputIsOpen ? Pipe() : FileHandle.nullDevice
    started = .now
    try process.run()
  }

  var processID: Int32 { process.processIdentifier }

  /// Waits for its first output; the milliseconds since its start.
  func millisecondsToFirstOutput() async throws -> Double {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { [self] in
        let data = output.availableData
        let time = (ContinuousClock.now - started) / .milliseconds(1)
        continuation.resume(
          with: data.isEmpty
            ? .failure(BenchFailure("the process ended without a word")) : .success(time))
      }
    }
  }

  /// Its resident memory in MB (10^6 bytes).
  func residentMegabytes() throws -> Double {
    let text = try String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
    for line in text.split(separator: "\n") where line.hasPrefix("VmRSS:") {
      let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first
      return Double(kilobytes ?? "0").map { $0 * 1024 / 1e6 } ?? 0
    }
    throw BenchFailure("no VmRSS of process \(processID)")
  }

  var isRunning: Bool { process.isRunning }

  /// Asks it to end and waits; kills it after 10 s.
  func stop() async throws {
    process.terminate()
    do {
      try await wait(for: "the end of process \(processID)", limit: .seconds(10)) {
        !process.isRunning
      }
    } catch {
      kill(processID, SIGKILL)
      try await wait(for: "the end of process \(processID)", limit: .seconds(10)) {
        !process.isRunning
      }
    }
  }
}

/// Whether something listens on a port of the loopback address.
func isListening(onPort port: Int) -> Bool {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  guard descriptor >= 0 else { return false }
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = in_port_t(port).bigEndian
  address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}

/// A port of the loopback address that nobody uses at this moment.
func freePort() throws -> Int {
  for _ in 0..<100 {
    let port = Int.random(in: 20_000..<32_000)
    if !isListening(onPort: port) { return port }
  }
  throw BenchFailure("no free port")
}
