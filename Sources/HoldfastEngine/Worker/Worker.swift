import Foundation
import HoldfastCore
package import HoldfastStorage
package import Logging
import NIOCore
import NIOPosix
import Synchronization

/// A process's share of the work: it claims scans, runs each in a runner of its own, and reports what they say.
package final class Worker: Sendable {
  private struct State {
    var life: WorkerLife?
    var isDraining = false
    var slotsInUse = 0
    var isClaiming = false
    /// Whether the queue has told of something since the last look at it.
    var wasTold = false
    /// When claims began to fail.
    var unclaimedSince: ContinuousClock.Instant?
    var sessions: [Lease: AttemptSession] = [:]
  }

  private let store: any WorkerStore
  private let configuration: WorkerConfiguration
  private let logger: Logger
  private let eventLoop: any EventLoop
  private let claimBell: Doorbell
  private let leases: LeaseTable
  private let state = Mutex(State())

  package init(
    store: any WorkerStore, configuration: WorkerConfiguration, logger: Logger
  ) {
    self.store = store
    self.configuration = configuration
    var logger = logger
    logger[metadataKey: "worker"] = "\(configuration.name)"
    self.logger = logger
    eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    claimBell = Doorbell(eventLoop: eventLoop)
    let patience = configuration.patience
    leases = LeaseTable(maxMarginSeconds: patience.stopSeconds + patience.terminateSeconds + 1)
  }

  /// This life's row; `nil` until it is registered.
  package var life: WorkerLife? { state.withLock { $0.life } }

  /// The scans whose process runs at this moment.
  package var running: Int { state.withLock { $0.slotsInUse } }

  /// Works until it is drained: by ``drain()``, or by cancelling the task that runs it.
  ///
  /// - Throws: ``StoreError`` if the database is there and refuses this worker.
  package func run() async throws {
    // Unstructured, so that cancelling does not reach the reports of the scans that are given back.
    let work = Task(name: "worker \(configuration.name)") { try await self.work() }
    try await withTaskCancellationHandler {
      try await work.value
    } onCancel: {
      drain()
    }
  }

  /// Asks every runner for a checkpoint and lets ``run()`` return once all scans are back in the queue.
  package func drain() {
    let isFirst = state.withLock { state in
      defer { state.isDraining = true }
      return !state.isDraining
    }
    guard isFirst else { return }
    logger.notice("draining: no more scans are claimed, and the running ones are given back")
    claimBell.ring()
    leases.stopAll(.drain)
    abandonLaterIfIdle()
  }

  private var isDraining: Bool { state.withLock { $0.isDraining } }

  private func work() async throws {
    let process = LinuxProcess.current()
    guard
      let life = try await untilAnswered({ () async throws(StoreError) in
        try await self.register(process)
      })
    else { return }
    state.withLock { $0.life = life }
    logger.notice(
      "✅ Stuck audit prevention system initialized",
      metadata: ["life": "\(life.id)", "slots": "\(configuration.slots)"])
    let services = Services(worker: self, life: life)
    await withDiscardingTaskGroup { group in
      group.addTask(name: "spare runners") { await services.pool.run() }
      group.addTask(name: "reports") { await services.reporter.run() }
      group.addTask(name: "heartbeat") { await services.heartbeater.run() }
      group.addTask(name: "watch") { await services.watch.run() }
      await self.cleanUp(after: process, life: life, writer: services.writer)
      await self.claimAndRun(life, services)
      services.pool.end()
      services.reporter.end()
      services.heartbeater.end()
      services.watch.end()
    }
    services.host.shutDown()
    // A pool that has ended with the process leaves the folder to the next life.
    try? await NIOThreadPool.singleton.runIfActive { services.breadcrumbs.remove() }
    await retire(life)
  }

  /// The parts of one life of a worker.
  private struct Services {
    let host: RunnerHost
    let breadcrumbs: BreadcrumbFolder
    let pool: RunnerPool
    let writer: ReportWriter
    let reporter: Reporter
    let watch: RunnerWatch
    let heartbeater: Heartbeater

    init(worker: Worker, life: WorkerLife) {
      let (configuration, logger) = (worker.configuration, worker.logger)
      let eventLoop = worker.eventLoop
      if let early = configuration.early {
        (breadcrumbs, host) = (early.breadcrumbs, early.host)
      } else {
        breadcrumbs = BreadcrumbFolder(path: worker.breadcrumbsFolder + "/" + life.id)
        host = RunnerHost(
          command: configuration.runnerCommand, limits: configuration.limits,
          inherited: ProcessInfo.processInfo.environment,
          group: MultiThreadedEventLoopGroup.singleton, breadcrumbs: breadcrumbs,
          onTrouble: {
            logger.warning("a runner leaves no breadcrumbs", metadata: ["error": "\($0)"])
          })
      }
      pool = RunnerPool(
        host: host, early: configuration.early, size: configuration.spareRunners,
        bell: Doorbell(eventLoop: eventLoop), logger: logger)
      let journals = worker.journalsFolder
      let store = worker.store
      writer = ReportWriter(
        report: { reports async throws(StoreError) in try await store.report(reports) },
        quarantineFile: journals + "/quarantine.ndjson", logger: logger,
        emergency: { report async throws(StoreError) in try await store.reportMinimally(report) },
        refresh: { () async throws(StoreError) in try await store.refreshSchema() })
      let reporter = Reporter(
        writer: writer, journal: Journal(folder: journals + "/" + life.id), eventLoop: eventLoop,
        logger: logger)
      self.reporter = reporter
      watch = RunnerWatch(library: configuration.rhythms, eventLoop: eventLoop)
      heartbeater = Heartbeater(
        store: worker.store, life: life, leases: worker.leases, watch: watch,
        intervalSeconds: configuration.heartbeatIntervalSeconds, eventLoop: eventLoop,
        logger: logger,
        isClaiming: { worker.state.withLock { $0.isClaiming } },
        onSuccess: { reporter.databaseIsBack() })
    }
  }

  private var journalsFolder: String { configuration.dataDirectory + "/journals" }

  private var breadcrumbsFolder: String {
    Self.breadcrumbsFolder(in: configuration.dataDirectory)
  }

  /// Absolute: a runner works in `/`.
  static func breadcrumbsFolder(in dataDirectory: String) -> String {
    let folder = dataDirectory + "/breadcrumbs"
    return folder.hasPrefix("/")
      ? folder : FileManager.default.currentDirectoryPath + "/" + folder
  }
}

