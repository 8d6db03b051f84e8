import CHoldfastSystem
import Foundation
import Glibc
import Synchronization

/// A child process of a test: started with nothing inherited but its three standard streams, seen to its end by a thread of its
/// own.
///
/// Foundation's `Process` is not used here: it learns of an end by the closing of a socket that its child inherits, and so do
/// all processes that are started at the same moment by other tests. One of them that lives on hides the end for ever.
package final class ChildProcess: Sendable {
  /// How a process ended.
  package enum End: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)
  }

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// What the waiting thread and the owner share.
  private final class Ending: Sendable {
    let end = Mutex<End?>(nil)
    let isOver = DispatchSemaphore(value: 0)
  }

  package let processID: Int32
  private let ending = Ending()

  /// Starts a program as the leader of a session of its own.
  ///
  /// - Parameters:
  ///   - command: a program, looked up in `PATH`, and its arguments.
  ///   - environment: the whole of it; that of the test where `nil`.
  ///   - directory: where it starts.
  ///   - input, output, error: descriptors for its standard streams; the caller keeps and closes its own.
  package init(
    _ command: [String], environment: [String: String]? = nil, directory: String = "/",
    input: Int32, output: Int32, error: Int32
  ) throws {
    let variables = (environment ?? ProcessInfo.processInfo.environment).map { "\($0)=\($1)" }
    var started: pid_t = 0
    let code = Self.withCStrings(["env", "-C", directory] + command) { arguments in
      Self.withCStrings(variables) { environment in
        holdfast_spawn(
          "/usr/bin/env", arguments, environment, input, output, error, &started)
      }
    }
    guard code == 0 else {
      throw Failure(description: "\(command[0]): \(String(cString: strerror(code)))")
    }
    processID = started
    let (child, ending) = (started, ending)
    Thread.detachNewThread { Self.wait(for: child, ending) }
  }

  package var end: End? { ending.end.withLock { $0 } }
  package var isRunning: Bool { end == nil }

  /// Sends a signal; nothing happens if the process has ended.
  package func signal(_ signal: Int32) {
    // Under the lock: its id is not reaped, and so belongs to nobody else, before the end is noted.
    ending.end.withLock { if $0 == nil { kill(processID, signal) } }
  }

  /// Blocks until it has ended.
  package func waitUntilEnd() -> End {
    ending.isOver.wait()
    ending.isOver.signal()
    return end ?? .exited(-1)
  }

  private static func wait(for processID: pid_t, _ ending: Ending) {
    var (code, status): (Int32, Int32) = (0, 0)
    let result = holdfast_wait_without_reaping(processID, &code, &status)
    precondition(result == 0, "a child that nobody else waits for is there to be waited for")
    ending.end.withLock {
      $0 = code == CLD_EXITED ? .exited(status) : .signalled(status)
      // Its id is free for others only from here on.
      waitpid(processID, nil, 0)
    }
    ending.isOver.signal()
  }

  private static func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}

/// A file for a child's standard stream, open while the child is started.
package final class StreamFile: Sendable {
  package let descriptor: Int32

  /// - Parameter mode: as `open` takes it, such as `O_RDONLY`.
  package init(_ path: String, _ mode: Int32) throws {
    descriptor = open(path, mode | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw ChildProcess.Failure(description: "\(path): \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }
}

/// A shell script that runs once this process is gone, however it goes: its standard input closes then.
package final class Guardian: Sendable {
  private let process: ChildProcess
  private let input: Int32

  /// - Parameter script: begins when the test has ended; `$1` and so on are the arguments.
  package init(_ script: String, _ arguments: [String]) throws {
    var ends: [Int32] = [-1, -1]
    guard holdfast_pipe(&ends, 3) == 0 else {
      throw ChildProcess.Failure(description: "no pipe: \(String(cString: strerror(errno)))")
    }
    let null = try StreamFile("/dev/null", O_RDWR)
    defer { close(ends[0]) }
    input = ends[1]
    process = try ChildProcess(
      ["/bin/sh", "-c", "cat >/dev/null\n" + script, "guard"] + arguments,
      input: ends[0], output: null.descriptor, error: null.descriptor)
  }

  /// Lets it run its script now.
  package func release() { close(input) }

  /// Ends it without its script.
  package func dismiss() {
    process.signal(SIGKILL)
    close(input)
  }
}
