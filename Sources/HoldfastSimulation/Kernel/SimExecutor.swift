/// Runs the tasks of one simulation, one job after the other in the order in which they became ready, on whatever thread asks
/// for it. Nothing of a simulation ever runs beside anything else of it.
final class SimExecutor: TaskExecutor, @unchecked Sendable {
  // Unchecked: used by one thread at a time, the one that runs the scheduler.
  private var jobs: [UnownedJob] = []
  private var next = 0

  func enqueue(_ job: consuming ExecutorJob) {
    jobs.append(UnownedJob(job))
  }

  /// Runs until every task waits for something.
  func drain() {
    while next < jobs.count {
      let job = jobs[next]
      next += 1
      job.runSynchronously(on: asUnownedTaskExecutor())
    }
    jobs.removeAll(keepingCapacity: true)
    next = 0
  }
}
