import Glibc
import HoldfastCore
import HoldfastEngine
import HoldfastStorage

/// What goes wrong.
extension World {
  func inject(_ fault: Fault) {
    note("FAULT", "\(fault.kind.rawValue) for \(fault.milliseconds) ms")
    let until = scheduler.now + fault.milliseconds
    switch fault.kind {
    case .killRunner: chosenRunner(fault)?.die(SIGKILL)
    case .hangRunner: chosenRunner(fault)?.hang(isDeaf: fault.degree < 0.3)
    case .killWorker:
      let machine = machine(fault)
      machine.worker?.kill()
      scheduler.after(1000 + fault.milliseconds, of: nil) { machine.start() }
    case .loseMachine: lose(machine(fault))
    case .drainWorker:
      let machine = machine(fault)
      machine.worker?.drain()
      restart(machine, after: 20_000)
    case .stopWorker: stop(machine(fault).worker?.process, until: until)
    case .secondWorkerOfSameName:
      let double = machine(fault).startDouble()
      scheduler.after(fault.milliseconds + 10_000, of: nil) { double?.kill() }
    case .killSweeper:
      let sweeper = sweeper(fault)
      sweeper.kill()
      scheduler.after(1000 + fault.milliseconds, of: nil) { sweeper.start() }
    case .stopSweeper: stop(sweeper(fault).process, until: until)
    case .partitionWorker: machine(fault).worker?.link.partitionedUntil = until
    case .partitionSweeper: sweeper(fault).link.partitionedUntil = until
    case .loseAnswers:
      for link in links(fault) { (link.losesUntil, link.lossRate) = (until, fault.degree) }
    case .delayMessages:
      for link in links(fault) {
        (link.delaysUntil, link.delay) = (until, 2000 + Int64(fault.degree * 60_000))
      }
    case .repeatMessages: for link in links(fault) { link.repeatsUntil = until }
    case .slowDatabase: databaseSlowUntil = until
    case .fullDatabase: databaseFullUntil = until
    case .databaseDown: databaseDownUntil = scheduler.now + fault.milliseconds / 3
    case .databaseClockStep: clock.stepMilliseconds += Int64((fault.degree - 0.4) * 1500)
    // No decision reads a machine's clock; the trace shows that nothing follows from it.
    case .machineClockStep: note(machine(fault).name, "its clock is set by hours")
    case .cancel: act(.cancel, fault)
    case .pause: act(.pause, fault)
    case .resume: act(.resume, fault)
    case .retry: act(.retry, fault)
    case .unlock: unlock(fault)
    case .sqlFail: byHand("failed", fault)
    case .sqlPending: byHand("pending", fault)
    case .sqlCancel: byHand("cancelled", fault)
    case .dryRun: rehearse()
    case .submitAgain: submitAgain(fault)
    }
  }

  private func machine(_ fault: Fault) -> Machine { machines[fault.choice % machines.count] }
  private func sweeper(_ fault: Fault) -> SimSweeper { sweepers[fault.choice % sweepers.count] }

  private func links(_ fault: Fault) -> [Link] {
    let workers = machines.compactMap { $0.worker?.link }
    let all = workers + sweepers.map(\.link)
    return fault.choice % 2 == 0 ? all : [all[fault.choice % all.count]]
  }

  private func chosenRunner(_ fault: Fault) -> SimRunner? {
    let all = runners.all
    return all.isEmpty ? nil : all[fault.choice % all.count]
  }

  private func stop(_ process: SimProcess?, until: Int64) {
    guard let process, !process.isDead else { return }
    process.stop()
    scheduler.after(until - scheduler.now, of: nil) { [scheduler] in process.resume(scheduler) }
  }

  /// It never comes back, and its disk with what is journaled on it neither. One machine is always left.
  private func lose(_ machine: Machine) {
    guard machines.count(where: { !$0.isLost }) > 1 else { return }
    for worker in machine.workers { worker.kill() }
    machine.isLost = true
    machine.journals = []
  }

  private func restart(_ machine: Machine, after milliseconds: Int64) {
    scheduler.after(milliseconds, of: nil) { [self] in
      if machine.worker?.process.isDead == true {
        machine.start()
      } else {
        restart(machine, after: 5000)
      }
    }
  }
}
