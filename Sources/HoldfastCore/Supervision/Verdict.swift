/// What supervision holds of one scan at one moment, why, and why it is none of the other things
/// that it might have been. Stored as JSON (`Verdict+JSON.swift`), and read by operators as ``sentence``.
package struct Verdict: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case moving
    /// On something it declared, or in the queue, or on an operator.
    case waiting
    /// Moving, but below its kind's usual rate. Reported, never ended for it.
    case slow
    /// Alive, not moving.
    case hung
    /// No heartbeat.
    case dead
    /// Claimed, never beat.
    case neverStarted = "never_started"
    case stuckPending = "stuck_pending"
    case stuckCancelling = "stuck_cancelling"
    /// Its attempts keep killing their runner.
    case poison
    /// It came to its end: nothing is owed any more.
    case ended
  }

  /// Why a pending scan is not claimed.
  package enum PendingCause: Sendable, Hashable {
    /// No live worker takes its kind.
    case noWorker
    case slotsBusy
    /// The active scan with this number holds its scope.
    case scopeHeld(by: Int64)
    case paused
    /// Nothing known stands in its way.
    case unknown
  }

  /// One thing that was looked at.
  package struct Evidence: Sendable, Hashable, Codable {
    package enum Signal: String, Sendable, Hashable, Codable, CaseIterable {
      case heartbeat, progress, activity, answers, wait, deadline, request, queue, crashes
      case rate, suspicion, diagnosis, worker
    }

    package var signal: Signal
    package var text: String
    /// How long it has lasted, where it is a matter of time.
    package var seconds: Double?
    package var limitSeconds: Double?

    package init(
      _ signal: Signal, _ text: String, seconds: Double? = nil, limitSeconds: Double? = nil
    ) {
      self.signal = signal
      self.text = text
      self.seconds = seconds
      self.limitSeconds = limitSeconds
    }

    enum CodingKeys: String, CodingKey {
      case signal, text, seconds
      case limitSeconds = "limit_seconds"
    }
  }

  /// A verdict that was considered and not reached.
  package struct Lost: Sendable, Hashable, Codable {
    package var verdict: Kind
    package var because: String

    package init(_ verdict: Kind, because: String) {
      self.verdict = verdict
      self.because = because
    }
  }

  package var kind: Kind
  package var cause: PendingCause?
  /// Why the scan is due for a recovery; `nil` where it is not. A scan that moves can be due too,
  /// when its time is up.
  package var reason: Reason?
  /// When it became due.
  package var overdueSince: Timestamp?
  /// Every limit that is passed, the gravest first: a scan that died long ago is out of time as well.
  package var exceeded: [Reason]
  /// Whether it is a death that speaks against the scan and counts as a crash of it, rather than
  /// against its worker.
  package var blamesScan: Bool
  /// Longer silent than scans like it; by itself no reason for anything.
  package var suspicion: Suspicion?
  package var sentence: String
  package var evidence: [Evidence]
  package var lost: [Lost]
  package var judgedAt: Timestamp

  package init(
    kind: Kind, cause: PendingCause? = nil, reason: Reason? = nil,
    overdueSince: Timestamp? = nil, exceeded: [Reason] = [], blamesScan: Bool = false,
    suspicion: Suspicion? = nil,
    sentence: String,
    evidence: [Evidence] = [], lost: [Lost] = [], judgedAt: Timestamp
  ) {
    self.kind = kind
    self.cause = cause
    self.reason = reason
    self.overdueSince = overdueSince
    self.exceeded = exceeded
    self.blamesScan = blamesScan
    self.suspicion = suspicion
    self.sentence = sentence
    self.evidence = evidence
    self.lost = lost
    self.judgedAt = judgedAt
  }

  /// Whether the sweep is to do something about it.
  package var isDue: Bool { reason != nil }
}
