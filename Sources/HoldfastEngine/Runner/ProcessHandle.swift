import CHoldfastSystem
import Glibc
import Synchronization

/// A child process that leads its own process group, from its start until it has been reaped.
///
/// A signal is sent only while the process is unreaped, under the lock that reaping takes too, so its id cannot have become
/// another process's.
final class ProcessHandle: Sendable {
  let processID: pid_t
  /// Readable once the process has ended; closed by the keeper.
  let pidfd: Int32
  private let state = Mutex(State())

  private struct State {
    var exit: RunnerExit?
    var handler: (@Sendable (RunnerExit) -> Void)?
  }

  init(processID: pid_t, pidfd: Int32) {
    self.processID = processID
    self.pidfd = pidfd
  }

  var exit: RunnerExit? { state.withLock { $0.exit } }

  /// Sends a signal to the whole process group; nothing happens once the process has been reaped.
  func signalGroup(_ signal: Int32) {
    state.withLock {
      guard $0.exit == nil else { return }
      // ESRCH and EPERM leave nothing to do: the group is gone, or what is left of it has become another user's.
      _ = kill(-processID, signal)
    }
  }

  /// Calls `handler` once, when the process has been reaped; at once if it has been. Replaces an earlier handler.
  func onExit(_ handler: @escaping @Sendable (RunnerExit) -> Void) {
    let exit = state.withLock { state -> RunnerExit? in
      state.handler = state.exit == nil ? handler : nil
      return state.exit
    }
    if let exit { handler(exit) }
  }

  /// Kills what the ended process leaves of its group, then reaps it. While it is a zombie, its id is still its own.
  func reap() {
    var code: Int32 = 0
    var status: Int32 = 0
    _ = holdfast_wait_without_reaping(processID, &code, &status)
    let exit: RunnerExit = code == cldExited ? .exited(status: status) : .signalled(status)
    let handler = state.withLock { state -> (@Sendable (RunnerExit) -> Void)? in
      _ = kill(-processID, SIGKILL)
      var ignored: Int32 = 0
      // A runner and its guard that were killed at one moment could not end what their command had started.
      hf_group_end(processID)
      while waitpid(processID, &ignored, 0) == -1 && errno == EINTR {}
      state.exit = exit
      defer { state.handler = nil }
      return state.handler
    }
    handler?(exit)
  }
}

/// `CLD_EXITED` of <signal.h>, an enumerator that Swift's Glibc module imports under a version-dependent type.
private let cldExited: Int32 = 1
