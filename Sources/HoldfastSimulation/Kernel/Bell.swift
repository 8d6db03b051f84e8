/// Wakes one waiting task of a process: early when it is rung, else when its time has come. Rung while nobody waits, it ends the
/// next wait at once.
final class Bell: @unchecked Sendable {
  // Unchecked: see ``Scheduler``.
  private let scheduler: Scheduler
  private let process: SimProcess
  private var token: Scheduler.Token?
  private var continuation: UnsafeContinuation<Void, Never>?
  private var wasRung = false

  init(_ scheduler: Scheduler, _ process: SimProcess) {
    self.scheduler = scheduler
    self.process = process
  }

  func wait(_ milliseconds: Int64) async {
    if wasRung {
      wasRung = false
      return await scheduler.sleep(0, in: process)
    }
    await scheduler.sleep(milliseconds, in: process) {
      token = $0
    } keep: {
      continuation = $0
    }
    token = nil
    continuation = nil
  }

  func ring() {
    guard let token, let continuation else {
      wasRung = true
      return
    }
    self.token = nil
    self.continuation = nil
    scheduler.cancel(token)
    scheduler.wakeNow(continuation, of: process)
  }
}
