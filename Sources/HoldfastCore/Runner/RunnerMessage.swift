/// A message from a runner to its worker: one line of JSON on the runner's standard output, told apart by `type`.
/// `docs/protocol.md` is the reference; ``RunnerProtocol`` holds the version and the limits.
package enum RunnerMessage: Sendable, Hashable {
  /// The first message: the runner is there and can be given a scan.
  case ready(Ready)
  case progress(Progress, message: String?)
  /// What a later attempt can resume from. It covers every message before it, and is durable once `checkpointed` with
  /// the same number comes back.
  case checkpoint(number: Int64, data: JSONValue)
  case items([Item])
  case itemErrors([ItemError])
  /// It waits on something it names (a rate limit, a lock), for at most so many seconds; 0 ends the wait.
  case waiting(for: String, seconds: Double)
  case log(level: String, message: String)
  /// The answer to a ping, with its number.
  case pong(number: Int64)
  /// Asks for the fingerprints of the previous scan's baseline; `baseline_index` messages answer.
  case readBaselineIndex
  /// Asks for the contents of these parts (base64 of 16 bytes each); `baseline_parts` answers, one message or more.
  case readBaselineParts(ids: [String])
  case writeBaseline([Baseline.Write])
  /// Turns missing items into moved and removed ones, unless more than `removalLimit` would be removed; `settled` answers.
  case settle(removalLimit: Int64?)
  /// It is about to end what it supervises, and wants to know first why that does not move; `diagnosed` answers. `why` names the limit that
  /// was reached.
  case diagnose(why: String)
  case finished(Finish)

  package struct Ready: Sendable, Hashable, Codable {
    package var protocolVersion: Int
    package var processID: Int32
    package var kinds: [String]

    package init(protocolVersion: Int, processID: Int32, kinds: [String]) {
      self.protocolVersion = protocolVersion
      self.processID = processID
      self.kinds = kinds
    }

    enum CodingKeys: String, CodingKey {
      case kinds
      case protocolVersion = "protocol"
      case processID = "pid"
    }
  }

  /// How the runner ended its work.
  package struct Finish: Sendable, Hashable, Codable {
    package enum Outcome: String, Codable, Sendable {
      /// To its end.
      case completed
      /// A fatal error; `error` says which.
      case failed
      /// It was asked to stop, and did after a checkpoint.
      case stopped
      /// Somebody ended it by hand, at the terminal it runs on; `message` says how.
      case cancelled
    }

    package var outcome: Outcome
    package var message: String?
    package var error: String?
    package var summary: JSONValue?
    /// Of a failure that supervision has a name for, such as `runtime_timeout`.
    package var reason: Reason?

    package init(
      outcome: Outcome, message: String? = nil, error: String? = nil, summary: JSONValue? = nil,
      reason: Reason? = nil
    ) {
      self.outcome = outcome
      self.message = message
      self.error = error
      self.summary = summary
      self.reason = reason
    }
  }
}

/// A message from a worker to its runner: one line of JSON on the runner's standard input, told apart by `type`.
package enum WorkerMessage: Sendable, Hashable {
  case start(Start)
  case ping(number: Int64)
  /// Write a checkpoint, then end with `finished` / `stopped`.
  case stop(reason: StopReason)
  /// The checkpoint with this number, and all before it, are durable.
  case checkpointed(number: Int64)
  /// Entries of 32 bytes each (id, fingerprint), in base64; `isLast` with the last message.
  case baselineIndex(entries: String, isLast: Bool)
  case baselineParts([BaselineContent], isLast: Bool)
  case settled(Settlement)
  /// Why the runner's processes do not move: the answer to `diagnose`; without a finding where nothing could be found out.
  case diagnosed(Finding?)

  /// What a diagnosis comes down to.
  package struct Finding: Sendable, Hashable, Codable {
    /// Such as `waiting_on_network`.
    package var `class`: String
    package var sentence: String

    package init(class: String, sentence: String) {
      self.class = `class`
      self.sentence = sentence
    }
  }

  package enum StopReason: String, Codable, Sendable {
    case cancel, pause, drain
    /// Another attempt has the scan now.
    case superseded
  }

  package struct Start: Sendable, Hashable, Codable {
    package var protocolVersion: Int
    package var scanID: ScanID
    package var number: Int64
    package var attempt: Int
    package var kind: String
    package var target: String
    package var params: JSONValue
    /// Of an earlier attempt; `nil` where there is nothing to resume from.
    package var checkpoint: JSONValue?
    /// The progress that the checkpoint goes with.
    package var progress: Progress?
    /// The previous finished scan of the same target; `nil` for the first.
    package var baseline: Baseline.Summary?
    /// What is to be run, for kinds that are programs.
    package var program: ProgramSpec?

    package init(
      protocolVersion: Int, scanID: ScanID, number: Int64, attempt: Int, kind: String,
      target: String, params: JSONValue, checkpoint: JSONValue?, progress: Progress?,
      baseline: Baseline.Summary?, program: ProgramSpec? = nil
    ) {
      self.protocolVersion = protocolVersion
      self.scanID = scanID
      self.number = number
      self.attempt = attempt
      self.kind = kind
      self.target = target
      self.params = params
      self.checkpoint = checkpoint
      self.progress = progress
      self.baseline = baseline
      self.program = program
    }

    enum CodingKeys: String, CodingKey {
      case number, attempt, kind, target, params, checkpoint, progress, baseline, program
      case protocolVersion = "protocol"
      case scanID = "scan_id"
    }
  }

  /// One segment of a part of the baseline.
  package struct BaselineContent: Sendable, Hashable, Codable {
    package var id: String
    package var segment: Int
    /// Base64.
    package var content: String

    package init(id: String, segment: Int, content: String) {
      self.id = id
      self.segment = segment
      self.content = content
    }
  }

  /// What became of the missing items.
  package struct Settlement: Sendable, Hashable, Codable {
    package var moved: Int64
    package var removed: Int64
    /// Nothing was changed because `removed` is above the limit.
    package var isRefused: Bool

    package init(moved: Int64, removed: Int64, isRefused: Bool) {
      self.moved = moved
      self.removed = removed
      self.isRefused = isRefused
    }

    enum CodingKeys: String, CodingKey {
      case moved, removed
      case isRefused = "refused"
    }
  }
}

/// The version and limits of the runner protocol.
package enum RunnerProtocol {
  /// Raised when a message changes its meaning; new fields and new message types do not raise it.
  package static let version = 1
  /// The longest line, in bytes, that either side accepts.
  package static let maxLineBytes = 4 * 1024 * 1024
}
