import Glibc
import HoldfastCore
import HoldfastEngine

/// The process of one attempt: works through its scan's units, or does what its nature, or a fault, makes it do.
final class SimRunner: @unchecked Sendable {
  // Unchecked: see ``Scheduler``.
  let attempt: SimAttempt
  let process: SimProcess
  let scan: Scenario.SimScan
  let startedAt: Int64
  /// Another has the scan by an operator's hand, and this one has yet to be told.
  var isOvertaken = false
  private var next = 0
  private var checkpoints: Int64 = 0
  private var isHung = false
  private var isDeaf = false
  private var hasFinished = false
  private var hasWaited = false

  init(_ attempt: SimAttempt) {
    self.attempt = attempt
    let world = attempt.worker.world
    process = world.spawn("runner of scan \(attempt.claim.scan.number)")
    startedAt = world.scheduler.now
    // Every scan of this world was submitted by it.
    scan =
      world.scansByID[attempt.claim.scan.id]
      ?? Scenario.SimScan(
        index: -1, submittedAt: 0, kind: "library", target: "", units: 4,
        unitMilliseconds: 1000, nature: .sound)
  }

  private var world: World { attempt.worker.world }
  var lease: Lease { attempt.claim.lease }
  private var number: Int { attempt.claim.scan.attempt }

  func start() {
    world.runners.add(self)
    world.tell(.runnerStarted(self))
    world.scheduler.after(world.random.span(5...80), of: process) { [self] in
      say([
        .ready(
          .init(protocolVersion: RunnerProtocol.version, processID: process.id, kinds: []))
      ])
    }
  }

  // MARK: What it is told

  func receive(_ message: WorkerMessage) {
    world.scheduler.after(1, of: process) { [self] in heard(message) }
  }

  private func heard(_ message: WorkerMessage) {
    switch message {
    case .start(let start):
      next = Int(start.checkpoint?["next"]?.intValue ?? 0)
      work()
    case .ping(let number): if !isDeaf { say([.pong(number: number)]) }
    case .stop:
      guard !isHung, !hasFinished else { return }
      hasFinished = true
      checkpoints += 1
      say([
        .checkpoint(number: checkpoints, data: ["next": .int(Int64(next))]),
        .finished(.init(outcome: .stopped)),
      ])
    case .checkpointed(let number):
      world.tell(.checkpointAcknowledged(self, next: acknowledged[number] ?? 0))
    default: break
    }
  }

  private var acknowledged: [Int64: Int64] = [:]

  func inputClosed() {
    world.scheduler.after(world.random.span(1...50), of: process) { [self] in
      exit(hasFinished ? .exited(status: 0) : .exited(status: 1))
    }
  }

  func signal(_ signal: Int32) {
    if signal == SIGTERM, isHung, scan.nature == .stubborn || scan.index % 2 == 0 { return }
    world.scheduler.after(1, of: nil) { [self] in exit(.signalled(signal)) }
  }

  /// A runner ends with its worker (`PR_SET_PDEATHSIG`, and the end of its input).
  func workerIsGone() {
    world.scheduler.after(world.random.span(0...40), of: nil) { [self] in
      exit(.signalled(SIGKILL))
    }
  }

  // MARK: Faults

  func die(_ signal: Int32) { exit(.signalled(signal)) }

  func hang(isDeaf: Bool) {
    isHung = true
    self.isDeaf = isDeaf
  }

  // MARK: Working

  private func work() {
    let span = world.random.span((scan.unitMilliseconds / 4)...scan.unitMilliseconds)
    world.scheduler.after(span, of: process) { [self] in unit() }
  }

  private func unit() {
    guard !isHung, !hasFinished else { return }
    let middle = scan.units / 2
    if next >= scan.units { return finish(.init(outcome: .completed)) }
    if next >= middle {
      switch scan.nature {
      case .failing: return finish(.init(outcome: .failed, error: "it is broken"))
      case .poison: return exit(.signalled(SIGSEGV))
      case .hangsOnce where number == 1, .stubborn where number == 1, .hangsAlways:
        return isHung = true
      case .waits where !hasWaited: return wait()
      default: break
      }
    }
    var messages: [RunnerMessage] = [
      .items([Item(key: "item \(next)", type: "unit", change: .found)])
    ]
    if scan.nature == .flawed, next == 1 {
      messages.append(.itemErrors([ItemError(path: "item 1", type: "flaw", message: "flawed")]))
    }
    next += 1
    messages.append(
      .progress(
        Progress(done: Int64(next), total: Int64(scan.units), unit: "units", step: "work"),
        message: nil))
    if next % 3 == 0 {
      checkpoints += 1
      acknowledged[checkpoints] = Int64(next)
      messages.append(.checkpoint(number: checkpoints, data: ["next": .int(Int64(next))]))
    }
    say(messages)
    work()
  }

  private func wait() {
    hasWaited = true
    say([.waiting(for: "rate limit", seconds: 40)])
    world.scheduler.after(world.random.span(5000...30_000), of: process) { [self] in
      say([.waiting(for: "", seconds: 0)])
      work()
    }
  }

  private func finish(_ finish: RunnerMessage.Finish) {
    hasFinished = true
    say([.finished(finish)])
  }

  /// Through a pipe: in order, and waiting while the worker is stopped.
  private func say(_ messages: [RunnerMessage]) {
    world.scheduler.after(1, of: attempt.worker.process) { [attempt] in
      attempt.feed(.messages(messages))
    }
  }

  private func exit(_ exit: RunnerExit) {
    guard !process.isDead else { return }
    process.kill(world.scheduler)
    world.runners.remove(self)
    world.tell(.runnerEnded(self))
    world.scheduler.after(2, of: attempt.worker.process) { [attempt] in
      attempt.feed(.exited(exit, lastLines: []))
    }
  }
}

/// The runners that live, by scan.
struct RunnerRegister {
  private var byScan: [ScanID: [SimRunner]] = [:]

  mutating func add(_ runner: SimRunner) { byScan[runner.lease.scanID, default: []].append(runner) }

  mutating func remove(_ runner: SimRunner) {
    byScan[runner.lease.scanID]?.removeAll { $0 === runner }
  }

  subscript(scan: ScanID) -> [SimRunner] { byScan[scan] ?? [] }

  var all: [SimRunner] { byScan.values.joined().sorted { $0.process.id < $1.process.id } }
}