// MARK: Starting and ending

extension Worker {
  private func register(_ process: LinuxProcess) async throws(StoreError) -> WorkerLife {
    try await store.registerWorker(
      WorkerRegistration(
        life: configuration.early?.life, name: configuration.name, host: process.host,
        bootID: process.bootID,
        processID: process.processID, processStartTicks: process.startTicks,
        slots: configuration.slots, kinds: configuration.kinds, version: configuration.version,
        heartbeatIntervalSeconds: configuration.heartbeatIntervalSeconds))
  }

  /// Delivers what earlier lives had journaled, and only then puts what they still hold back into the queue.
  private func cleanUp(after process: LinuxProcess, life: WorkerLife, writer: ReportWriter) async {
    do throws(StoreError) {
      _ = try await untilAnswered { () async throws(StoreError) in
        try await LeftoverJournals(
          folder: self.journalsFolder, writer: writer,
          isOurs: { life async throws(StoreError) in try await self.store.knowsWorker(life: life) },
          logger: self.logger
        ).deliver()
      }
      // Before the scans go back into the queue, while their last attempt is still the one that left these.
      _ = try await untilAnswered { () async throws(StoreError) in
        try await LeftoverBreadcrumbs(
          folder: self.breadcrumbsFolder, store: self.store, logger: self.logger
        ).deliver()
      }
      let recovered = try await untilAnswered { () async throws(StoreError) in
        try await self.store.recoverEarlierLives(of: life) { process.isGone($0) }
      }
      logger.notice(
        "🧹 STARTUP CLEANUP: recovered the scans of earlier lives of this worker",
        metadata: [
          "scans": "\((recovered ?? []).map { "#\($0.number)" }.joined(separator: " "))"
        ])
    } catch {
      logger.error("🧹 STARTUP CLEANUP failed", metadata: ["error": "\(error)"])
    }
  }

  private func retire(_ life: WorkerLife) async {
    for seconds in [0, 0.2, 1] {
      if seconds > 0 { try? await Task.sleep(for: .seconds(seconds)) }
      do throws(StoreError) {
        return try await store.retireWorker(life)
      } catch {
        logger.warning("the worker could not sign off", metadata: ["error": "\(error)"])
      }
    }
  }

  /// Somebody waits for the one scan that a worker is there for: so long after the database was last heard, it gives up.
  private static let patienceForOneScan: Duration = .seconds(10)

  /// Asks until the database is there; `nil` if the worker drains before.
  private func untilAnswered<Answer: Sendable>(
    _ ask: () async throws(StoreError) -> Answer
  ) async throws(StoreError) -> Answer? {
    var seconds = 0.1
    let start = ContinuousClock.now
    while !isDraining {
      do throws(StoreError) {
        return try await ask()
      } catch .unavailable(let why) {
        let isHopeless =
          configuration.onlyScan != nil && ContinuousClock.now - start > Self.patienceForOneScan
        if isHopeless { throw .unavailable(why) }
        logger.warning(
          "the database cannot be reached; trying again", metadata: ["error": "\(why)"])
        // Nothing cancels this task; a drain is seen after the pause.
        try? await Task.sleep(for: .seconds(seconds))
        seconds = min(2, seconds * 2)
      }
    }
    return nil
  }
}

// MARK: Claiming

