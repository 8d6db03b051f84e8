import HoldfastCore
import HoldfastEngine
import HoldfastStorage

/// One life of a worker. What it decides is decided by ``AttemptCore`` and ``LeaseTable``; its loops are those of the engine's
/// worker, in virtual time.
final class SimWorker: @unchecked Sendable {
  // Unchecked: see ``Scheduler``.
  let world: World
  let machine: Machine
  let process: SimProcess
  let link: Link
  let store: SQLStore
  let leases: LeaseTable
  let journal: Machine.Journal
  private(set) var reporter: SimReporter?
  private(set) var life: WorkerLife?
  private(set) var attempts: [Lease: SimAttempt] = [:]
  private var inUse = 0
  private var isClaiming = false
  private(set) var isDraining = false
  private var stops: [(lease: Lease, cause: AttemptCore.StopCause)] = []
  private let claimBell: Bell
  private let beatBell: Bell
  private let guardBell: Bell
  private var nextBeatAt: Int64 = 0

  static let patience = Patience()
  static let beatSeconds = 10.0

  init(_ world: World, _ machine: Machine) {
    self.world = world
    self.machine = machine
    process = world.spawn(machine.name)
    link = Link(world, process)
    store = world.store(over: link)
    let patience = Self.patience
    leases = LeaseTable(maxMarginSeconds: patience.stopSeconds + patience.terminateSeconds + 1)
    journal = Machine.Journal(owner: process)
    machine.journals.append(journal)
    claimBell = Bell(world.scheduler, process)
    beatBell = Bell(world.scheduler, process)
    guardBell = Bell(world.scheduler, process)
    reporter = SimReporter(self)
  }

  private var scheduler: Scheduler { world.scheduler }
  private var isOver: Bool { process.isDead }

  func start() {
    world.note(machine.name, "starts as process \(process.id)")
    scheduler.start(machine.name) { await self.live() }
  }

  /// `kill -9`: its runners notice and end.
  func kill() {
    guard !process.isDead else { return }
    world.note(machine.name, "process \(process.id) killed")
    process.kill(scheduler)
    for attempt in attempts.values.sorted(by: { $0.claim.scan.number < $1.claim.scan.number }) {
      attempt.runner?.workerIsGone()
      attempt.letGo()
    }
    attempts = [:]
  }

  func drain() {
    guard !process.isDead, !isDraining else { return }
    world.note(machine.name, "process \(process.id) drains")
    isDraining = true
    claimBell.ring()
    leases.stopAll(.drain)
    carryOutStops()
  }

  // MARK: A life

  private func live() async {
    guard let life = await answered({ () async throws(StoreError) in try await self.register() })
    else { return }
    self.life = life
    guard let reporter else { return }
    scheduler.start("\(machine.name) beats") { await self.beatLoop(life) }
    scheduler.start("\(machine.name) guards") { await self.guardLoop() }
    scheduler.start("\(machine.name) reports") {
      await reporter.flushLoop()
      // The reporter does not own its worker, whose life may be over before this wait is.
      withExtendedLifetime(self) {}
    }
    scheduler.start("\(machine.name) delivers") {
      await reporter.deliverLoop()
      withExtendedLifetime(self) {}
    }
    await reporter.deliverLeftovers()
    _ = await answered { () async throws(StoreError) in try await self.recoverEarlierLives(life) }
    await claimLoop(life)
    while !isOver, !attempts.isEmpty { await scheduler.sleep(100, in: process) }
    guard !isOver else { return }
    _ = await answered { () async throws(StoreError) in
      try await self.asking(.retire(life)) { () async throws(StoreError) in
        try await self.store.retireWorker(life)
      }
    }
    world.note(machine.name, "process \(process.id) has drained")
    process.kill(scheduler)
  }

  private func register() async throws(StoreError) -> WorkerLife {
    let registration = WorkerRegistration(
      name: machine.name, host: "host-\(machine.name)", bootID: "boot", processID: process.id,
      processStartTicks: UInt64(process.id), slots: world.scenario.size.slots, kinds: [],
      version: "simulation", heartbeatIntervalSeconds: Self.beatSeconds)
    return try await asking(.register) { () async throws(StoreError) in
      try await self.store.registerWorker(registration)
    }
  }

  private func recoverEarlierLives(_ life: WorkerLife) async throws(StoreError) {
    let (world, defect) = (world, world.defect)
    _ = try await asking(.recoverEarlierLives(life)) { () async throws(StoreError) in
      try await self.store.recoverEarlierLives(of: life) {
        defect == .identityByName || world.processes[$0.processID]?.isDead ?? true
      }
    }
  }

