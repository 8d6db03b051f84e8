import HoldfastCore
import HoldfastEngine
import HoldfastStorage

/// A machine on which one worker lives under a name that stays; its disk outlasts the worker's lives.
final class Machine: @unchecked Sendable {
  // Unchecked: see ``Scheduler``.
  struct JournalEntry {
    var sequence: Int64
    var report: AttemptReport
  }

  /// What one life has journaled and not yet delivered.
  final class Journal {
    let owner: SimProcess
    var entries: [JournalEntry] = []

    init(owner: SimProcess) { self.owner = owner }
  }

  let name: String
  private unowned let world: World
  private(set) var worker: SimWorker?
  /// A second worker that somebody has started under the same name.
  private(set) var double: SimWorker?
  var journals: [Journal] = []
  /// It has burnt down.
  var isLost = false

  init(_ world: World, name: String) {
    self.world = world
    self.name = name
  }

  var workers: [SimWorker] { [worker, double].compactMap { $0 }.filter { !$0.process.isDead } }

  func start() {
    if isLost || worker?.process.isDead == false { return }
    worker = SimWorker(world, self)
    worker?.start()
  }

  func startDouble() -> SimWorker? {
    guard !isLost, double == nil || double?.process.isDead == true else { return nil }
    let second = SimWorker(world, self)
    double = second
    second.start()
    return second
  }

  func isJournaled(_ lease: Lease, checkpoint: Int64) -> Bool {
    journals.contains { journal in
      journal.entries.contains {
        $0.report.lease == lease && ($0.report.checkpoint?["next"]?.intValue ?? -1) >= checkpoint
      }
    }
  }
}
