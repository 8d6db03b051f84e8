import HoldfastCore
import HoldfastStorage

/// What is asked of the database, for those who check the answer. Set by whoever asks; what a sweep asks is just that.
enum Request: Sendable {
  case other
  case sweep
  case register
  case retire(WorkerLife)
  case recoverEarlierLives(WorkerLife)
  case claim(WorkerLife)
  case beat(WorkerLife, [Lease])
  case report([AttemptReport])
  case submit
  case act(OperatorAction)
  case unlock
  case sql
  case dryRun

  @TaskLocal static var current = Request.other

  var name: String {
    switch self {
    case .other: "other"
    case .sweep: "sweep"
    case .register: "register"
    case .retire: "retire"
    case .recoverEarlierLives: "recover earlier lives"
    case .claim: "claim"
    case .beat(_, let leases): "beat \(leases.count)"
    case .report(let reports): "report \(reports.count)"
    case .submit: "submit"
    case .act(let action): action.rawValue
    case .unlock: "unlock"
    case .sql: "sql"
    case .dryRun: "dry run"
    }
  }
}

/// One process's way to the database: a network that delays, loses and repeats, and a database that may be slow, full or down.
/// Each request is executed whole at one moment of virtual time.
final class Link: Database, @unchecked Sendable {
  // Unchecked: see ``Scheduler``.
  let dialect = Dialect.sqlite
  let process: SimProcess
  private unowned let world: World
  /// Nothing gets through until then.
  var partitionedUntil: Int64 = 0
  /// Until then, so many answers are lost.
  var losesUntil: Int64 = 0
  var lossRate = 0.0
  var delaysUntil: Int64 = 0
  var delay: Int64 = 0
  var repeatsUntil: Int64 = 0
  /// An operator's terminal: asks and is answered at once.
  var isDirect = false

  init(_ world: World, _ process: SimProcess) {
    self.world = world
    self.process = process
  }

  func isTroubled(at time: Int64) -> Bool {
    time < max(partitionedUntil, losesUntil, max(delaysUntil, repeatsUntil))
  }

  func heal() {
    (partitionedUntil, losesUntil, delaysUntil, repeatsUntil) = (0, 0, 0, 0)
  }

  func read<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    let request = Request.current
    return try await travel(isWrite: false) { (world) throws(StoreError) in
      try world.read(request, body)
    }
  }

  func write<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    let (request, process) = (Request.current, process)
    return try await travel(isWrite: true) { (world) throws(StoreError) in
      try world.write(request, of: process, body)
    }
  }

  func signals(_ channel: SignalChannel) -> AsyncStream<Void> { AsyncStream { $0.finish() } }
  func close() async {}

  private func travel<T: Sendable>(
    isWrite: Bool, _ execute: @escaping @Sendable (World) throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    if isDirect { return try execute(world) }
    let scheduler = world.scheduler
    try refuseIfDead()
    if scheduler.now < max(partitionedUntil, world.databaseDownUntil) {
      // A connection that is refused, or one that says nothing until the caller gives up.
      await scheduler.sleep(world.random.chance(0.5) ? 10 : 2000, in: process)
      throw .unavailable("no way to the database")
    }
    await scheduler.sleep(oneWay(), in: process)
    try refuseIfDead()
    if isWrite, scheduler.now < world.databaseFullUntil {
      throw .unavailable("database or disk is full")
    }
    if scheduler.now < delaysUntil, world.random.chance(0.4) {
      // It arrives when its sender has long given it up.
      let world = world
      scheduler.after(delay, of: nil) { _ = Result { () throws(StoreError) in try execute(world) } }
      await scheduler.sleep(2000, in: process)
      throw .unavailable("no answer within 2 s")
    }
    let value = try execute(world)
    if isWrite, scheduler.now < repeatsUntil, world.random.chance(0.3) {
      let world = world
      scheduler.after(world.random.span(1...5000), of: nil) {
        _ = Result { () throws(StoreError) in try execute(world) }
      }
    }
    let isLost =
      scheduler.now < losesUntil && world.random.chance(lossRate)
      || scheduler.now < partitionedUntil
    if isLost {
      await scheduler.sleep(2000, in: process)
      throw .unavailable("the answer was lost")
    }
    await scheduler.sleep(oneWay(), in: process)
    try refuseIfDead()
    return value
  }

  private func oneWay() -> Int64 {
    let slow = world.scheduler.now < world.databaseSlowUntil
    return world.random.span(slow ? 100...1500 : 0...3)
  }

  private func refuseIfDead() throws(StoreError) {
    if process.isDead { throw .unavailable("the process is gone") }
  }
}
