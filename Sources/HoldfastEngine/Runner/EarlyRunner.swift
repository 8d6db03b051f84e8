import Glibc
import NIOPosix
import Synchronization

/// A runner that is started before there is a worker, for a command that waits for one scan: the process starts while the database is
/// opened and the scan is submitted and claimed.
///
/// The life of the worker to come has its name already, since the runner's breadcrumbs lie under it.
package final class EarlyRunner: Sendable {
  package let life: String
  let host: RunnerHost
  let breadcrumbs: BreadcrumbFolder
  private let start: Task<RunnerProcess?, Never>
  private let isTaken = Mutex(false)

  /// - Parameters:
  ///   - life: the id of the worker that will have the runner.
  ///   - command: as in ``WorkerConfiguration/runnerCommand``.
  ///   - dataDirectory: as in ``WorkerConfiguration/dataDirectory``.
  ///   - onTrouble: told what the runner has to do without.
  package init(
    life: String, command: [String], dataDirectory: String, attachment: RunnerAttachment,
    onTrouble: @escaping @Sendable (String) -> Void
  ) {
    self.life = life
    let breadcrumbs = BreadcrumbFolder(
      path: Worker.breadcrumbsFolder(in: dataDirectory) + "/" + life)
    let host = RunnerHost(
      command: command, limits: RunnerLimits(), inherited: [:],
      group: MultiThreadedEventLoopGroup.singleton, breadcrumbs: breadcrumbs,
      attachment: attachment, onTrouble: onTrouble)
    self.breadcrumbs = breadcrumbs
    self.host = host
    // Unstructured: it goes on while the database is opened by somebody else.
    start = Task(name: "early runner") {
      // Whoever wants a runner and gets none tries again, and is told why there is none.
      try? await host.start()
    }
  }

  /// The runner, for whoever asks first; `nil` for all others, and where it could not be started.
  func take() async -> RunnerProcess? {
    let isFirst = isTaken.withLock { isTaken in
      defer { isTaken = true }
      return !isTaken
    }
    return isFirst ? await start.value : nil
  }

  /// Ends the runner, if nobody has taken it.
  package func discard() async {
    guard let runner = await take() else { return }
    await RunnerPool.discard(runner)
  }

  /// Ends what is there for no worker: the runner and its folder.
  package func end() async {
    await discard()
    host.shutDown()
    removeTraces()
  }

  /// Removes what it has left in the data folder; for a process that ends at this moment, and its runner with it. Blocks for a moment.
  package func removeTraces() {
    breadcrumbs.remove()
  }
}
