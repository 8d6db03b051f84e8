/// What the store and the workers know of one active scan at one moment: all that a verdict may
/// look at.
///
/// Every time is the database's. What is not known is `nil`, and is never held against the scan.
package struct ScanSnapshot: Sendable, Hashable {
  package var scanID: ScanID
  package var number: Int64
  package var kind: String
  package var target: String
  package var status: ScanStatus
  package var attempt: Int
  package var leaseToken: Int64
  /// Attempts that ended because their runner died.
  package var crashes: Int
  /// Attempts in a row that ended stuck; one that got further than the one before it starts the
  /// count anew.
  package var stuckAttempts: Int

  package var createdAt: Timestamp
  /// Not to be claimed earlier.
  package var runAt: Timestamp
  package var claimedAt: Timestamp?
  package var startedAt: Timestamp?
  /// The last heartbeat.
  package var lastActivityAt: Timestamp?
  package var pausedAt: Timestamp?

  package var progress: Progress?
  /// When a counter last grew or the step last changed.
  package var progressAt: Timestamp?
  /// `progress.done` when the attempt was claimed: what a resumed attempt started from.
  package var doneAtClaim: Int64
  /// When the runner last answered a ping; `nil` where it does not speak the protocol.
  package var answeredAt: Timestamp?
  package var activity: Activity?
  package var wait: Wait?
  /// Declared waits that ended since the last progress, in seconds together.
  package var waitedSeconds: Double
  package var hasCheckpoint: Bool
  /// Items that the scan holds.
  package var items: Int64

  package var request: RequestedAction?
  package var requestedAt: Timestamp?

  /// The scan's own limits, where it was given any; they replace the policy's.
  package var maxRuntimeMinutes: Double?
  package var heartbeatIntervalSeconds: Double?
  package var staleMultiple: Double?

  package var worker: Worker?
  package var queue: Queue?
  package var learned: Learned?
  /// The newest diagnosis of this attempt.
  package var diagnosis: Diagnosis?
  /// Forward steps of the database's clock that the observer saw.
  package var clockSteps: [ClockStep]

  package init(
    scanID: ScanID, number: Int64, kind: String, target: String, status: ScanStatus,
    createdAt: Timestamp, attempt: Int = 0, leaseToken: Int64 = 0, crashes: Int = 0,
    stuckAttempts: Int = 0, runAt: Timestamp? = nil, claimedAt: Timestamp? = nil,
    startedAt: Timestamp? = nil, lastActivityAt: Timestamp? = nil, pausedAt: Timestamp? = nil,
    progress: Progress? = nil, progressAt: Timestamp? = nil, doneAtClaim: Int64 = 0,
    answeredAt: Timestamp? = nil, activity: Activity? = nil, wait: Wait? = nil,
    waitedSeconds: Double = 0, hasCheckpoint: Bool = false, items: Int64 = 0,
    request: RequestedAction? = nil, requestedAt: Timestamp? = nil,
    maxRuntimeMinutes: Double? = nil, heartbeatIntervalSeconds: Double? = nil,
    staleMultiple: Double? = nil, worker: Worker? = nil, queue: Queue? = nil,
    learned: Learned? = nil,
    diagnosis: Diagnosis? = nil, clockSteps: [ClockStep] = []
  ) {
    self.scanID = scanID
    self.number = number
    self.kind = kind
    self.target = target
    self.status = status
    self.attempt = attempt
    self.leaseToken = leaseToken
    self.crashes = crashes
    self.stuckAttempts = stuckAttempts
    self.createdAt = createdAt
    self.runAt = runAt ?? createdAt
    self.claimedAt = claimedAt
    self.startedAt = startedAt
    self.lastActivityAt = lastActivityAt
    self.pausedAt = pausedAt
    self.progress = progress
    self.progressAt = progressAt
    self.doneAtClaim = doneAtClaim
    self.answeredAt = answeredAt
    self.activity = activity
    self.wait = wait
    self.waitedSeconds = waitedSeconds
    self.hasCheckpoint = hasCheckpoint
    self.items = items
    self.request = request
    self.requestedAt = requestedAt
    self.maxRuntimeMinutes = maxRuntimeMinutes
    self.heartbeatIntervalSeconds = heartbeatIntervalSeconds
    self.staleMultiple = staleMultiple
    self.worker = worker
    self.queue = queue
    self.learned = learned
    self.diagnosis = diagnosis
    self.clockSteps = clockSteps
  }
}

extension ScanSnapshot {
  /// Processor time and bytes of the process tree, from the operating system.
  package struct Activity: Sendable, Hashable {
    /// The last sample that differed from the one before.
    package var changedAt: Timestamp

    package init(changedAt: Timestamp) { self.changedAt = changedAt }
  }

  /// A wait that the running attempt has declared and not ended.
  package struct Wait: Sendable, Hashable {
    /// “rate limit of example.com”
    package var reason: String
    package var since: Timestamp
    /// How long it said that it would take at most.
    package var limitSeconds: Double

    package init(reason: String, since: Timestamp, limitSeconds: Double) {
      self.reason = reason
      self.since = since
      self.limitSeconds = limitSeconds
    }
  }