  func asking<T: Sendable>(
    _ request: Request, _ body: () async throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    let result = await Request.$current.withValue(request) { () async -> Result<T, StoreError> in
      do throws(StoreError) { return .success(try await body()) } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// Asks until the database answers; `nil` in a process that is dead.
  private func answered<T: Sendable>(_ ask: () async throws(StoreError) -> T) async -> T? {
    var pause: Int64 = 100
    while !isOver {
      do throws(StoreError) {
        return try await ask()
      } catch {
        await scheduler.sleep(pause, in: process)
        pause = min(2000, pause * 2)
      }
    }
    return nil
  }

  // MARK: Claiming

  private func claimLoop(_ life: WorkerLife) async {
    while !isOver, !isDraining {
      var pause = Int64(5000 * (1 + 0.2 * world.random.unit()))
      let free = world.scenario.size.slots - inUse
      if free > 0 {
        isClaiming = true
        let askedAt = world.instant
        do throws(StoreError) {
          let claims = try await asking(.claim(life)) { () async throws(StoreError) in
            try await self.store.claim(for: life, kinds: nil, limit: free)
          }
          world.tell(.claimed(claims, life))
          for claim in claims { begin(claim, askedAt: askedAt) }
        } catch {
          pause = min(pause, world.random.span(500...1500))
        }
        isClaiming = false
      }
      if isOver || isDraining { return }
      await claimBell.wait(pause)
    }
  }

  private func begin(_ claim: Claim, askedAt: ContinuousClock.Instant) {
    guard !isOver else { return }
    let attempt = SimAttempt(self, claim)
    attempts[claim.lease] = attempt
    inUse += 1
    leases.add(
      claim.lease, intervalSeconds: claim.scan.heartbeatIntervalSeconds, claimedAt: askedAt,
      stop: { [weak self] cause in self?.stops.append((claim.lease, cause)) })
    attempt.begin()
    nextBeatAt = min(nextBeatAt, scheduler.now + pause)
    beatBell.ring()
    guardBell.ring()
    if isDraining { attempt.feed(.stop(.drain)) }
  }

  func freeSlot() {
    inUse -= 1
    claimBell.ring()
  }

  func ended(_ lease: Lease) {
    leases.remove(lease)
    attempts[lease]?.letGo()
    attempts[lease] = nil
  }

  // MARK: Heartbeats

  private var pause: Int64 {
    Int64(min(Self.beatSeconds, leases.shortestIntervalSeconds ?? Self.beatSeconds) * 1000)
  }

  private func beatLoop(_ life: WorkerLife) async {
    nextBeatAt = scheduler.now + pause
    var beganAt = scheduler.now
    while !isOver {
      while !isOver, scheduler.now < nextBeatAt {
        await beatBell.wait(nextBeatAt - scheduler.now)
      }
      if isOver { return }
      if isClaiming, scheduler.now - beganAt < pause / 2 {
        nextBeatAt = scheduler.now + 20
        continue
      }
      beganAt = scheduler.now
      let isAnswered = await beat(life)
      nextBeatAt = scheduler.now + (isAnswered ? pause : min(5000, pause / 4))
    }
  }

  /// `false` if the database did not answer.
  private func beat(_ life: WorkerLife) async -> Bool {
    let held = leases.leases.sorted { ($0.scanID, $0.token) < ($1.scanID, $1.token) }
    let (sentAt, askedAt) = (world.instant, scheduler.now)
    do throws(StoreError) {
      let outcome = try await asking(.beat(life, held)) { () async throws(StoreError) in
        try await self.store.beat(life, leases: held, running: held.count)
      }
      guard !isOver else { return false }
      world.tell(.beaten(held, outcome, askedAt: askedAt))
      leases.beaten(held, sentAt: sentAt, outcome: outcome)
      carryOutStops()
      guardBell.ring()
      reporter?.databaseIsBack()
      return true
    } catch {
      return false
    }
  }

  private func guardLoop() async {
    while !isOver {
      if world.defect == .keepsRunningWithoutLease {
        await guardBell.wait(60_000)
        continue
      }
      let next = leases.giveUpUnsure(now: world.instant)
      carryOutStops()
      let seconds = next.map { ($0 - world.instant) / .seconds(1) } ?? 60
      await guardBell.wait(max(1, Int64(seconds * 1000)))
    }
  }

  /// In the order of the scans: the table has none of its own.
  private func carryOutStops() {
    let due = stops.sorted { ($0.lease.scanID, $0.lease.token) < ($1.lease.scanID, $1.lease.token) }
    stops = []
    for (lease, cause) in due { attempts[lease]?.feed(.stop(cause)) }
  }
}
