import HoldfastCore
package import HoldfastStorage

/// One run of a world: the same scenario gives the same trace.
package enum Simulation {
  package struct Result: Sendable {
    package var violation: Violation?
    package var traceHash: String
    /// The newest lines of the trace.
    package var trace: [Trace.Line]
    /// Transactions and queries that the database answered.
    package var requests: Int
    package var steps: Int
    package var virtualSeconds: Double
    /// How many scans there were of each status at the end.
    package var statuses: [String: Int64]
  }

  /// - Parameters:
  ///   - defect: put back for this run.
  ///   - traceLines: how many of the newest lines to keep.
  /// - Throws: ``StoreError`` where SQLite cannot be opened.
  package static func run(
    _ scenario: Scenario, defect: Defect? = nil, traceLines: Int = 0
  ) throws(StoreError) -> Result {
    let world = try World(scenario, defect: defect, traceLines: traceLines)
    world.begin()
    world.scheduler.run(until: scenario.endMilliseconds)
    if scenario.demandsLiveness, world.violation == nil { world.heal() }
    if world.violation == nil { world.endOfTime() }
    let result = Result(
      violation: world.violation, traceHash: world.trace.hash, trace: world.trace.lines,
      requests: world.requests, steps: world.scheduler.steps,
      virtualSeconds: Double(world.scheduler.now) / 1000, statuses: world.statuses)
    world.end()
    return result
  }
}

extension World {
  /// Starts everybody, and sets the time of all that is to happen.
  func begin() {
    watch()
    for number in 1...max(1, scenario.size.workers) {
      let machine = Machine(self, name: "worker-\(number)")
      machines.append(machine)
      machine.start()
    }
    for number in 1...max(1, scenario.size.sweepers) {
      let sweeper = SimSweeper(self, name: "sweeper-\(number)")
      sweepers.append(sweeper)
      sweeper.start()
    }
    for scan in scenario.scans {
      scheduler.after(scan.submittedAt, of: nil) { [self] in submit(scan) }
    }
    for fault in scenario.faults {
      scheduler.after(fault.at, of: nil) { [self] in inject(fault) }
    }
  }

  /// Ends all faults, and waits until everything has ended or had time enough.
  func heal() {
    note("WORLD", "all is healed")
    isHealed = true
    healedAt = scheduler.now
    databaseDownUntil = 0
    databaseFullUntil = 0
    databaseSlowUntil = 0
    for process in processes.values.sorted(by: { $0.id < $1.id }) where process.isStopped {
      process.resume(scheduler)
    }
    for machine in machines {
      for worker in machine.workers { worker.link.heal() }
      machine.start()
    }
    for sweeper in sweepers {
      sweeper.link.heal()
      if sweeper.process.isDead { sweeper.start() }
    }
    let limit = scheduler.now + livenessMilliseconds
    while violation == nil, scheduler.now < limit, !isQuiet {
      // What is paused stays so for a while: nothing that it is in the way of may wait for it.
      if scheduler.now > healedAt + 300_000 { letPausedGoOn() }
      for machine in machines { machine.start() }
      scheduler.run(until: scheduler.now + 20_000)
    }
  }

  /// What all may take together once nothing more goes wrong: each scan may end stuck as often as its policy allows, and die as often,
  /// and they share the slots.
  private var livenessMilliseconds: Int64 {
    let slots = max(1, scenario.size.workers * scenario.size.slots)
    let worst =
      Scenario.kinds.map { kind in
        let policy = Scenario.policy(kind, "")
        let hang = WorstCase.of(.hang, under: policy).seconds
        return Double(policy.maxAttempts + policy.maxCrashes)
          * (hang + policy.backoffCapSeconds + policy.cancellingTimeoutSeconds + 60)
      }.max() ?? 3600
    let rounds = 2 + Double(submitted.count) / Double(slots)
    return Int64(worst * rounds * 1000)
  }

  private var isQuiet: Bool {
    ScanStatus.allCases.allSatisfy { !$0.isActive || statuses[$0.rawValue] == nil }
  }

  private func letPausedGoOn() {
    for index in submitted.keys.sorted() {
      guard let id = submitted[index] else { continue }
      asOperator(.act(.resume)) { (store) throws(StoreError) in
        guard let scan = try await store.scan(.id(id)), scan.status == .paused else { return }
        _ = try await store.act(.resume, on: id, by: "operator", reason: nil)
      }
    }
  }

  var statuses: [String: Int64] {
    let rows =
      look { (connection) throws(StoreError) in
        try connection.all(Self.countStatuses, []) { (row: any SQLRow) throws(StoreError) in
          (row.text(0), row.int(1))
        }
      } ?? []
    return Dictionary(rows) { $1 }
  }

  private static let countStatuses = Statement(
    "SELECT status, count(*) FROM scans GROUP BY status")

  /// Lets every task return.
  func end() {
    scheduler.isHalted = true
    for worker in machines.flatMap(\.workers) { worker.kill() }
    for process in processes.values.sorted(by: { $0.id < $1.id }) { process.kill(scheduler) }
    scheduler.unwind()
    machines = []
    sweepers = []
    runners = RunnerRegister()
    processes = [:]
  }
}
