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

  /// - Parameters:
  ///   - command: an absolute path or a name to be looked up, and its arguments.
  ///   - environment: the whole of it; that of the test where `nil`.
  ///   - directory: where it starts.
  ///   - input, output, error: descriptors for its standard streams; the caller keeps and closes its own.
  ///   - leadsSession: whether it gets a session of its own.
  package init(
    _ command: [String], environment: [String: String]? = nil, directory: String? = nil,
    input: Int32, output: Int32, error: Int32, leadsSession: Bool = false
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, descriptor) in [input, output, error].enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    if let directory { posix_spawn_file_actions_addchdir_np(&actions, directory) }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // What a test runner ignores or blocks must not be inherited: a program that is told to stop has to hear it.
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    let session = leadsSession ? POSIX_SPAWN_SETSID : 0
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | Int32(session)))

    let variables = (environment ?? ProcessInfo.processInfo.environment).map { "\($0)=\($1)" }
    var processID: pid_t = 0
    let code = Self.withCStrings(command) { arguments in
      Self.withCStrings(variables) { environment in
        posix_spawnp(&processID, arguments[0], &actions, &attributes, arguments, environment)
      }
    }
    guard code == 0 else {
      throw Failure(description: "\(command[0]): \(String(cString: strerror(code)))")
    }
    self.processID = processID
    let ending = ending
    Thread.detachNewThread { Self.wait(for: processID, ending) }
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
    var info = siginfo_t()
    while waitid(P_PID, id_t(processID), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    ending.end.withLock {
      var status: Int32 = 0
      while waitpid(processID, &status, 0) < 0, errno == EINTR {}
      let signal = status & 0x7F
      $0 = signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
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
    guard pipe2(&ends, O_CLOEXEC) == 0 else {
      throw ChildProcess.Failure(description: "no pipe: \(String(cString: strerror(errno)))")
    }
    let null = try StreamFile("/dev/null", O_RDWR)
    defer { close(ends[0]) }
    input = ends[1]
    process = try ChildProcess(
      ["/bin/sh", "-c", "cat >/dev/null\n" + script, "guard"] + arguments,
      input: ends[0], output: null.descriptor, error: null.descriptor, leadsSession: true)
  }

  /// Lets it run its script now.
  package func release() { close(input) }

  /// Ends it without its script.
  package func dismiss() {
    process.signal(SIGKILL)
    close(input)
  }
}
