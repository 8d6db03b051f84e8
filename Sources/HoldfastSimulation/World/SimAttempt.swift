import Glibc
import HoldfastCore
import HoldfastEngine
import HoldfastStorage

/// Does what ``AttemptCore`` says in the simulated world, as the engine's shell does in the real one.
final class SimAttempt: @unchecked Sendable {
  // Unchecked: see ``Scheduler``.
  let worker: SimWorker
  let claim: Claim
  private(set) var runner: SimRunner?
  private var core: AttemptCore
  private var timers: [AttemptCore.Timer: Scheduler.Token] = [:]

  init(_ worker: SimWorker, _ claim: Claim) {
    self.worker = worker
    self.claim = claim
    core = AttemptCore(
      claim: claim, policy: Scenario.policy(claim.scan.kind, claim.scan.target),
      patience: SimWorker.patience, jitter: worker.world.random.unit())
  }

  private var world: World { worker.world }

  func begin() {
    worker.reporter?.open(claim.lease) { [weak self] in self?.heard($0) }
    perform(core.begin())
    runner = SimRunner(self)
    runner?.start()
    feed(.baseline(nil))
  }

  /// Lets go of a runner that has ended, or ends with its worker.
  func letGo() { runner = nil }

  func feed(_ input: AttemptCore.Input) {
    guard !worker.process.isDead, !core.isOver else { return }
    perform(core.handle(input))
  }

  private func heard(_ event: SimReporter.Event) {
    switch event {
    case .safe(let sequence): feed(.safe(upTo: sequence))
    case .applied(let sequence): feed(.applied(upTo: sequence))
    case .superseded: feed(.stop(.superseded))
    }
  }

  private func perform(_ actions: [AttemptCore.Action]) {
    for action in actions { perform(action) }
  }

  private func perform(_ action: AttemptCore.Action) {
    switch action {
    case .send(let message): runner?.receive(message)
    case .closeInput: runner?.inputClosed()
    case .signal(let signal): runner?.signal(signal)
    case .report(let report, let sequence):
      worker.reporter?.submit(report, sequence: sequence)
    case .flushReports: worker.reporter?.expedite(claim.lease)
    case .diagnose: after(0.5) { $0.feed(.diagnosed(["class": "unknown"])) }
    case .arm(let timer, let seconds):
      if let token = timers[timer] { world.scheduler.cancel(token) }
      timers[timer] = after(seconds) {
        $0.timers[timer] = nil
        $0.feed(.timer(timer))
      }
    case .disarm(let timer):
      if let token = timers.removeValue(forKey: timer) { world.scheduler.cancel(token) }
    case .freeSlot: worker.freeSlot()
    case .done:
      worker.reporter?.close(claim.lease)
      worker.ended(claim.lease)
    default: break
    }
  }

  @discardableResult
  private func after(_ seconds: Double, _ body: @escaping (SimAttempt) -> Void) -> Scheduler.Token {
    world.scheduler.after(Int64(seconds * 1000), of: worker.process) { body(self) }
  }
}
