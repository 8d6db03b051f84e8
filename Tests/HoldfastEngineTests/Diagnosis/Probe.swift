import Foundation
import Glibc
import HoldfastTestKit
import Testing

@testable import HoldfastEngine

/// A real process that gets stuck in a way of its own, the leader of a session as runners are. It
/// is killed with everything in its session when the test lets go of it.
final class Probe: Sendable {
  let processID: pid_t
  let identity: ProcessIdentity

  /// Runs a program of Python.
  convenience init(python script: String, _ arguments: [String] = []) throws {
    try self.init(["/usr/bin/python3", "-c", script] + arguments)
  }

  init(_ command: [String]) throws {
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0)
    // `setsid` makes the session and becomes the command, under the same process id.
    let words = ["/usr/bin/setsid"] + command
    var arguments = words.map { strdup($0) } + [nil]
    defer { for word in arguments { free(word) } }
    var environment = [strdup("PATH=/usr/bin:/bin"), nil]
    defer { for word in environment { free(word) } }
    var processID = pid_t()
    let code = posix_spawn(
      &processID, words[0], &files, nil, &arguments, &environment)
    guard code == 0, let identity = ProcessIdentity.now(processID) else {
      throw WaitedTooLong(
        description: "cannot start \(command): \(String(cString: strerror(code)))")
    }
    self.processID = processID
    self.identity = identity
  }

  deinit {
    let census = try? ProcessCensus.read()
    for member in census?.tree(of: identity).map(\.identity.processID) ?? []
    where member != processID {
      kill(member, SIGKILL)
    }
    kill(processID, SIGKILL)
    var status: Int32 = 0
    waitpid(processID, &status, 0)
  }

  /// Waits until its main thread sleeps in one of these system calls.
  func waitUntil(in calls: String...) async throws {
    try await eventually("process \(processID) in \(calls)") {
      guard let text = try? ProcFolder.shared.text("\(processID)/syscall"),
        let call = RawSystemCall(text)
      else { return false }
      return calls.contains(call.name(waitChannel: ""))
    }
  }

  /// Waits until its state is this letter of `/proc/PID/stat`.
  func waitUntil(state: String) async throws {
    try await eventually("process \(processID) in state \(state)") {
      try ProcFolder.shared.process(processID).stateText == state
    }
  }

  /// The members of its tree, itself included.
  func tree() throws -> [Int32] {
    try ProcessCensus.read().tree(of: identity).map(\.identity.processID)
  }
}