extension Worker {
  private func claimAndRun(_ life: WorkerLife, _ services: Services) async {
    await withDiscardingTaskGroup { listeners in
      listeners.addTask(name: "queue") {
        for await _ in self.store.signals(.queue) {
          self.state.withLock { $0.wasTold = true }
          self.claimBell.ring()
        }
      }
      await withDiscardingTaskGroup { attempts in
        claimBell.ring()
        for await _ in claimBell.rings {
          if isDraining { break }
          await claim(life) { claim, askedAt in
            let session = begin(claim, askedAt: askedAt, services)
            attempts.addTask(name: "scan \(claim.scan.number)") {
              await session.run()
              self.ended(claim.lease)
            }
          }
        }
      }
      listeners.cancelAll()
    }
  }

  /// From a look that the queue asked for to the next one.
  private static let secondLookSeconds = 0.1

  /// Fills the free slots with what the queue has, and sets the time of the next look.
  private func claim(
    _ life: WorkerLife, begin: (Claim, ContinuousClock.Instant) -> Void
  ) async {
    var nextLook = configuration.patience.pollSeconds * Double.random(in: 1...1.2)
    let wasTold = state.withLock { state in
      defer { state.wasTold = false }
      return state.wasTold
    }
    // A claim passes over rows that another transaction holds, the sweep's next look at a scan that it has just put back, say; and
    // nobody tells of such a scan again.
    if wasTold { nextLook = Self.secondLookSeconds }
    while !isDraining {
      let free = state.withLock { configuration.slots - $0.slotsInUse }
      guard free > 0 else { break }
      let askedAt = ContinuousClock.now
      state.withLock { $0.isClaiming = true }
      defer { state.withLock { $0.isClaiming = false } }
      do throws(StoreError) {
        let claims = try await claims(life, limit: free)
        state.withLock { $0.unclaimedSince = nil }
        for claim in claims { begin(claim, askedAt) }
        if claims.count < free { break }
      } catch {
        logger.warning("scans cannot be claimed; trying again", metadata: ["error": "\(error)"])
        nextLook = min(nextLook, Double.random(in: 0.5...1.5))
        if configuration.onlyScan != nil, isHopeless(askedAt) { drain() }
        break
      }
    }
    claimBell.ring(after: nextLook)
  }

  /// Whether claims have failed for longer than somebody waits for one scan.
  private func isHopeless(_ askedAt: ContinuousClock.Instant) -> Bool {
    state.withLock { state in
      let since = state.unclaimedSince ?? askedAt
      state.unclaimedSince = since
      return ContinuousClock.now - since > Self.patienceForOneScan
    }
  }

  private func claims(_ life: WorkerLife, limit: Int) async throws(StoreError) -> [Claim] {
    if let scan = configuration.onlyScan {
      return try await store.claim(scan, for: life).map { [$0] } ?? []
    }
    let kinds = configuration.kinds.isEmpty ? nil : configuration.kinds
    return try await store.claim(for: life, kinds: kinds, limit: limit)
  }

  private func begin(
    _ claim: Claim, askedAt: ContinuousClock.Instant, _ services: Services
  ) -> AttemptSession {
    let policy = configuration.policy(claim.scan.kind, claim.scan.target)
    let session = AttemptSession(
      claim: claim,
      context: AttemptSession.Context(
        store: store, pool: services.pool, reporter: services.reporter,
        watch: services.watch, eventLoop: eventLoop,
        policy: policy, patience: configuration.patience,
        logger: logger, breadcrumbs: services.breadcrumbs,
        program: configuration.program(claim.scan), freeSlot: { self.freeSlot() }))
    leases.add(
      claim.lease, intervalSeconds: claim.scan.heartbeatIntervalSeconds,
      staleAfterIntervals: claim.scan.staleMultiple ?? policy.staleMultiple, claimedAt: askedAt,
      stop: { session.stop($0) }, look: { session.look() })
    services.heartbeater.leasesChanged()
    let isDraining = state.withLock { state in
      state.slotsInUse += 1
      state.sessions[claim.lease] = session
      return state.isDraining
    }
    if isDraining { session.stop(.drain) }
    return session
  }

  private func freeSlot() {
    state.withLock { $0.slotsInUse -= 1 }
    claimBell.ring()
    abandonLaterIfIdle()
  }

  private func ended(_ lease: Lease) {
    leases.remove(lease)
    state.withLock { $0.sessions[lease] = nil }
  }

  /// Once a draining worker's processes are all gone, its attempts wait only for the database, and not for ever.
  private func abandonLaterIfIdle() {
    guard state.withLock({ $0.isDraining && $0.slotsInUse == 0 }) else { return }
    let seconds = configuration.patience.drainDeliverySeconds
    eventLoop.scheduleTask(in: .nanoseconds(Int64(seconds * 1e9))) {
      for session in self.state.withLock({ Array($0.sessions.values) }) { session.abandon() }
    }
  }
}
