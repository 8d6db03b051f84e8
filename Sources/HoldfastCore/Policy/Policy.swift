/// Every threshold and choice that supervision makes for a kind of scan.
///
/// A policy is a plain value. Where it comes from, layer by layer, is ``PolicyBook``'s business;
/// what each field may hold is ``PolicyField``'s; how long each fault can last at most under it is
/// ``WorstCase``'s.
package struct Policy: Sendable, Hashable {
  /// What at most one active scan may share.
  package enum Exclusivity: String, Codable, Sendable, CaseIterable {
    case target, kind, none
  }

  /// What is done about a scan that is stuck.
  package enum OnStuck: String, Codable, Sendable, CaseIterable {
    /// Resume it if a checkpoint or progress exists, else requeue it while attempts are left, else
    /// fail it.
    case resume
    /// Start it over while attempts are left, else fail it.
    case requeue
    case fail
    /// Report it and leave it alone.
    case alert
  }

  /// What is done about a scan that nobody claims.
  package enum OnPendingTimeout: String, Codable, Sendable, CaseIterable {
    case alert, fail
  }

  /// What proves that a running scan moves.
  package enum Movement: String, Codable, Sendable, CaseIterable {
    /// A counter that grew or a step that changed.
    case progress
    /// That, or processor time and bytes of its process tree: for programs that report no progress.
    case any
  }

  /// What a learned suspicion may lead to.
  package enum SuspicionUse: String, Codable, Sendable, CaseIterable {
    /// (Not “off”, which YAML reads as a boolean.)
    case ignore
    /// Shown, no more.
    case report
    /// It recovers together with a diagnosis that agrees.
    case diagnosed
    /// It recovers on its own.
    case recover
  }

  /// A rate means little before an attempt has worked for so long.
  package static let rateAfterSeconds = 60.0

  /// How often a running attempt's heartbeat is due.
  package var heartbeatIntervalSeconds: Double
  /// The heartbeat is stale after so many intervals without one.
  package var staleMultiple: Double
  /// How long an attempt may live without moving.
  package var stallAfterSeconds: Double
  package var movement: Movement
  /// How long one attempt may take.
  package var maxRuntimeMinutes: Double
  /// Whether an attempt that still moves is let go on past its runtime limit.
  package var deadlineSparesProgress: Bool
  /// How long a scan that is due may wait for a worker.
  package var pendingTimeoutMinutes: Double
  package var onPendingTimeout: OnPendingTimeout
  /// How long a worker may take to carry out a cancel or a pause.
  package var cancellingTimeoutSeconds: Double
  /// How long declared waits may hold the stall clock between two signs of progress, together.
  package var waitingCapMinutes: Double
  package var exclusivity: Exclusivity
  package var onStuck: OnStuck
  /// How many attempts in a row may end stuck (hung, out of time, or lost with their worker) before
  /// the scan is failed.
  package var maxAttempts: Int
  /// How often its runner may die before the scan is failed.
  package var maxCrashes: Int
  /// The longest delay before the second retry; it doubles with each further one.
  package var backoffBaseSeconds: Double
  /// No delay is longer.
  package var backoffCapSeconds: Double
  package var suspicion: SuspicionUse
  /// The share of healthy scans that may be suspected falsely at some time of their life.
  package var suspicionRate: Double
  /// No suspicion is raised by a silence shorter than this.
  package var suspicionFloorSeconds: Double
  /// Slower than this share of its kind's usual rate is `slow`.
  package var slowBelowRate: Double
  /// How old a run without progress must be before the check ahead of a new scan offers to clean
  /// it.
  package var checkAgeHours: Double
  /// For how many days after a scan's end its items and item errors are kept; 0 is for ever.
  package var keepItemsDays: Double
  /// The same of its lifecycle events and its progress history.
  package var keepEventsDays: Double
  /// The same of the scan itself, with which all of that goes.
  package var keepScansDays: Double

  package init(
    heartbeatIntervalSeconds: Double, maxRuntimeMinutes: Double, exclusivity: Exclusivity,
    maxCrashes: Int, staleMultiple: Double = 3, stallAfterSeconds: Double = 600,
    movement: Movement = .progress, deadlineSparesProgress: Bool = false,
    pendingTimeoutMinutes: Double = 5, onPendingTimeout: OnPendingTimeout = .alert,
    cancellingTimeoutSeconds: Double = 60, waitingCapMinutes: Double = 30,
    onStuck: OnStuck = .resume, maxAttempts: Int = 3, backoffBaseSeconds: Double = 2,
    backoffCapSeconds: Double = 60, suspicion: SuspicionUse = .diagnosed,
    suspicionRate: Double = 0.001, suspicionFloorSeconds: Double = 30,
    slowBelowRate: Double = 0.25, checkAgeHours: Double = 24, keepItemsDays: Double = 0,
    keepEventsDays: Double = 0, keepScansDays: Double = 0
  ) {
    self.heartbeatIntervalSeconds = heartbeatIntervalSeconds
    self.staleMultiple = staleMultiple
    self.stallAfterSeconds = stallAfterSeconds
    self.movement = movement
    self.maxRuntimeMinutes = maxRuntimeMinutes
    self.deadlineSparesProgress = deadlineSparesProgress
    self.pendingTimeoutMinutes = pendingTimeoutMinutes
    self.onPendingTimeout = onPendingTimeout
    self.cancellingTimeoutSeconds = cancellingTimeoutSeconds
    self.waitingCapMinutes = waitingCapMinutes
    self.exclusivity = exclusivity
    self.onStuck = onStuck
    self.maxAttempts = maxAttempts
    self.maxCrashes = maxCrashes
    self.backoffBaseSeconds = backoffBaseSeconds
    self.backoffCapSeconds = backoffCapSeconds
    self.suspicion = suspicion
    self.suspicionRate = suspicionRate
    self.suspicionFloorSeconds = suspicionFloorSeconds
    self.slowBelowRate = slowBelowRate
    self.checkAgeHours = checkAgeHours
    self.keepItemsDays = keepItemsDays
    self.keepEventsDays = keepEventsDays
    self.keepScansDays = keepScansDays
  }

  /// The age beyond which a heartbeat is stale.
  package var staleAfterSeconds: Double { heartbeatIntervalSeconds * staleMultiple }

  /// The name of the scope that a scan of `kind` and `target` holds while it is active; `nil` where
  /// several may be.
  package func scope(kind: String, target: String) -> String? {
    switch exclusivity {
    case .target: "\(kind):\(target)"
    case .kind: kind
    case .none: nil
    }
  }

  /// The same policy with every limit on silence made longer, for an observer that does not trust
  /// its own eyes (``ObserverHealth``). The runtime limit stays: a clock that lags does not make
  /// work longer.
  ///
  /// - Parameter factor: 1 changes nothing; less than 1 counts as 1.
  package func stretched(by factor: Double) -> Policy {
    let factor = max(1, factor)
    var policy = self
    policy.staleMultiple *= factor
    policy.stallAfterSeconds *= factor
    policy.pendingTimeoutMinutes *= factor
    policy.cancellingTimeoutSeconds *= factor
    policy.suspicionFloorSeconds *= factor
    return policy
  }
}
