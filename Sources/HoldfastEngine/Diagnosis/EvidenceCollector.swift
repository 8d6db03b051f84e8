import CHoldfastSystem
package import HoldfastCore
import Synchronization

/// Processes of one tree that are looked at.
private let mostProcesses = 64

/// Collects what the operating system tells of a process tree: two looks, a moment apart, and
/// everything that its threads wait for.
///
/// Nothing is changed in the tree, nobody's environment is read, and a process that ends meanwhile
/// is told of as such. All reads block, so they happen on a thread of their own; a process that
/// does not let itself be read costs at most the limit, and what was found until then is the
/// answer.
package final class EvidenceCollector: Sendable {
  private let pause: @Sendable (Duration) async throws -> Void
  private let interval: Duration
  private let limit: Duration
  private let thread = BlockingThread()

  /// - Parameters:
  ///   - interval: between the two looks, where no earlier one is given.
  ///   - limit: how long the reads of one look may take.
  package init(
    clock: some Clock<Duration> = ContinuousClock(), interval: Duration = .milliseconds(200),
    limit: Duration = .seconds(3)
  ) {
    pause = { try await clock.sleep(for: $0) }
    self.interval = interval
    self.limit = limit
  }

  /// A first look, for a collection that comes later; `nil` if `/proc` cannot be read.
  package func look(at root: ProcessIdentity) async -> EvidenceLook? {
    await thread.run(within: limit) {
      guard let table = try? ProcessCensus.read() else { return nil }
      let tree = table.tree(of: root).prefix(mostProcesses)
      return EvidenceLook(
        takenAtNanoseconds: monotonicNanoseconds(),
        figures: Dictionary(
          tree.map { ($0.identity, EvidenceLook.Figures.read($0.pid)) }
        ) { first, _ in first })
    } ?? nil
  }

  /// Everything about the tree of a runner.
  ///
  /// - Parameters:
  ///   - earlier: a first look; without one, it takes one and waits for the interval. A cancelled
  ///     wait is cut short.
  ///   - watch: begun with the attempt; without one, kills for want of memory are not told.
  /// - Returns: evidence without a breadcrumb and without log lines. No processes, if none is left;
  ///   `exit` then is how the runner ended, if nobody has collected it yet.
  package func collect(
    _ root: ProcessIdentity, since earlier: EvidenceLook? = nil, watch: OutOfMemoryWatch? = nil
  ) async -> DiagnosisEvidence {
    var first = earlier
    if first == nil {
      first = await look(at: root)
      // Cancelled: the second look comes at once, and its figures say over how long they are.
      try? await pause(interval)
    }
    let look = first
    let collected = Collected()
    let isWhole: Bool? = await thread.run(within: limit) {
      collected.read(root, since: look, watch: watch)
      return true
    }
    var evidence = collected.evidence
    if isWhole == nil {
      evidence.gaps.append("the look took longer than \(limit), so not everything was read")
    }
    return evidence
  }

  /// What a look has found so far, kept where a caller who waits no longer can take it.
  private final class Collected: Sendable {
    private let state = Mutex(DiagnosisEvidence(overSeconds: 0))

    var evidence: DiagnosisEvidence { state.withLock { $0 } }

    func read(_ root: ProcessIdentity, since look: EvidenceLook?, watch: OutOfMemoryWatch?) {
      let table: ProcessCensus
      do throws(ProcError) {
        table = try ProcessCensus.read()
      } catch {
        state.withLock { $0.gaps.append("no process could be read: \(error)") }
        return
      }
      let known = Set(look.map { Array($0.figures.keys) } ?? [])
      let tree = table.tree(of: root, known: known)
      let reader = ProcessFactsReader(locks: FileLocks.read(), sockets: sockets(of: tree))
      let memory = MemorySigns.memory(of: tree, kills: watch?.kills() ?? 0)
      state.withLock { evidence in
        if let look {
          evidence.overSeconds = Double(monotonicNanoseconds() - look.takenAtNanoseconds) / 1e9
        }
        evidence.memory = memory
        evidence.exit = Self.exit(of: root, in: table)
        if tree.count > mostProcesses {
          evidence.gaps.append("\(mostProcesses) of \(tree.count) processes were looked at")
        }
      }
      for process in tree.prefix(mostProcesses) {
        let facts = reader.facts(of: process, since: look?.figures[process.identity])
        state.withLock { $0.processes.append(facts) }
      }
    }

    /// All processes of a tree share a network namespace, as far as Holdfast starts them; the first
    /// that lives tells.
    private func sockets(of tree: [hf_process]) -> SocketTable {
      guard let process = tree.first(where: { $0.stateText != "Z" }) else { return SocketTable() }
      return SocketTable.read(for: process.pid)
    }

    /// How a runner ended that nobody has collected yet.
    private static func exit(
      of root: ProcessIdentity, in table: ProcessCensus
    ) -> DiagnosisEvidence.Exit? {
      guard table.contains(root), let process = table.processes[root.processID],
        process.stateText == "Z", mayRead(root.processID)
      else { return nil }
      let status = Int32(process.exit_status)
      return status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
    }

    /// Whether the kernel tells this process the exit status of that one; to others it shows 0.
    private static func mayRead(_ processID: Int32) -> Bool {
      do throws(ProcError) {
        _ = try ProcFolder.shared.io(processID)
        return true
      } catch {
        return error == .vanished
      }
    }
  }
}
