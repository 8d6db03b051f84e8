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
    /// What finished scans have taught; without it nothing is known to be slow.
    package var rhythms: RhythmLibrary?
    /// This process's own steady clock. A simulation drives it.
    package var instant: @Sendable () -> ContinuousClock.Instant = { .now }
    /// What else the leader does, in each of its turns: briefly, since the lead is renewed between them.
    package var chores: (@Sendable () async throws(StoreError) -> Void)?
    /// Keeps what each sweep did, and how long it took.
    package var record: (@Sendable (Report, Duration) async throws(StoreError) -> Void)?
    /// How often the processes of this machine's workers are looked at: an end is noticed so soon.
    package var watchSeconds = 0.25
    /// 0 to 1.
    package var random: @Sendable () -> Double = { .random(in: 0...1) }

    package init(
      holder: String, intervalSeconds: Double = 15, termSeconds: Double? = nil,
      rhythms: RhythmLibrary? = nil,
      policy: @escaping @Sendable (_ kind: String, _ target: String) -> Policy
    ) {
      self.rhythms = rhythms
      self.holder = holder
      self.intervalSeconds = intervalSeconds
      // Where sweeps are quick, a leader's death must not cost more than some of them.
      self.termSeconds = termSeconds ?? min(7.5, max(1.5, intervalSeconds * 3))
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
    /// Forward steps of the database's clock, oldest first.
    var clockSteps: [ScanSnapshot.ClockStep] = []
    var isEnding = false
    var leads = false
    /// The answer to the last request for the lead was lost, or the sweep after it went wrong.
    var isLeadUnsure = false
    var nextSweep: ContinuousClock.Instant
    var nextPruning: ContinuousClock.Instant
  }

  /// Steps that are remembered; older ones concern no scan that still runs, but for the longest.
  private static let mostClockSteps = 8

  let store: any SupervisionStore
  let configuration: Configuration
  private let planner: SweepPlanner
  private let applier: RecoveryApplier
  let logger: Logger
  private let bell: Doorbell
  let watchBell: Doorbell
  private let born: ContinuousClock.Instant
  private let state: Mutex<State>

  package init(
    store: any SupervisionStore, configuration: Configuration, logger: Logger
  ) {
    self.store = store
    self.configuration = configuration
    self.logger = logger
    planner = SweepPlanner(
      store: store, rhythms: configuration.rhythms, policy: configuration.policy)
    applier = RecoveryApplier(store: store, actor: "sweep", logger: logger)
    bell = Doorbell(eventLoop: MultiThreadedEventLoopGroup.singleton.next())
    watchBell = Doorbell(eventLoop: MultiThreadedEventLoopGroup.singleton.next())
    born = configuration.instant()
    state = Mutex(
      State(health: ObserverHealth(at: 0), nextSweep: born, nextPruning: born))
  }

  /// Leads and sweeps until ``end()``.
  package func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask(name: "sweep: watch") { await self.watchLoop() }
      group.addTask(name: "sweep: signals") {
        for await _ in self.store.signals(.sweep) { self.sweepNow() }
      }
      await turnLoop()
      group.cancelAll()
    }
  }

  private func turnLoop() async {
    bell.ring()
    var planned = ContinuousClock.now
    for await _ in bell.rings {
      if state.withLock(\.isEnding) { break }
      woke(plannedAt: planned)
      await takeTurn()
      let pause = pauseSeconds
      planned = .now + .seconds(pause)
      bell.ring(after: pause)
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
    watchBell.takeDown()
  }

  /// Until the leadership is to be renewed, or the next sweep is due, whichever comes first.
  private var pauseSeconds: Double {
    // Five turns a term: whoever takes over does so within a term and a quarter.
    let renewal = configuration.termSeconds / 5 * (0.8 + 0.4 * configuration.random())
    let (leads, next) = state.withLock { ($0.leads, $0.nextSweep) }
    return leads ? min(renewal, max(0, (next - configuration.instant()).seconds)) : renewal
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
    let leads = try await lead()
    observe(.databaseLatency(seconds: (configuration.instant() - asked).seconds))
    guard leads else { return }
    await doChores()
    guard state.withLock({ $0.nextSweep <= asked }) else { return }
    await configuration.rhythms?.refresh()
    // A lead that is not sure to be used is not renewed either.
    state.withLock { $0.isLeadUnsure = true }
    let began = ContinuousClock.now
    let report = try await runOnce()
    await keep(report, took: .now - began)
    try await pruneIfDue()
    let pause = configuration.intervalSeconds * (0.8 + 0.4 * configuration.random())
    state.withLock {
      $0.nextSweep = asked + .seconds(pause)
      $0.isLeadUnsure = false
    }
  }

  /// The sweep is done whether or not it can be told of.
  private func keep(_ report: Report, took: Duration) async {
    do throws(StoreError) {
      try await configuration.record?(report, took)
    } catch {
      logger.error("a sweep could not be recorded", metadata: ["error": "\(error)"])
    }
  }

  /// Takes or keeps the lead.
  ///
  /// A request whose answer is lost may have renewed it, and a leader that goes on like that, or whose sweeps fail, would keep all others
  /// from leading and never sweep. So after such a turn the lead is only looked at: it is used while it lasts, and runs out unless a whole
  /// turn is answered.
  private func lead() async throws(StoreError) -> Bool {
    let wasUnsure = state.withLock { state in
      defer { (state.leads, state.isLeadUnsure) = (false, true) }
      return state.isLeadUnsure
    }
    let holder = configuration.holder
    let leads =
      wasUnsure
      ? try await store.leader(of: "sweep") == holder
      : try await store.lead("sweep", as: holder, forSeconds: configuration.termSeconds)
    state.withLock { ($0.leads, $0.isLeadUnsure) = (leads, false) }
    return leads
  }

  /// What goes wrong with them must not keep the sweep from its work.
  private func doChores() async {
    do throws(StoreError) {
      try await configuration.chores?()
    } catch {
      logger.error("a chore failed; it is tried again", metadata: ["error": "\(error)"])
    }
  }

  /// One sweep: looks at all that is due, recovers what is stuck, and sets the next look of the others.
  package func runOnce() async throws(StoreError) -> Report {
    let fleet = try await store.fleet()
    watchClocks(fleet.now)
    let alive = fleet.workers.filter { $0.record.status == "alive" }
    let silent = alive.filter(\.isSilent)
    observe(.census(workers: alive.count, silent: silent.count))
    // On this machine the kernel tells what has become of a process: no mass death needs waiting for.
    if !silent.isEmpty, silent.allSatisfy({ planner.secondOpinion(on: $0) != .unknown }) {
      observe(.verified)
    }
    var report = Report()
    var cursor: DueCursor?
    repeat {
      let page = try await store.due(after: cursor, limit: SweepPlanner.pageSize)
      let (limits, clockSteps) = state.withLock {
        ($0.health.limits(at: ownSeconds), $0.clockSteps)
      }
      let planned = planner.planned(
        page.rows, fleet: fleet, now: page.now, limits: limits, clockSteps: clockSteps)
      let results = await applier.apply(
        planned, patienceSeconds: planner.orderPatienceSeconds,
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
        let verdict = due[row.snapshot.scanID]?.verdict ?? news(of: row, now: planned.now)
        return verdict.map {
          JudgedScan(
            scanID: row.snapshot.scanID, tenantID: row.tenantID,
            leaseToken: row.snapshot.leaseToken, verdict: $0)
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
          at: max(next, soon), isStuck: due[snapshot.scanID] != nil)
      })
  }

  /// What there is to say of a scan that is not due: that it is slow, or that what was said of it
  /// before is over.
  private func news(of row: DuePage.Row, now: Timestamp) -> Verdict? {
    guard row.snapshot.status == .running else { return nil }
    let verdict = Supervision.verdict(
      row.snapshot, policy: planner.effective(row.snapshot), now: now)
    if verdict.kind == .slow { return row.heldFor == .slow ? nil : verdict }
    return row.heldFor.map { $0 == verdict.kind } ?? true ? nil : verdict
  }

  private func pruneIfDue() async throws(StoreError) {
    let isDue = state.withLock { state in
      let now = configuration.instant()
      guard state.nextPruning <= now else { return false }
      state.nextPruning = now + .seconds(3600)
      return true
    }
    if isDue { try await configuration.rhythms?.prune() }
  }

  // MARK: Watching itself

  private var ownSeconds: Double { (configuration.instant() - born).seconds }

  /// Early, when it was asked to sweep; late, when this process does not get to run.
  func woke(plannedAt planned: ContinuousClock.Instant) {
    observe(.loopLag(seconds: (.now - planned).seconds))
  }

  /// By how much limits on silence are longer at this moment.
  var stretch: Double { state.withLock { $0.health.stretch(at: ownSeconds) } }

  func observe(_ observation: ObserverHealth.Observation) {
    state.withLock { $0.health.observe(observation, at: ownSeconds) }
  }

  private func watchClocks(_ database: Timestamp) {
    let own = configuration.instant()
    let last = state.withLock { state in
      defer { state.lastTurn = (own, database) }
      return state.lastTurn
    }
    guard let last else { return }
    let (databaseSeconds, ownSeconds) = (
      database.seconds(since: last.database), (own - last.own).seconds
    )
    observe(.clocks(databaseSeconds: databaseSeconds, ownSeconds: ownSeconds))
    let step = databaseSeconds - ownSeconds
    guard step > ObserverHealth.Configuration().clockStepSeconds else { return }
    logger.warning("the database's clock stepped", metadata: ["seconds": "\(step)"])
    // Times from before it look older than they are, and are given that much more time.
    state.withLock { state in
      state.clockSteps.append(.init(at: database, seconds: step))
      state.clockSteps = Array(state.clockSteps.suffix(Self.mostClockSteps))
    }
  }
}
