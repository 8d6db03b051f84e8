import HoldfastCore
import NIOPosix
import Synchronization

/// What can be found out about the process of one attempt: its breadcrumbs, and the operating system's own evidence.
final class AttemptEvidence: Sendable {
  private struct State {
    var watch: OutOfMemoryWatch?
    var breadcrumbs: BreadcrumbFile?
    var isOver = false
  }

  private let name: BreadcrumbFolder.Name
  private let folder: BreadcrumbFolder?
  private let state = Mutex(State())

  init(claim: Claim, folder: BreadcrumbFolder?) {
    name = BreadcrumbFolder.Name(lease: claim.lease, attempt: claim.scan.attempt)
    self.folder = folder
  }

  /// Puts the attempt's name on its runner's breadcrumbs, and begins to watch for kills for want of memory.
  func begin(_ runner: RunnerProcess) {
    let processID = runner.processID
    let file = runner.breadcrumbs
    onPool {
      let watch = OutOfMemoryWatch(near: processID)
      self.state.withLock { state in
        guard !state.isOver else { return }
        state.watch = watch
        state.breadcrumbs = file
        if let file { self.folder?.assign(file, to: self.name) }
      }
    }
  }

  /// Why the process does what it does; `nil` if it is gone. Takes the looks' interval, and never longer than twice its limit.
  func diagnose(_ runner: RunnerProcess, lines: [String]) async -> JSONValue? {
    let why = Why()
    guard let root = await why.identity(runner.processID) else {
      return Optional<JSONValue>.none
    }
    let found = await why.diagnose(
      .init(
        root: root, breadcrumbs: runner.breadcrumbs, logLines: lines,
        watch: state.withLock(\.watch)))
    return JSONValue(parsing: found.json())
  }

  /// What a process that has ended left behind.
  func autopsy(_ runner: RunnerProcess, _ exit: RunnerExit, lines: [String]) async -> JSONValue? {
    let found = await Why().autopsy(
      exit: exit.evidence, breadcrumbs: runner.breadcrumbs, logLines: lines,
      watch: state.withLock(\.watch))
    return JSONValue(parsing: found.json())
  }

  /// Removes the breadcrumbs: what they tell is on its way, or the scan came to its end.
  func end() {
    onPool {
      let file = self.state.withLock { state in
        state.isOver = true
        return state.breadcrumbs
      }
      if let file { self.folder?.remove(file, of: self.name) }
    }
  }

  /// Blocking calls of microseconds, whose end nobody waits for. A pool that has ended leaves the file to the worker's own end.
  private func onPool(_ body: @escaping @Sendable () -> Void) {
    NIOThreadPool.singleton.submit { state in
      if case .active = state { body() }
    }
  }
}

extension RunnerExit {
  var evidence: DiagnosisEvidence.Exit {
    switch self {
    case .exited(let status): .code(status)
    case .signalled(let signal): .signal(signal)
    }
  }
}
