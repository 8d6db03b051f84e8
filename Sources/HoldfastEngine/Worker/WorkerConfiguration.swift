package import HoldfastCore

/// What a worker is told when it starts.
package struct WorkerConfiguration: Sendable {
  /// The name that stays the same over restarts. A worker recovers what earlier lives of the same name left on this host.
  package var name: String
  /// How many scans it runs at once; at least 1.
  package var slots: Int
  /// The kinds it takes; empty for any.
  package var kinds: [String]
  /// Journals are kept in its `journals` folder.
  package var dataDirectory: String
  /// The program of a runner and its arguments; the program is an absolute path.
  package var runnerCommand: [String]
  /// How often the worker beats at least. A scan whose own interval is shorter makes it beat more often.
  package var heartbeatIntervalSeconds: Double
  package var version: String
  /// How many runners are started ahead, so that a scan does not wait for a process to start.
  package var spareRunners: Int
  package var limits: RunnerLimits
  /// What holds for a kind's target.
  package var policy: @Sendable (_ kind: String, _ target: String) -> Policy
  package var patience: Patience
  /// What finished scans have taught; without it no scan is ever suspected.
  package var rhythms: RhythmLibrary?
  /// Takes this scan and no other; for the worker that a command brings along for its own scan.
  package var onlyScan: ScanID?
  /// The program of a scan whose kind is one; `nil` for the kinds that runners know themselves.
  package var program: @Sendable (Scan) -> ProgramSpec?
  /// The runner of ``onlyScan``, started by the command that brought this worker along.
  package var early: EarlyRunner?

  package init(
    name: String, slots: Int, kinds: [String] = [], dataDirectory: String,
    runnerCommand: [String], heartbeatIntervalSeconds: Double = 30, version: String,
    spareRunners: Int = 1, limits: RunnerLimits = RunnerLimits(),
    policy: @escaping @Sendable (_ kind: String, _ target: String) -> Policy = { kind, _ in
      Policy.default(for: kind)
    },
    patience: Patience = Patience(), rhythms: RhythmLibrary? = nil,
    onlyScan: ScanID? = nil,
    program: @escaping @Sendable (Scan) -> ProgramSpec? = { _ in nil },
    early: EarlyRunner? = nil
  ) {
    self.name = name
    self.slots = max(1, slots)
    self.kinds = kinds
    self.dataDirectory = dataDirectory
    self.runnerCommand = runnerCommand
    self.heartbeatIntervalSeconds = heartbeatIntervalSeconds
    self.version = version
    self.spareRunners = max(0, spareRunners)
    self.limits = limits
    self.policy = policy
    self.patience = patience
    self.rhythms = rhythms
    self.onlyScan = onlyScan
    self.program = program
    self.early = early
  }
}

/// How long the worker waits for others before it takes the next step, in seconds.
package struct Patience: Sendable, Hashable {
  /// For `ready`, from the start of the process.
  package var readySeconds: Double
  /// For the end of a runner that was asked to stop.
  package var stopSeconds: Double
  /// Between SIGTERM and SIGKILL.
  package var terminateSeconds: Double
  /// For the end of a runner that has said `finished`.
  package var exitSeconds: Double
  /// Between two looks at the queue where no notification came.
  package var pollSeconds: Double
  /// For the database while the worker drains; what is not delivered by then stays in the journal for its next life.
  package var drainDeliverySeconds: Double

  package init(
    readySeconds: Double = 10, stopSeconds: Double = 10, terminateSeconds: Double = 5,
    exitSeconds: Double = 5, pollSeconds: Double = 5, drainDeliverySeconds: Double = 10
  ) {
    self.readySeconds = readySeconds
    self.stopSeconds = stopSeconds
    self.terminateSeconds = terminateSeconds
    self.exitSeconds = exitSeconds
    self.pollSeconds = pollSeconds
    self.drainDeliverySeconds = drainDeliverySeconds
  }
}