  /// The worker that holds the lease.
  package struct Worker: Sendable, Hashable {
    /// What a second channel says of it: its socket, its process on the same machine, its own
    /// heartbeat row.
    package enum SecondOpinion: String, Sendable, Hashable, Codable {
      case alive
      /// Its process does not exist any more: a proof, not a silence.
      case gone
      case unknown
    }

    package var name: String
    package var lastHeartbeatAt: Timestamp
    /// How many scans it held.
    package var running: Int
    package var secondOpinion: SecondOpinion

    package init(
      name: String, lastHeartbeatAt: Timestamp, running: Int = 1,
      secondOpinion: SecondOpinion = .unknown
    ) {
      self.name = name
      self.lastHeartbeatAt = lastHeartbeatAt
      self.running = running
      self.secondOpinion = secondOpinion
    }
  }

  /// What a pending scan meets in the queue.
  package struct Queue: Sendable, Hashable {
    /// Live workers that take scans of its kind.
    package var workersForKind: Int
    package var freeSlots: Int
    /// The active scan that holds its exclusive scope, if another does.
    package var scopeHolder: Int64?
    /// An operator stopped the queue or this kind.
    package var isPaused: Bool
    /// Pending scans that come before it.
    package var ahead: Int

    package init(
      workersForKind: Int, freeSlots: Int, scopeHolder: Int64? = nil, isPaused: Bool = false,
      ahead: Int = 0
    ) {
      self.workersForKind = workersForKind
      self.freeSlots = freeSlots
      self.scopeHolder = scopeHolder
      self.isPaused = isPaused
      self.ahead = ahead
    }
  }

  /// What was learned of scans like this one.
  package struct Learned: Sendable, Hashable {
    package var progress: LearnedLimit?
    package var activity: LearnedLimit?
    /// The median of its kind, in units of progress per second.
    package var usualRatePerSecond: Double?

    package init(
      progress: LearnedLimit? = nil, activity: LearnedLimit? = nil,
      usualRatePerSecond: Double? = nil
    ) {
      self.progress = progress
      self.activity = activity
      self.usualRatePerSecond = usualRatePerSecond
    }
  }

  /// A forward step of the database's clock: times from before it look older than they are.
  package struct ClockStep: Sendable, Hashable {
    /// The first time read after the step.
    package var at: Timestamp
    package var seconds: Double

    package init(at: Timestamp, seconds: Double) {
      self.at = at
      self.seconds = seconds
    }
  }

  /// The scan as people and sentences name it.
  package var name: String { "Scan \(number) (\(kind) \(target))" }

  /// Whether a later attempt has something to go on from: a checkpoint with data, or progress
  /// (auto-cleanup of scraping runs, "Resume Detection").
  package var isResumable: Bool { hasCheckpoint || items > 0 || (progress?.done ?? 0) > 0 }

  /// When this attempt was last heard of: `coalesce(last_activity_at, started_at, claimed_at)`, and
  /// never before its own claim, since those columns may still tell of the attempt before.
  package var heardAt: Timestamp {
    let heard = lastActivityAt ?? startedAt ?? claimedAt ?? createdAt
    return max(heard, claimedAt ?? heard)
  }

  /// Whether this attempt's heart ever beat.
  package var hasBeaten: Bool {
    guard let lastActivityAt else { return false }
    guard let claimedAt else { return true }
    return lastActivityAt > claimedAt
  }

  /// When this attempt last advanced; its claim counts.
  package var advancedAt: Timestamp {
    let begun = claimedAt ?? startedAt ?? createdAt
    return max(progressAt ?? begun, begun)
  }

  /// The time so many seconds after `stamp`, later by every clock step that came between.
  func time(_ seconds: Double, after stamp: Timestamp) -> Timestamp {
    stamp.adding(seconds: seconds + credit(for: stamp))
  }

  /// The seconds from `stamp` to `now`; not negative, and without clock steps between them.
  func age(of stamp: Timestamp, at now: Timestamp) -> Double {
    max(0, now.seconds(since: stamp) - credit(for: stamp))
  }

  private func credit(for stamp: Timestamp) -> Double {
    clockSteps.reduce(0) { $1.seconds > 0 && stamp < $1.at ? $0 + $1.seconds : $0 }
  }
}

extension Policy {
  /// With the limits that the scan itself was given. Its worker keeps the lease by these, so that whoever judges it by others
  /// could give the lease away while its runner still runs.
  package func bound(to snapshot: ScanSnapshot) -> Policy {
    var policy = self
    if let minutes = snapshot.maxRuntimeMinutes { policy.maxRuntimeMinutes = minutes }
    if let seconds = snapshot.heartbeatIntervalSeconds {
      policy.heartbeatIntervalSeconds = seconds
    }
    if let multiple = snapshot.staleMultiple { policy.staleMultiple = multiple }
    return policy
  }
}
