import CHoldfastSystem
import Glibc
import Synchronization

/// The one thread that starts processes, sees them end and reaps them.
///
/// It starts them because a child that asks for a signal at its parent's death (`PR_SET_PDEATHSIG`) gets it when the *thread*
/// that made it ends; this one lives as long as its children. It waits on their pidfds, so an end is seen at once and
/// without polling.
///
/// `posix_spawn` rather than swift-subprocess: that library reaps for its caller, which leaves no moment in which the
/// zombie still owns its id while the rest of its group is killed, and it starts processes on a thread that may end.
final class ProcessKeeper: Sendable {
  struct Launch: Sendable {
    var command: [String]
    var environment: [String: String]
    /// Descriptors for the child's standard streams; the caller closes them afterwards.
    var input: Int32
    var output: Int32
    var error: Int32
    /// Descriptors that the child has as 3, 4, …; all of them above these numbers here.
    var more: [Int32] = []
  }

  private enum Job {
    case launch(Launch, CheckedContinuation<Result<ProcessHandle, RunnerError>, Never>)
    case close
  }

  private let jobs = Mutex<[Job]>([])
  private let wakeRead: Int32
  private let wakeWrite: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    let made = holdfast_pipe(&ends, 3)
    precondition(made == 0, "no descriptors are left for a pipe")
    wakeRead = ends[0]
    wakeWrite = ends[1]
    for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    startThread()
  }

  deinit {
    close(wakeRead)
    close(wakeWrite)
  }

  func launch(_ launch: Launch) async -> Result<ProcessHandle, RunnerError> {
    await withCheckedContinuation { add(.launch(launch, $0)) }
  }

  /// Lets the thread end once all its children have.
  func shutDown() {
    add(.close)
  }

  private func add(_ job: Job) {
    jobs.withLock { $0.append(job) }
    var byte: UInt8 = 1
    // A full pipe (EAGAIN) wakes the thread as well as another byte would.
    _ = write(wakeWrite, &byte, 1)
  }

  private func startThread() {
    let box = Unmanaged.passRetained(self)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let keeper = Unmanaged<ProcessKeeper>.fromOpaque(argument).takeRetainedValue()
        hf_name_thread("hf-keeper")
        keeper.loop()
        return nil
      }, box.toOpaque())
    precondition(code == 0, "no thread can be started: \(String(cString: strerror(code)))")
    pthread_detach(thread)
  }

  private func loop() {
    var children: [ProcessHandle] = []
    var isClosing = false
    while !(isClosing && children.isEmpty) {
      var descriptors = [pollfd(fd: wakeRead, events: Int16(POLLIN), revents: 0)]
      descriptors += children.map { pollfd(fd: $0.pidfd, events: Int16(POLLIN), revents: 0) }
      guard poll(&descriptors, nfds_t(descriptors.count), -1) > 0 else { continue }
      for (child, descriptor) in zip(children, descriptors.dropFirst())
      where descriptor.revents != 0 {
        child.reap()
        close(child.pidfd)
      }
      children.removeAll { $0.exit != nil }
      guard descriptors[0].revents != 0 else { continue }
      drainWakes()
      for job in takeJobs() {
        switch job {
        case .close: isClosing = true
        case .launch(let launch, let continuation):
          let result = isClosing ? .failure(.workerEnds) : Self.start(launch)
          if case .success(let child) = result { children.append(child) }
          continuation.resume(returning: result)
        }
      }
    }
    for case .launch(_, let continuation) in takeJobs() {
      continuation.resume(returning: .failure(.workerEnds))
    }
  }

  private func takeJobs() -> [Job] {
    jobs.withLock { jobs in
      defer { jobs = [] }
      return jobs
    }
  }

  private func drainWakes() {
    var bytes = [UInt8](repeating: 0, count: 256)
    while read(wakeRead, &bytes, bytes.count) > 0 {}
  }

  private static func start(_ launch: Launch) -> Result<ProcessHandle, RunnerError> {
    guard let program = launch.command.first else { return .failure(.noCommand) }
    var processID: pid_t = 0
    let code = withCStrings(launch.command) { arguments in
      withCStrings(launch.environment.map { "\($0.key)=\($0.value)" }) { environment in
        launch.more.withUnsafeBufferPointer { more in
          holdfast_spawn_with(
            program, arguments, environment, launch.input, launch.output, launch.error,
            more.baseAddress, Int32(more.count), &processID)
        }
      }
    }
    guard code == 0 else {
      return .failure(.cannotStart(program: program, reason: String(cString: strerror(code))))
    }
    let pidfd = holdfast_pidfd_open(processID)
    guard pidfd >= 0 else {
      let reason = "pidfd_open: \(String(cString: strerror(errno)))"
      kill(-processID, SIGKILL)
      waitpid(processID, nil, 0)
      return .failure(.cannotStart(program: program, reason: reason))
    }
    return .success(ProcessHandle(processID: processID, pidfd: pidfd))
  }
}

/// Lends the strings as a null-terminated array of C strings.
private func withCStrings<R>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
  var copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
  copies.append(nil)
  defer { copies.forEach { free($0) } }
  return copies.withUnsafeBufferPointer { buffer in
    guard let base = buffer.baseAddress else { preconditionFailure("the array holds a null") }
    return body(base)
  }
}
