import HoldfastCore
import HoldfastEngine
import HoldfastStorage
import Logging

/// Everything that one simulation consists of. The database, its statements and every decision are Holdfast's own; processes, the
/// network and time are not.
final class World: @unchecked Sendable {
  // Unchecked: see ``Scheduler``.
  let scenario: Scenario
  let defect: Defect?
  let scheduler = Scheduler()
  var random: SimRandom
  var trace: Trace
  private(set) var violation: Violation?
  private(set) var requests = 0

  // The database.
  let clock: VirtualClock
  private let base: SQLiteMemoryDatabase
  private var lastChange: Int64 = 0
  var databaseDownUntil: Int64 = 0
  var databaseFullUntil: Int64 = 0
  var databaseSlowUntil: Int64 = 0

  // Those who act.
  var machines: [Machine] = []
  var sweepers: [SimSweeper] = []
  var processes: [Int32: SimProcess] = [:]
  private var nextProcessID: Int32 = 100
  private(set) lazy var operatorLink: Link = {
    let link = Link(self, spawn("operator"))
    link.isDirect = true
    return link
  }()
  let ids: IDSource
  var submitted: [Int: ScanID] = [:]
  var scansByID: [ScanID: Scenario.SimScan] = [:]
  var runners: RunnerRegister
  var isHealed = false
  var healedAt: Int64 = 0
  /// Since when the database is well, a sweeper lives, and none has trouble with its way to the database.
  private(set) var goodSince: Int64 = 0

  private var invariants: [any Invariant]

  init(_ scenario: Scenario, defect: Defect?, traceLines: Int) throws(StoreError) {
    self.scenario = scenario
    self.defect = defect
    random = SimRandom(seed: scenario.seed)
    trace = Trace(limit: traceLines)
    runners = RunnerRegister()
    invariants = allInvariants()
    let (scheduler, ids) = (scheduler, IDSource())
    self.ids = ids
    clock = VirtualClock(scheduler)
    let clock = clock
    base = try SQLiteMemoryDatabase { clock.now }
    try base.copy(try Template.database())
    for script in defect?.schemaChanges ?? [] {
      try base.writeNow { (connection) throws(StoreError) in try connection.runScript(script) }
    }
  }

  /// The store as a process sees it.
  func store(over link: Link) -> SQLStore {
    SQLStore(database: link, logger: Self.silent, makeID: { [ids] in ids.make() })
  }

  static let silent = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

  func spawn(_ name: String) -> SimProcess {
    nextProcessID += 1
    let process = SimProcess(id: nextProcessID, name: name)
    processes[process.id] = process
    return process
  }

  /// The steady clock that every process has.
  var instant: ContinuousClock.Instant { Self.birth + .milliseconds(scheduler.now) }
  private static let birth = ContinuousClock.now

  func note(_ actor: String, _ text: @autoclosure () -> String) {
    trace.add(.init(milliseconds: scheduler.now, actor: actor, text: text()))
  }

  // MARK: The database

  func read<T>(
    _ request: Request, _ body: (any SQLConnection) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    requests += 1
    return try base.readNow { (connection) throws(StoreError) in
      try body(defect?.wrap(connection, request) ?? connection)
    }
  }

  /// Looks at the database without being part of what happens.
  func look<T>(
    _ body: (any SQLConnection) throws(StoreError) -> T
  ) -> T? {
    do throws(StoreError) {
      return try base.readNow(body)
    } catch {
      fail(0, "the simulator's own query failed: \(error)")
      return nil
    }
  }

  /// Executes a request as one transaction, and shows what it has changed to all that watch.
  func write<T>(
    _ request: Request, of process: SimProcess,
    _ body: (any SQLConnection) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    requests += 1
    for index in invariants.indices { invariants[index].before(request, self) }
    let after = lastChange
    let value: T
    let changes: [Change]
    do throws(StoreError) {
      (value, changes) = try base.writeNow { (connection) throws(StoreError) in
        let value = try body(defect?.wrap(connection, request) ?? connection)
        return (value, try Change.all(after: after, connection))
      }
    } catch {
      note(process.name, "\(request.name) ✗ \(error)")
      throw error
    }
    lastChange = changes.last?.sequence ?? after
    if !changes.isEmpty {
      note(
        process.name, "\(request.name): " + changes.map(\.description).joined(separator: ", "))
    }
    let step = Step(
      milliseconds: scheduler.now, databaseNow: clock.now, process: process, request: request,
      changes: changes)
    for index in invariants.indices { invariants[index].after(step, self) }
    return value
  }

  // MARK: Judging

  func tell(_ event: WorldEvent) {
    for index in invariants.indices { invariants[index].saw(event, self) }
  }

  /// Looks every ten seconds whether what is promised for good times is kept.
  func watch() {
    if !isGood { goodSince = scheduler.now }
    tell(.goodTimes(since: goodSince))
    scheduler.after(10_000, of: nil) { [self] in watch() }
  }

  private var isGood: Bool {
    let now = scheduler.now
    // What happened since the last look counts for as long as it could have lasted.
    let isWell = now >= max(databaseDownUntil, databaseFullUntil, databaseSlowUntil) + 10_000
    return isWell && sweepers.allSatisfy { !$0.link.isTroubled(at: now - 10_000) }
      && sweepers.contains { !$0.process.isDead && !$0.process.isStopped }
  }

  func endOfTime() {
    for index in invariants.indices { invariants[index].atTheEnd(self) }
  }

  func fail(_ invariant: Int, _ text: String) {
    guard violation == nil else { return }
    violation = Violation(invariant: invariant, milliseconds: scheduler.now, text: text)
    note("VIOLATION", "invariant \(invariant): \(text)")
    scheduler.isHalted = true
  }
}

/// A promise that was broken.
package struct Violation: Sendable, Hashable {
  /// As numbered in docs/simulation.md; 0 for a defect of the simulator itself.
  package var invariant: Int
  package var milliseconds: Int64
  package var text: String
}

/// The database's clock: virtual time, and the steps that somebody sets it by.
final class VirtualClock: @unchecked Sendable {
  // Unchecked: see ``Scheduler``.
  private unowned let scheduler: Scheduler
  var stepMilliseconds: Int64 = 0

  init(_ scheduler: Scheduler) { self.scheduler = scheduler }

  /// 2025-01-01 00:00 UTC when the world begins.
  static let origin: Int64 = 1_735_689_600_000

  var now: Timestamp {
    Timestamp(unixMilliseconds: Self.origin + scheduler.now + stepMilliseconds)
  }
}

/// Names in the order in which they are asked for.
final class IDSource: @unchecked Sendable {
  // Unchecked: see ``Scheduler``.
  private var count: UInt64 = 0

  func make() -> ScanID {
    count += 1
    return ScanID(unixMilliseconds: VirtualClock.origin + Int64(count), random: (0, count))
  }
}
