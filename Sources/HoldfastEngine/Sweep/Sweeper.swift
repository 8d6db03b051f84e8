package import HoldfastCore
package import HoldfastStorage
package import Logging
import NIOPosix
import Synchronization

/// The maintenance cycle: one process of all leads, looks at what is due, and recovers what is stuck.
///
/// It is no job in the queue that it maintains, and what goes wrong in it is logged as an error and tried again.
package final class Sweeper: Sendable {
  package struct Configuration: Sendable {
    /// Names this process among those that want to lead; unique for each life.
    package var holder: String
    /// From one sweep to the next, with a fifth of jitter.
    package var intervalSeconds: Double
    /// Another process leads so long after the leader was last heard of.
    package var termSeconds: Double
    package var policy: @Sendable (_ kind: String, _ target: String) -> Policy
    /// This process's own steady clock. A simulation drives it.
    package var instant: @Sendable () -> ContinuousClock.Instant = { .now }
    /// 0 to 1.
    package var random: @Sendable () -> Double = { .random(in: 0...1) }

    package init(
      holder: String, intervalSeconds: Double = 15, termSeconds: Double = 7.5,
      policy: @escaping @Sendable (_ kind: String, _ target: String) -> Policy
    ) {
      self.holder = holder
      self.intervalSeconds = intervalSeconds
      self.termSeconds = termSeconds
      self.policy = policy
    }
  }

  /// What one sweep did.
  package struct Report: Sendable {
    package var looked = 0
    package var results: [RecoveryApplier.Result] = []
    package var held = 0
  }

  private struct State {
    var health: ObserverHealth
    var lastTurn: (own: ContinuousClock.Instant, database: Timestamp)?
    var isEnding = false
    var nextSweep: ContinuousClock.Instant
  }

  private let store: any SupervisionStore
  private let configuration: Configuration
  private let planner: SweepPlanner
  private let applier: RecoveryApplier
  private let logger: Logger
  private let bell: Doorbell
  private let born: ContinuousClock.Instant
  private let state: Mutex<State>

  package init(
    store: any SupervisionStore, configuration: Configuration, logger: Logger
  ) {
    self.store = store
    self.configuration = configuration
    self.logger = logger
    planner = SweepPlanner(store: store, policy: configuration.policy)
    applier = RecoveryApplier(store: store, actor: "sweep", logger: logger)
    bell = Doorbell(eventLoop: MultiThreadedEventLoopGroup.singleton.next())
    born = configuration.instant()
    state = Mutex(State(health: ObserverHealth(at: 0), nextSweep: born))
  }

  /// Leads and sweeps until ``end()``.
  package func run() async {
    bell.ring()
    for await _ in bell.rings {
      if state.withLock(\.isEnding) { break }
      await takeTurn()
      // Five turns a term: whoever takes over does so within a term and a quarter.
      bell.ring(after: configuration.termSeconds / 5 * (0.8 + 0.4 * configuration.random()))
    }
    do throws(StoreError) {
      try await store.resign("sweep", as: configuration.holder)
    } catch {
      // Its term ends by itself.
      logger.debug("the sweep's leader could not resign", metadata: ["error": "\(error)"])
    }
  }

  package func end() {
    state.withLock { $0.isEnding = true }
    bell.takeDown()
  }

  /// Sweeps at once, if this process leads.
  package func sweepNow() {
    state.withLock { $0.nextSweep = configuration.instant() }
    bell.ring()
  }

  /// Takes or keeps the lead, and sweeps if it is time. What goes wrong is tried again in the next turn.
  package func takeTurn() async {
    do throws(StoreError) {
      try await turn()
    } catch {
      observe(.databaseError)
      logger.error("the sweep failed; it is tried again", metadata: ["error": "\(error)"])
    }
  }

  private func turn() async throws(StoreError) {
    let asked = configuration.instant()
    let leads = try await store.lead(
      "sweep", as: configuration.holder, forSeconds: configuration.termSeconds)
    observe(.databaseLatency(seconds: (configuration.instant() - asked).seconds))
    guard leads, state.withLock({ $0.nextSweep <= asked }) else { return }
    _ = try await runOnce()
    let pause = configuration.intervalSeconds * (0.8 + 0.4 * configuration.random())
    state.withLock { $0.nextSweep = asked + .seconds(pause) }
  }

  /// One sweep: looks at all that is due, recovers what is stuck, and sets the next look of the others.
  package func runOnce() async throws(StoreError) -> Report {
    let fleet = try await store.fleet()
    watchClocks(fleet.now)
    let alive = fleet.workers.filter { $0.record.status == "alive" }
    let silent = alive.filter(\.isSilent)
    observe(.census(workers: alive.count, silent: silent.count))
    var report = Report()
    var cursor: DueCursor?
    repeat {
      let page = try await store.due(after: cursor, limit: SweepPlanner.pageSize)
      let limits = state.withLock { $0.health.limits(at: ownSeconds) }
      let planned = planner.planned(page.rows, fleet: fleet, now: page.now, limits: limits)
      let results = await applier.apply(
        planned, patienceSeconds: { self.planner.effective($0).cancellingTimeoutSeconds },
        jitter: configuration.random)
      let spent = results.count { $0.outcome == .recovered || $0.outcome == .ordered }
      state.withLock { $0.health.spend(spent, at: ownSeconds) }
      try await follow(planned)
      report.looked += page.rows.count
      report.results += results
      report.held += planned.plan.held.count
      cursor = page.rows.count < SweepPlanner.pageSize ? nil : page.next
    } while cursor != nil
    try await store.markLost(silent)
    if report.held > 0 {
      logger.warning("recoveries are held back for now", metadata: ["scans": "\(report.held)"])
    }
    return report
  }

  /// Writes what is held of each stuck scan, and when each is to be looked at next.
  private func follow(_ planned: SweepPlanner.Planned) async throws(StoreError) {
    let due = Dictionary(
      (planned.plan.entries + planned.plan.held).map { ($0.scanID, $0) }
    ) { $1 }
    try await store.record(
      planned.rows.compactMap { row in
        due[row.snapshot.scanID].map {
          JudgedScan(
            scanID: $0.scanID, tenantID: row.tenantID, leaseToken: row.snapshot.leaseToken,
            verdict: $0.verdict)
        }
      })
    try await store.rearm(
      planned.rows.compactMap { row in
        let snapshot = row.snapshot
        let policy = planner.effective(snapshot)
        // What stays stuck (reported only, ordered, held) is looked at again soon, but not by every sweep for ever.
        let soon = planned.now.adding(
          seconds: due[snapshot.scanID]?.decision.action == .alert ? 60 : 1)
        let next = Supervision.earliestCheck(snapshot, policy: policy) ?? soon
        return NextCheck(
          scanID: snapshot.scanID, status: snapshot.status, leaseToken: snapshot.leaseToken,
          at: max(next, soon))
      })
  }

  // MARK: Watching itself

  private var ownSeconds: Double { (configuration.instant() - born).seconds }

  private func observe(_ observation: ObserverHealth.Observation) {
    state.withLock { $0.health.observe(observation, at: ownSeconds) }
  }

  private func watchClocks(_ database: Timestamp) {
    let own = configuration.instant()
    let last = state.withLock { state in
      defer { state.lastTurn = (own, database) }
      return state.lastTurn
    }
    guard let last else { return }
    observe(
      .clocks(
        databaseSeconds: database.seconds(since: last.database),
        ownSeconds: (own - last.own).seconds))
  }
}
