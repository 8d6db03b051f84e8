import HoldfastCore
import HoldfastEngine
import HoldfastStorage

/// A worker's reports on their way: the engine's ``ReportBuffer``, and what its reporter does with it, in virtual time. The
/// journal is on the machine's disk and outlasts the worker.
final class SimReporter: @unchecked Sendable {
  // Unchecked: see ``Scheduler``.
  enum Event {
    case safe(Int64)
    case applied(Int64)
    case superseded
  }

  private unowned let worker: SimWorker
  private var buffer = ReportBuffer()
  private var sinks: [Lease: (Event) -> Void] = [:]
  private var isOffline = false
  private let flushBell: Bell
  private let deliveryBell: Bell

  init(_ worker: SimWorker) {
    self.worker = worker
    flushBell = Bell(worker.world.scheduler, worker.process)
    deliveryBell = Bell(worker.world.scheduler, worker.process)
  }

  private var world: World { worker.world }
  private var scheduler: Scheduler { world.scheduler }
  private var isOver: Bool { worker.process.isDead }

  // MARK: The attempts' side

  func open(_ lease: Lease, onEvent: @escaping (Event) -> Void) { sinks[lease] = onEvent }

  func close(_ lease: Lease) {
    sinks[lease] = nil
    buffer.closed(lease)
  }

  func submit(_ report: AttemptReport, sequence: Int64) {
    buffer.add(report, sequence: sequence, bytes: 100, now: world.instant)
    if world.defect == .acknowledgesEarly { sinks[report.lease]?(.safe(sequence)) }
    flushBell.ring()
  }

  func expedite(_ lease: Lease) {
    buffer.expedite(lease, now: world.instant)
    flushBell.ring()
  }

  func databaseIsBack() { if isOffline { deliveryBell.ring() } }

  // MARK: Flushing

  func flushLoop() async {
    while !isOver {
      let batch = buffer.take(now: world.instant)
      if !batch.isEmpty {
        await flush(batch)
        continue
      }
      let wait = buffer.nextDue.map { ($0 - world.instant) / .milliseconds(1) } ?? 60_000
      await flushBell.wait(max(1, Int64(wait.rounded(.up))))
    }
  }

  private func flush(_ batch: [ReportBuffer.Entry]) async {
    if isOffline, worker.journal.entries.isEmpty { isOffline = false }
    if !isOffline, await write(batch.map { .init(sequence: $0.sequence, report: $0.report) }) {
      return
    }
    guard !isOver else { return }
    isOffline = true
    worker.journal.entries += batch.map { .init(sequence: $0.sequence, report: $0.report) }
    world.note(worker.machine.name, "journals \(batch.count)")
    for entry in batch { sinks[entry.report.lease]?(.safe(entry.sequence)) }
    deliveryBell.ring()
  }

  /// Tries a few times over about a second.
  private func write(_ entries: [Machine.JournalEntry]) async -> Bool {
    for pause in [0, 50, 250, 700] as [Int64] {
      if pause > 0 { await scheduler.sleep(pause, in: worker.process) }
      if isOver { return false }
      do throws(StoreError) {
        try await send(entries)
        return true
      } catch .unavailable {
        continue
      } catch {
        world.fail(0, "a report was refused: \(error)")
        return false
      }
    }
    return false
  }

  private func send(_ entries: [Machine.JournalEntry]) async throws(StoreError) {
    let reports = entries.map(\.report)
    let askedAt = scheduler.now
    let outcomes = try await worker.asking(.report(reports)) { () async throws(StoreError) in
      try await worker.store.report(reports)
    }
    guard !isOver else { return }
    for (entry, outcome) in zip(entries, outcomes) {
      let lease = entry.report.lease
      world.tell(.answered(entry.report, outcome, askedAt: askedAt))
      if outcome == .applied {
        sinks[lease]?(.applied(entry.sequence))
      } else {
        buffer.forget(lease)
        sinks[lease]?(.superseded)
      }
    }
  }

  // MARK: The journal

  func deliverLoop() async {
    var pause: Int64 = 60_000
    while !isOver {
      await deliveryBell.wait(pause)
      if isOver { return }
      if await deliver(worker.journal) {
        pause = 60_000
        flushBell.ring()
      } else {
        pause = world.random.span(200...5000)
      }
    }
  }

  /// What lives of this machine that are over have left.
  func deliverLeftovers() async {
    for journal in worker.machine.journals where journal.owner.isDead {
      while !isOver, !(await deliver(journal)) {
        await scheduler.sleep(world.random.span(100...2000), in: worker.process)
      }
    }
    worker.machine.journals.removeAll { $0.owner.isDead && $0.entries.isEmpty }
  }

  private func deliver(_ journal: Machine.Journal) async -> Bool {
    while !isOver, !journal.entries.isEmpty {
      let batch = Array(journal.entries.prefix(50))
      do throws(StoreError) {
        try await send(batch)
      } catch {
        return false
      }
      guard !isOver else { return false }
      journal.entries.removeFirst(batch.count)
    }
    return !isOver
  }
}
