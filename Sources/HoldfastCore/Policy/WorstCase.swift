/// The longest time from each fault to the moment when its scan can be claimed again (or its
/// recovery is recorded), under a policy and the pace of the sweep. The formulas are the
/// documentation: `policy show` prints them with their figures.
///
/// One fault at a time: where the observer is unwell too, limits are stretched and recoveries held
/// for up to a minute (``ObserverHealth``), and an order that its worker cannot hear is carried out
/// by the sweep after ``Supervision/orderPatienceSeconds(_:policy:)``.
package struct WorstCase: Sendable, Hashable, Codable {
  /// What can go wrong.
  package enum Fault: String, Sendable, Hashable, Codable, CaseIterable {
    case runnerDeath = "runner_death"
    case workerDeath = "worker_death"
    case hang
    case neverStarted = "never_started"
    case pendingUnclaimed = "pending_unclaimed"
    case cancelIgnored = "cancel_ignored"
    case runtimeExceeded = "runtime_exceeded"
  }

  /// The pace of what surrounds the policy, in seconds.
  package struct Pace: Sendable, Hashable {
    /// From the end of one sweep to the start of the next, at most: the interval with its jitter.
    package var sweepSeconds: Double
    /// How long a sweep itself may take.
    package var sweepDurationSeconds: Double
    /// Until another process leads after the leader died. It counts in every fault that the sweep
    /// answers, since the leader may have died with it.
    package var takeoverSeconds: Double
    /// From the order to stop to the end of the process: stop, terminate, kill.
    package var stopSeconds: Double
    /// How late a report (progress, an exit) may be written.
    package var reportSeconds: Double

    /// 15 s and a fifth of jitter, 1 s, 10 s, 15 s and 1 s.
    package init(
      sweepSeconds: Double = 18, sweepDurationSeconds: Double = 1, takeoverSeconds: Double = 10,
      stopSeconds: Double = 15, reportSeconds: Double = 1
    ) {
      self.sweepSeconds = sweepSeconds
      self.sweepDurationSeconds = sweepDurationSeconds
      self.takeoverSeconds = takeoverSeconds
      self.stopSeconds = stopSeconds
      self.reportSeconds = reportSeconds
    }

    /// By their names in the formulas.
    package var terms: [(name: String, seconds: Double)] {
      [
        ("takeover", takeoverSeconds), ("sweep", sweepSeconds),
        ("sweep_duration", sweepDurationSeconds), ("stop", stopSeconds), ("report", reportSeconds),
      ]
    }

    /// From the moment a scan is overdue to the moment its recovery is applied.
    var sweep: Double { takeoverSeconds + sweepSeconds + sweepDurationSeconds }
  }

  package var fault: Fault
  package var seconds: Double
  /// In the names of the policy's fields and of ``Pace``.
  package var formula: String

  /// All faults, in the order of ``Fault``. Backoff is that of the first recovery, which is none;
  /// each further one adds ``Backoff/ceilingSeconds(failures:policy:)``.
  package static func all(under policy: Policy, pace: Pace = Pace()) -> [WorstCase] {
    Fault.allCases.map { of($0, under: policy, pace: pace) }
  }

  package static func of(_ fault: Fault, under policy: Policy, pace: Pace = Pace()) -> WorstCase {
    let sweep = "takeover + sweep + sweep_duration"
    let seconds: Double
    let formula: String
    switch fault {
    case .runnerDeath:
      seconds = pace.reportSeconds
      formula = "report (the worker is told by the kernel)"
    case .workerDeath:
      seconds = policy.staleAfterSeconds + pace.sweep
      formula = "heartbeat_interval × stale_multiple + \(sweep)"
    case .hang:
      seconds =
        pace.reportSeconds + policy.stallAfterSeconds + policy.waitingCapMinutes * 60 + pace.sweep
        + pace.stopSeconds
      formula = "report + stall_after + waiting_cap + \(sweep) + stop"
    case .neverStarted:
      seconds = policy.staleAfterSeconds + pace.sweep
      formula = "heartbeat_interval × stale_multiple + \(sweep)"
    case .pendingUnclaimed:
      seconds = policy.pendingTimeoutMinutes * 60 + pace.sweep
      formula = "pending_timeout + \(sweep)"
    case .cancelIgnored:
      seconds = policy.cancellingTimeoutSeconds + pace.sweep + pace.stopSeconds
      formula = "cancelling_timeout + \(sweep) + stop"
    case .runtimeExceeded where policy.deadlineSparesProgress:
      // Past its limit it is spared while it moves, so what remains is the hang.
      let hang = of(.hang, under: policy, pace: pace)
      return WorstCase(
        fault: fault, seconds: policy.maxRuntimeMinutes * 60 + hang.seconds,
        formula: "max_runtime + (\(hang.formula)), from its last progress")
    case .runtimeExceeded:
      seconds = policy.maxRuntimeMinutes * 60 + pace.sweep + pace.stopSeconds
      formula = "max_runtime + \(sweep) + stop"
    }
    return WorstCase(fault: fault, seconds: seconds, formula: formula)
  }
}
